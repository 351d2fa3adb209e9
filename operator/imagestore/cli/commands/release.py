"""``imagestore release``: let objects go without touching a bucket, so that an uninstall leaves nothing stuck."""

import argparse
import asyncio
import sys
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from imagestore.cli import options
from imagestore.cli.errors import Usage, Wrong

if TYPE_CHECKING:
    from imagestore.cli.releasing.objects import Target
    from imagestore.k8s.api.client import Client

DESCRIPTION = """\
Remove the operator's finalizers. Objects that are being deleted vanish, others stay as they are; no object
store is called, so every bucket keeps its content and its settings. An operator at work would put the
finalizers back: stop it first, or say --stop-operator.
"""
MOST = 50


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "release", help="let objects go, buckets untouched", description=DESCRIPTION
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAMESPACE/NAME", help="ImageBuckets; a name alone is a StorageBackend"
    )
    parser.add_argument("--all", action="store_true", help="every ImageBucket and StorageBackend")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be let go")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    parser.add_argument("--force", action="store_true", help="even while an operator is at work")
    parser.add_argument(
        "--stop-operator",
        action="store_true",
        help="take the Lease from a running operator first; it stays away until 2 minutes after the end",
    )
    parser.add_argument(
        "--if-uninstalling",
        metavar="RELEASE",
        help="only while Helm uninstalls this release, else change nothing, as the chart's Job does",
    )
    parser.add_argument("--lease-name", default="imagestore", help="default: %(default)s")
    parser.add_argument("--context", help="context of the kubeconfig")
    options.namespace(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Release and say so."""
    if bool(args.names) == args.all:
        raise Usage("say which: NAMESPACE/NAME ..., or --all")
    from imagestore.cli.gathering.cluster import access
    from imagestore.k8s.api.client import ApiError
    from imagestore.k8s.api.errors import AccessError

    try:
        return asyncio.run(_run(args, access(args.context)))
    except (ApiError, AccessError) as error:
        raise Wrong(f"the cluster: {error}") from None


async def _run(args: argparse.Namespace, where: Any) -> int:
    from imagestore.cli.releasing.objects import chosen, holding
    from imagestore.k8s.api.client import Client

    client = Client(where, limit=8)
    try:
        if args.if_uninstalling and not await _proven(args, client):
            return 0
        found = await holding(client)
        targets = found if args.all else chosen(found, args.names)
        return await _let_go(args, client, targets)
    finally:
        await client.close()


async def _proven(args: argparse.Namespace, client: "Client") -> bool:
    from imagestore.cli.releasing.uninstall import unproven

    why = await unproven(client, args.operator_namespace, args.if_uninstalling)
    if why:
        sys.stdout.write(f"nothing was changed: {why}; by hand: imagestore release --all\n")
    return not why


async def _let_go(args: argparse.Namespace, client: "Client", targets: "list[Target]") -> int:
    from imagestore.cli.releasing.objects import holding, let_go

    _say(targets, "would be let go" if args.dry_run else "to let go")
    if args.dry_run or not targets:
        return 0
    _confirm(args, len(targets))
    async with await _guard(args, client, targets):
        if args.all:  # an operator at work has taken hold of what came in the meantime
            targets = await holding(client)
        failed = await let_go(client, targets)
    sys.stdout.write(f"{len(targets) - len(failed)} let go; no bucket was touched\n")
    if failed:
        raise Wrong(*failed)
    return 0


def _say(targets: "list[Target]", what: str) -> None:
    from imagestore.core.render import ellipsized

    shown, left = ellipsized(targets, MOST)
    sys.stdout.writelines(f"{target}\n" for target in shown)
    more = f" ({left} not shown)" if left else ""
    sys.stdout.write(f"{len(targets)} {what}{more}\n")


def _confirm(args: argparse.Namespace, count: int) -> None:
    if args.yes:
        return
    if not sys.stdin.isatty():
        raise Wrong("nobody is there to be asked; say --yes, or --dry-run to only look")
    sys.stdout.write(f"Let go of {count}? Their buckets stay as they are. [y/N] ")
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Wrong("nothing was changed")


async def _guard(
    args: argparse.Namespace, client: "Client", targets: "list[Target]"
) -> "AbstractAsyncContextManager[None]":
    """What is being deleted cannot get its finalizer back; for the rest no operator may be at work."""
    from imagestore.cli.releasing.lease import at_work, find_lease, kept_away

    if args.force or all(t.deleting for t in targets):
        return nullcontext()
    lease = await find_lease(client, args.operator_namespace, args.lease_name)
    holder = await at_work(client, lease)
    if holder and not args.stop_operator:
        namespace = lease["metadata"]["namespace"] if lease else args.operator_namespace
        raise Wrong(
            f"the operator is at work ({holder}) and would hold on to them again; stop it first"
            f" (kubectl --namespace {namespace} scale deployment --replicas 0 --selector"
            " app.kubernetes.io/name=imagestore), or say --stop-operator"
        )
    if not lease or not args.stop_operator:
        return nullcontext()
    sys.stdout.write("taking the Lease from the operator, so that it stops; 10 s\n")
    return kept_away(client, lease, uninstalled=args.if_uninstalling or "")
