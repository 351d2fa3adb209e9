"""Whether an operator is running, and how to stop it by taking its Lease.

A running operator would add its finalizer again to every object that is not being deleted. It works only while it holds
its Lease, so whoever holds the Lease keeps it from working, without any further right.
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

_Json = Any
HOLD_SECONDS = 30  # renewed while it works: a Job that was killed is soon forgotten
AFTERWARDS_SECONDS = 120  # by hand: until the operator has been removed


async def find_lease(client: Client, namespace: str, name: str) -> _Json | None:
    """The Lease in this namespace, else one of the same name in any namespace, as far as this user may list Leases."""
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


async def active_holder(client: Client, lease: _Json | None) -> str:
    """The holder of the Lease if it renews it; empty otherwise.

    Whether it renews is observed by our own clock, never by comparing it with the holder's.
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
async def lease_taken(
    client: Client, lease: _Json, *, uninstalled: str = "", terms: LeaseTerms | None = None
) -> AsyncIterator[None]:
    """Hold the Lease while the block runs. The block begins after its holder has noticed and stopped.

    ``uninstalled``: the Helm release that is being uninstalled. The Lease is then returned at once: a replica that still
    runs asks Helm before it takes it, and a new installation need not wait. Otherwise the Lease lasts for a while.
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


async def _write(client: Client, where: tuple[str, str], change: Callable[[_Json], None]) -> None:
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


def _taken(lease: _Json) -> None:
    now, spec = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), lease["spec"]
    first = {} if _holder(lease) == RELEASING else {"acquireTime": now}
    turns = int(spec.get("leaseTransitions") or 0) + len(first)
    spec |= {"holderIdentity": RELEASING, "leaseDurationSeconds": HOLD_SECONDS, "renewTime": now}
    spec |= {"leaseTransitions": turns, **first}


def _left(lease: _Json, uninstalled: str) -> None:
    """After a proven uninstall: free, with the name of the release. By hand: held until it expires."""
    if not uninstalled:
        _taken(lease)
        lease["spec"]["leaseDurationSeconds"] = AFTERWARDS_SECONDS
        return
    lease["spec"] |= {"holderIdentity": "", "leaseDurationSeconds": 1}
    lease["metadata"]["annotations"] = {**lease["metadata"].get("annotations", {}), UNINSTALLED: uninstalled}


def _holder(lease: _Json) -> str:
    return str(lease.get("spec", {}).get("holderIdentity") or "")
