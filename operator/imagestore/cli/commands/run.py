"""``imagestore run``: the operator itself."""

import argparse
import asyncio
import gc
import logging
import os
import socket
from typing import TYPE_CHECKING, Any

from imagestore.cli import options
from imagestore.cli.errors import CommandError, UsageError

if TYPE_CHECKING:
    from imagestore.k8s.api.access import Access
    from imagestore.k8s.life.wiring import Options

_DESCRIPTION = """\
Run the operator. In a pod it connects to the API server as its service account, elsewhere as KUBECONFIG says.
"""


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = options.command(
        subparsers, "run", "run the operator", _DESCRIPTION, codes={0: "stopped by a signal", 1: "an error"}
    )
    _identity(parser)
    options.lease(parser)
    parser.add_argument(
        "--no-lease", action="store_true", help="use no Lease; never run a second replica with this option"
    )
    _process(parser)
    _jobs(parser)
    _timing(parser)
    parser.set_defaults(run=main)


def _identity(parser: argparse.ArgumentParser) -> None:
    options.installation(parser)
    parser.add_argument(
        "--namespace",
        default=os.environ.get("POD_NAMESPACE"),
        help="the operator's own namespace, with its Secrets (default: $POD_NAMESPACE)",
    )


def _process(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--listen",
        default="0.0.0.0:8080",
        metavar="HOST:PORT",
        help="the address of health checks and metrics (default: %(default)s)",
    )
    parser.add_argument(
        "--notifications",
        metavar="HOST:PORT",
        help="receive the notifications of stores at this address (default: receive none)",
    )
    parser.add_argument(
        "--notifications-secret",
        default="imagestore-notifications",
        metavar="NAME",
        help="the Secret of the operator's namespace whose key token the stores send (default: %(default)s)",
    )
    options.log_level(parser, "info")
    parser.add_argument(
        "--workers",
        type=int,
        default=64,
        help="reconcile so many objects at once; each backend, its buckets, and all policies have one worker more"
        " (default: %(default)s)",
    )


def _jobs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--jobs",
        default=os.environ.get("IMAGESTORE_JOBS"),
        metavar="JSON",
        help="how to make the pods of Jobs that carry out large runs, as the chart writes it; without it the operator carries"
        " out all runs by itself (default: $IMAGESTORE_JOBS)",
    )


def _timing(parser: argparse.ArgumentParser) -> None:
    options.confirm_drift(parser)
    options.drift_interval(parser)
    options.seconds(
        parser, "--audit-interval", 720.0, "compare the operator's cache with the API server so often"
    )


def main(arguments: argparse.Namespace) -> int:
    """Run the operator until a signal, and return the exit code."""
    if not arguments.installation:
        raise UsageError(
            "give --installation or set IMAGESTORE_INSTALLATION: it is part of the owner mark in every bucket"
        )
    from imagestore.controller import logs

    logs.configure(arguments.log_level)
    ending = asyncio.run(_run(arguments))
    logging.shutdown()
    if ending.stragglers:
        os._exit(ending.code)  # a thread that waits for a dead store cannot be stopped
    return int(ending.code)


async def _run(arguments: argparse.Namespace) -> Any:
    gc.disable()  # imports leave no garbage, and collecting took a tenth of their time
    from imagestore.k8s.api.access import find_access
    from imagestore.k8s.api.errors import AccessError
    from imagestore.k8s.life.brain import REAL
    from imagestore.k8s.life.operator import Operator

    gc.freeze()  # what was imported is never collected
    gc.enable()
    try:
        access = find_access()
    except AccessError as error:
        raise CommandError(str(error)) from error
    return await Operator(_operator_options(arguments, access), REAL, access).run()


def _operator_options(arguments: argparse.Namespace, access: "Access") -> "Options":
    from imagestore.k8s.jobs.template import PodTemplateError, pod_template
    from imagestore.k8s.life.wiring import Options
    from imagestore.reconcile.shared.situation import Settings

    settings = Settings(
        arguments.installation,
        confirm_drift=arguments.confirm_drift,
        default_interval=arguments.drift_interval,
        receives=arguments.notifications is not None,
    )
    try:
        jobs = pod_template(arguments.jobs)
    except PodTemplateError as error:
        raise UsageError(f"--jobs: {error}") from None
    return Options(
        settings=settings,
        jobs=jobs,
        namespace=arguments.namespace or access.namespace or "default",
        # In a pod its name: with hostNetwork the host's name is the node's, and each container counts from 1.
        identity=f"{os.environ.get('POD_NAME') or socket.gethostname()}-{os.getpid()}",
        listen=arguments.listen,
        notifications=arguments.notifications,
        notifications_secret=arguments.notifications_secret,
        lease=None if arguments.no_lease else arguments.lease_name,
        workers=arguments.workers,
        audit_interval=arguments.audit_interval,
    )
