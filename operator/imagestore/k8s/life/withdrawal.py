"""Whether an object is deleted because its whole kind is. Then no user asked for data to be deleted.

Deleting a CRD deletes every object of it: a wrong uninstall would empty each bucket with ``DeleteAll`` at once. The
API server marks the CRD before its objects, so an answer is good for all deletions that were seen before it was asked.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from imagestore.api.kinds import Kind
from imagestore.controller.runtime import Kinds
from imagestore.controller.state.cache import Cache
from imagestore.controller.state.objects import Key, Stored
from imagestore.k8s.api.client import ApiError, Client
from imagestore.k8s.api.resources import CRDS

log = logging.getLogger(__name__)
CrdQuestion = Callable[[Kind], Awaitable[str]]


class Withdrawal:
    """Asks once for all deletions of a kind that are known. ``ask``: why none of them asks for data to be deleted; empty:
    they do.
    """

    def __init__(self, kinds: Kinds, ask: CrdQuestion, cache: Cache) -> None:
        self._kinds, self._ask, self._cache = kinds, ask, cache
        self._answers: dict[Key, tuple[str, str]] = {}
        self._lock = asyncio.Lock()

    def forget(self, key: Key) -> None:
        """The object is gone."""
        self._answers.pop(key, None)

    async def concerns(self, obj: Stored) -> str:
        """Why this deletion may be one of the CRD's; empty if it is not. Raises ApiError."""
        record = self._kinds.of(obj)
        if not (obj.deleting and record.destroys(obj)):
            return ""
        async with self._lock:
            if not self._answered(obj):
                seen = [obj, *(o for o in self._cache.all() if o.deleting and o.key.kind == obj.key.kind)]
                going = await self._ask(record.kind)
                there = (o for o in seen if o is obj or o.key in self._cache)  # some went meanwhile
                self._answers |= {o.key: (o.uid, going) for o in there if not self._answered(o)}
            return self._answers[obj.key][1]

    def _answered(self, obj: Stored) -> bool:
        return self._answers.get(obj.key, ("",))[0] == obj.uid


def crd_deleted(kind: Kind) -> str:
    """Why the deletion of a kind deletes no data."""
    return f"the CRD was deleted, and with it every {kind.name}; that asks for no data to go"


def crd_unknown(kind: Kind) -> str:
    """Why no data is deleted while it is not known whether the kind was."""
    return (
        "the operator may not list CustomResourceDefinitions, so it cannot know whether the CRD was deleted, and with it"
        f" every {kind.name}; give it that right, which the chart's ClusterRole has"
    )


def asking(client: Client) -> CrdQuestion:
    """The question. Where it may not be asked, data is kept: what is not known deletes none."""

    async def ask(kind: Kind) -> str:
        try:
            one = {"fieldSelector": f"metadata.name={kind.crd}"}
            found = [i async for page in client.pages(CRDS, metadata=True, params=one) for i in page.items]
        except ApiError as error:
            if error.status != 403:
                raise
            log.warning("not allowed to list CRDs, so every bucket is kept: %s", error)
            return crd_unknown(kind)
        return crd_deleted(kind) if not found or "deletionTimestamp" in found[0]["metadata"] else ""

    return ask
