"""Whether an operator is at work, and taking the Lease from it so that it stops.

An operator at work would put the finalizer back on every object that is not being deleted. It works only
while it holds its Lease, so holding the Lease is how it is kept from it: no further right is needed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from imagestore.k8s.api.client import ApiError, Client
from imagestore.k8s.api.resources import LEASES
from imagestore.k8s.life.lease import RELEASING, UNINSTALLED, LeaseTerms

Json = Any
HOLD_SECONDS = 30  # renewed while it works: a Job that was killed is soon forgotten
AFTERWARDS_SECONDS = 120  # by hand: until the operator has been removed


async def find_lease(client: Client, namespace: str, name: str) -> Json | None:
    """The Lease in this namespace, else one of the same name in any, for who may look."""
    try:
        return await client.get(LEASES, namespace, name)
    except ApiError as error:
        if error.status != 404:
            raise
    try:
        query = {"fieldSelector": f"metadata.name={name}"}
        found = [item async for page in client.pages(LEASES, params=query) for item in page.items]
    except ApiError as error:
        if error.status == 403:
            return None
        raise
    return found[0] if found else None


async def at_work(client: Client, lease: Json | None) -> str:
    """Who holds the Lease and is alive; empty if nobody is.

    Alive is who renews: judged by our own clock, never by comparing it with the holder's.
    """
    if lease is None or not _holder(lease) or _holder(lease) == RELEASING:
        return ""
    meta, spec = lease["metadata"], lease["spec"]
    for _ in range(
        int(LeaseTerms().duration)
    ):  # a replica at work renews it each few seconds, whatever it says
        await asyncio.sleep(1)
        now = await client.get(LEASES, meta["namespace"], meta["name"])
        if now["spec"].get("renewTime") != spec.get("renewTime"):
            return _holder(now)
    return ""


@asynccontextmanager
async def kept_away(
    client: Client, lease: Json, *, uninstalled: str = "", terms: LeaseTerms | None = None
) -> AsyncIterator[None]:
    """Hold the Lease while the block runs; its holder must have noticed and put down its work before it begins.

    ``uninstalled``: the Helm release whose uninstall this is. The Lease is then given back at once: a replica that is
    still there asks Helm before it takes it, and a new installation need not wait. Else it lasts for a while.
    """
    where = (lease["metadata"]["namespace"], lease["metadata"]["name"])
    await _write(client, where, _taken)
    renewing = asyncio.create_task(_renew(client, where))
    try:
        await asyncio.sleep((terms or LeaseTerms()).deadline)
        yield
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        await _write(client, where, partial(_left, uninstalled=uninstalled))


async def _renew(client: Client, where: tuple[str, str]) -> None:
    while True:
        await asyncio.sleep(HOLD_SECONDS / 3)
        await _write(client, where, _taken)


async def _write(client: Client, where: tuple[str, str], change: Callable[[Json], None]) -> None:
    while True:
        body = await client.get(LEASES, *where)
        change(body)
        try:
            await client.replace(LEASES, *where, body)
        except ApiError as error:
            if error.status != 409:
                raise
        else:
            return


def _taken(lease: Json) -> None:
    now, spec = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), lease["spec"]
    first = {} if _holder(lease) == RELEASING else {"acquireTime": now}
    turns = int(spec.get("leaseTransitions") or 0) + len(first)
    spec |= {"holderIdentity": RELEASING, "leaseDurationSeconds": HOLD_SECONDS, "renewTime": now}
    spec |= {"leaseTransitions": turns, **first}


def _left(lease: Json, uninstalled: str) -> None:
    """For an uninstall that is proven: free, and saying of which release. By hand: held until it is over."""
    if not uninstalled:
        _taken(lease)
        lease["spec"]["leaseDurationSeconds"] = AFTERWARDS_SECONDS
        return
    lease["spec"] |= {"holderIdentity": "", "leaseDurationSeconds": 1}
    lease["metadata"]["annotations"] = {**lease["metadata"].get("annotations", {}), UNINSTALLED: uninstalled}


def _holder(lease: Json) -> str:
    return str(lease.get("spec", {}).get("holderIdentity") or "")
