"""``imagestore run``: the operator itself."""

import argparse
import asyncio
import gc
import logging
import os
import socket
from typing import Any

from imagestore.cli.errors import Usage, Wrong

_DESCRIPTION = "Run the operator: in a pod as its service account, elsewhere as KUBECONFIG says."


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("run", help="run the operator", description=_DESCRIPTION)
    add, env = parser.add_argument, os.environ.get
    add(
        "--installation",
        default=env("IMAGESTORE_INSTALLATION"),
        help="this installation's id, written into every bucket as its owner; must survive a rebuilt cluster"
        " ($IMAGESTORE_INSTALLATION)",
    )
    add(
        "--namespace",
        default=env("POD_NAMESPACE"),
        help="the operator's own, where its Secrets are ($POD_NAMESPACE)",
    )
    add(
        "--listen",
        default="0.0.0.0:8080",
        metavar="HOST:PORT",
        help="health and metrics; default %(default)s",
    )
    add("--confirm-drift", type=float, default=45.0, metavar="SECONDS",
        help="a difference counts as drift after a second look so much later; default %(default)s")  # fmt: skip
    add("--drift-interval", type=float, default=600.0, metavar="SECONDS",
        help="between two looks at a bucket that does not say; default %(default)s")  # fmt: skip
    add(
        "--log-level",
        default="info",
        choices=("debug", "info", "warning", "error"),
        help="default %(default)s",
    )
    add("--lease-name", default="imagestore", help="of the Lease that one replica holds; default %(default)s")
    add("--no-lease", action="store_true", help="there is only one replica, for certain")
    add(
        "--workers",
        type=int,
        default=64,
        help="objects worked on at once, one more for each backend, its buckets and all policies; default %(default)s",
    )
    add("--audit-interval", type=float, default=720.0, metavar="SECONDS",
        help="between two comparisons of what is remembered with the API server; default %(default)s")  # fmt: skip
    parser.set_defaults(run=main)


def main(arguments: argparse.Namespace) -> int:
    """Run until a signal; the exit code."""
    if not arguments.installation:
        raise Usage("--installation (or IMAGESTORE_INSTALLATION) is needed: the owner's mark in every bucket")
    from imagestore.k8s.life import logs

    logs.configure(arguments.log_level)
    ending = asyncio.run(_run(arguments))
    logging.shutdown()
    if ending.stragglers:
        os._exit(ending.code)  # a thread that waits for a dead store cannot be stopped
    return int(ending.code)


async def _run(arguments: argparse.Namespace) -> Any:
    gc.disable()  # imports leave nothing to collect: looking for it was a tenth of their time
    from imagestore.k8s.api.access import find_access
    from imagestore.k8s.api.errors import AccessError
    from imagestore.k8s.life.brain import REAL
    from imagestore.k8s.life.operator import Operator
    from imagestore.k8s.life.wiring import Options
    from imagestore.reconcile.shared.situation import Settings

    gc.freeze()  # nor is what was imported looked through ever again
    gc.enable()
    try:
        access = find_access()
    except AccessError as error:
        raise Wrong(str(error)) from error
    options = Options(
        settings=Settings(
            arguments.installation,
            confirm_drift=arguments.confirm_drift,
            default_interval=arguments.drift_interval,
        ),
        namespace=arguments.namespace or access.namespace or "default",
        # In a pod its name: with hostNetwork the host's name is the node's, and each container counts from 1.
        identity=f"{os.environ.get('POD_NAME') or socket.gethostname()}-{os.getpid()}",
        listen=arguments.listen,
        lease=None if arguments.no_lease else arguments.lease_name,
        workers=arguments.workers,
        audit_interval=arguments.audit_interval,
    )
    return await Operator(options, REAL, access).run()
