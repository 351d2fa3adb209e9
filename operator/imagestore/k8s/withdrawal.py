"""Whether an ImageBucket goes because its whole kind goes. Then nobody asked for buckets to be removed.

Deleting a CRD deletes every object of it: a wrong uninstall would empty each bucket with ``DeleteAll`` at once. The
API server marks the CRD before its objects, so an answer is good for all deletions that were seen before it was asked.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable

from imagestore.api.kinds import IMAGE_BUCKET
from imagestore.k8s.cache import Cache
from imagestore.k8s.client import ApiError, Client
from imagestore.k8s.objects import Key, Stored
from imagestore.k8s.resources import CRDS

log = logging.getLogger(__name__)
KEEPS = "Retain"
GONE = "the CRD was deleted, and with it every ImageBucket; that asks for no data to go"
UNKNOWN = (
    "the operator may not list CustomResourceDefinitions, so it cannot know whether the CRD was deleted, and with it"
    " every ImageBucket; give it that right, which the chart's ClusterRole has"
)


class Withdrawal:
    """Asks once for all deletions that are known. ``ask``: why none of them asks for data to go; empty: they do."""

    def __init__(self, ask: Callable[[], Awaitable[str]], cache: Cache) -> None:
        self._ask, self._cache = ask, cache
        self._answers: dict[Key, tuple[str, str]] = {}
        self._lock = asyncio.Lock()

    def forget(self, key: Key) -> None:
        """The object is gone."""
        self._answers.pop(key, None)

    async def concerns(self, obj: Stored) -> str:
        """Why this deletion may be one of the CRD's; empty if it is not. Raises ApiError."""
        if not (_deleted(obj) and json.loads(obj.spec).get("deletionPolicy", KEEPS) != KEEPS):
            return ""
        async with self._lock:
            if not self._answered(obj):
                seen = [obj, *filter(_deleted, self._cache.all())]
                going = await self._ask()
                there = (o for o in seen if o is obj or o.key in self._cache)  # some went meanwhile
                self._answers |= {o.key: (o.uid, going) for o in there if not self._answered(o)}
            return self._answers[obj.key][1]

    def _answered(self, obj: Stored) -> bool:
        return self._answers.get(obj.key, ("",))[0] == obj.uid


def _deleted(obj: Stored) -> bool:
    return obj.deleting and obj.key.kind == IMAGE_BUCKET.name


def asking(client: Client) -> Callable[[], Awaitable[str]]:
    """The question. Where it may not be asked, buckets are kept: what is not known removes no data."""

    async def ask() -> str:
        try:
            one = {"fieldSelector": f"metadata.name={IMAGE_BUCKET.crd}"}
            found = [i async for page in client.pages(CRDS, metadata=True, params=one) for i in page.items]
        except ApiError as error:
            if error.status != 403:
                raise
            log.warning("not allowed to list CRDs, so every bucket is kept: %s", error)
            return UNKNOWN
        return GONE if not found or "deletionTimestamp" in found[0]["metadata"] else ""

    return ask
