"""``imagestore release``: remove the finalizers and leave the buckets as they are, so that an uninstall does not hang."""

import argparse
import asyncio
import sys
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from imagestore.cli import options
from imagestore.cli.errors import CommandError, UsageError

if TYPE_CHECKING:
    from imagestore.cli.releasing.objects import FinalizedObject
    from imagestore.k8s.api.client import Client

_DESCRIPTION = """\
Remove the operator's finalizers, so that Kubernetes can delete the objects. No store is called: every bucket keeps its
content and its settings. Objects that are being deleted disappear, the others stay.

A running operator would add the finalizers again. Stop it first, or use --stop-operator.
"""
MOST = 50


def register(subparsers: Any) -> None:
    """Add the command."""
    codes = {0: "released, or nothing to release"}
    parser = options.command(
        subparsers,
        "release",
        "remove the finalizers and leave the buckets as they are",
        _DESCRIPTION,
        codes=codes,
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAMESPACE/NAME",
        help="release these ImageBuckets; a name without namespace is a StorageBackend",
    )
    parser.add_argument("--all", action="store_true", help="release every ImageBucket and StorageBackend")
    parser.add_argument("--dry-run", action="store_true", help="only list what would be released")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask for confirmation")
    _operator(parser)
    options.lease(parser)
    parser.add_argument("--context", help="the kubeconfig's context (default: the current one)")
    options.operator_namespace(parser)
    parser.set_defaults(run=run)


def _operator(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="release although an operator is running")
    parser.add_argument(
        "--stop-operator",
        action="store_true",
        help="take the Lease from a running operator first; it stays stopped until 2 minutes after this command ends",
    )
    parser.add_argument(
        "--if-uninstalling",
        metavar="RELEASE",
        help="change nothing unless Helm is uninstalling this release; for the chart's Job",
    )


def run(args: argparse.Namespace) -> int:
    """Release the objects and return the exit code."""
    if bool(args.names) == args.all:
        raise UsageError("give the objects to release, NAMESPACE/NAME ..., or --all")
    from imagestore.cli.gathering.cluster import access
    from imagestore.k8s.api.client import ApiError
    from imagestore.k8s.api.errors import AccessError

    try:
        return asyncio.run(_run(args, access(args.context)))
    except (ApiError, AccessError) as error:
        raise CommandError(f"the cluster: {error}") from None


async def _run(args: argparse.Namespace, where: Any) -> int:
    from imagestore.cli.releasing.objects import chosen, finalized_objects
    from imagestore.k8s.api.client import Client

    client = Client(where, limit=8)
    try:
        if args.if_uninstalling and not await _proven(args, client):
            return 0
        found = await finalized_objects(client)
        targets = found if args.all else chosen(found, args.names)
        code = await _release(args, client, targets)
        if args.if_uninstalling and not args.dry_run:
            await _end_jobs(args, client)
        return code
    finally:
        await client.close()


async def _end_jobs(args: argparse.Namespace, client: "Client") -> None:
    """No operator finishes what Jobs of runs copy, and their Secrets hold the stores' keys."""
    from imagestore.cli.releasing.jobs import delete_jobs

    if count := await delete_jobs(client, args.operator_namespace):
        sys.stdout.write(f"{count} Jobs of runs are deleted\n")


async def _proven(args: argparse.Namespace, client: "Client") -> bool:
    from imagestore.cli.releasing.uninstall import unproven

    why = await unproven(client, args.operator_namespace, args.if_uninstalling)
    if why:
        sys.stdout.write(f"changed nothing: {why}; to release by hand: imagestore release --all\n")
    return not why


async def _release(args: argparse.Namespace, client: "Client", targets: "list[FinalizedObject]") -> int:
    from imagestore.cli.releasing.objects import finalized_objects, release_all

    _say(targets, "would be released" if args.dry_run else "to release")
    if args.dry_run or not targets:
        return 0
    _confirm(args, len(targets))
    async with await _guard(args, client, targets):
        if args.all:  # a running operator has added its finalizer to new objects in the meantime
            targets = await finalized_objects(client)
        failed = await release_all(client, targets)
    sys.stdout.write(f"{len(targets) - len(failed)} released; no bucket was changed\n")
    if failed:
        raise CommandError(*failed)
    return 0


def _say(targets: "list[FinalizedObject]", what: str) -> None:
    from imagestore.core.render import ellipsized

    shown, left = ellipsized(targets, MOST)
    sys.stdout.writelines(f"{target}\n" for target in shown)
    more = f" ({left} not shown)" if left else ""
    sys.stdout.write(f"{len(targets)} {what}{more}\n")


def _confirm(args: argparse.Namespace, count: int) -> None:
    if args.yes:
        return
    if not sys.stdin.isatty():
        raise CommandError(
            "cannot ask for confirmation without a terminal; give --yes, or --dry-run to only list"
        )
    sys.stdout.write(f"Release {count}? Their buckets stay as they are. [y/N] ")
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandError("changed nothing")


async def _guard(
    args: argparse.Namespace, client: "Client", targets: "list[FinalizedObject]"
) -> "AbstractAsyncContextManager[None]":
    """Objects that are being deleted cannot get a finalizer again; for the others no operator may be running."""
    from imagestore.cli.releasing.lease import active_holder, find_lease, lease_taken

    if args.force or all(t.deleting for t in targets):
        return nullcontext()
    lease = await find_lease(client, args.operator_namespace, args.lease_name)
    holder = await active_holder(client, lease)
    if holder and not args.stop_operator:
        namespace = lease["metadata"]["namespace"] if lease else args.operator_namespace
        raise CommandError(
            f"the operator is running ({holder}) and would add the finalizers again; stop it first"
            f" (kubectl --namespace {namespace} scale deployment --replicas 0 --selector"
            " app.kubernetes.io/name=imagestore), or give --stop-operator"
        )
    if not lease or not args.stop_operator:
        return nullcontext()
    sys.stdout.write("taking the Lease from the operator, so that it stops (10 s)\n")
    return lease_taken(client, lease, uninstalled=args.if_uninstalling or "")
