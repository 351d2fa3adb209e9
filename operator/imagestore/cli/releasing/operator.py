"""Whether an operator is at work, and taking the Lease from it so that it stops.

An operator at work would put the finalizer back on every object that is not being deleted. It works only
while it holds its Lease, so holding the Lease is how it is kept from it: no further right is needed.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any

from imagestore.k8s.client import ApiError, Client
from imagestore.k8s.lease import Terms
from imagestore.k8s.resources import LEASES

Json = Any
IDENTITY = "imagestore-release"
HOLD_SECONDS = 600  # how long no operator comes back by itself; an uninstall takes seconds


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
    if lease is None or not _holder(lease) or _holder(lease) == IDENTITY:
        return ""
    meta, spec = lease["metadata"], lease["spec"]
    for _ in range(int(spec.get("leaseDurationSeconds") or 15)):
        await asyncio.sleep(1)
        now = await client.get(LEASES, meta["namespace"], meta["name"])
        if now["spec"].get("renewTime") != spec.get("renewTime"):
            return _holder(now)
    return ""


async def stop(client: Client, lease: Json, terms: Terms | None = None) -> None:
    """Take the Lease, and wait until its holder must have noticed and put down its work."""
    meta = lease["metadata"]
    while True:
        body = await client.get(LEASES, meta["namespace"], meta["name"])
        body["spec"] |= _taken(body["spec"])
        try:
            await client.replace(LEASES, meta["namespace"], meta["name"], body)
            break
        except ApiError as error:
            if error.status != 409:
                raise
    await asyncio.sleep((terms or Terms()).deadline)


def _taken(spec: Json) -> Json:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {
        "holderIdentity": IDENTITY,
        "leaseDurationSeconds": HOLD_SECONDS,
        "acquireTime": now,
        "renewTime": now,
        "leaseTransitions": int(spec.get("leaseTransitions") or 0) + 1,
    }


def _holder(lease: Json) -> str:
    return str(lease.get("spec", {}).get("holderIdentity") or "")
