"""Comparing what is remembered with what there is: a watch may miss a delete in a gap and never tell.

Nor does it tell anything while the API server's versions are lower than those that it was asked from: etcd was restored to
an older state. A listing is of the newest state there is, so one with a lower version than before shows that.
"""

import asyncio
import logging
import random
from collections.abc import Callable

import aiohttp

from imagestore import metrics
from imagestore.api.kinds import Kind
from imagestore.controller.runtime import Kinds
from imagestore.controller.state.cache import Cache
from imagestore.controller.state.objects import Key, key_of, newer, older
from imagestore.controller.writer import Writer
from imagestore.k8s.api.client import ApiError, Client
from imagestore.k8s.api.resources import of

log = logging.getLogger(__name__)
_MISSED, _BACK = "the watch missed something", "the API server went back in time"
GRACE = 5.0  # what is on its way in a watch arrives within it


class Audit:
    """Looks at the metadata of everything, every now and then."""

    def __init__(
        self,
        kinds: Kinds,
        client: Client,
        cache: Cache,
        writer: Writer,
        clock: Callable[[], float],
        *,
        interval: float = 720.0,
        went_back: Callable[[], None] = lambda: None,
    ) -> None:
        self._kinds = kinds.kinds
        self._client, self._cache, self._writer, self._clock = client, cache, writer, clock
        self._interval, self._went_back = interval, went_back
        self._listed: dict[str, str] = {}  # the version of the last listing, by kind
        self.beat = clock()

    async def run(self, first: float = 60.0) -> None:
        """For ever; the first one soon, since the start is where most is missed."""
        await asyncio.sleep(min(first, self._interval))
        while True:
            for kind in self._kinds:
                await self._try(kind)
            await asyncio.sleep(self._interval * random.uniform(0.9, 1.1))  # noqa: S311

    async def _try(self, kind: Kind) -> None:
        try:
            await self.compare(kind)
            self.beat = self._clock()
        except (ApiError, aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("cannot compare the %ss with the API server's: %s", kind.name, error)

    async def compare(self, kind: Kind, grace: float = GRACE) -> int:
        """How many objects of this kind were remembered wrongly; they are right now."""
        before = {o.key: o.resource_version for o in self._cache.all() if o.key.kind == kind.name}
        there, at = await self._versions(kind)
        back = any(older(at, known) for known in (*before.values(), self._listed.get(kind.name, "")))
        suspects = {k for k in {*before, *there} if before.get(k) != there.get(k)}
        if suspects:
            await asyncio.sleep(grace)
        wrong = [k for k in sorted(suspects) if self._is_wrong(k, before.get(k), there.get(k), back=back)]
        for key in wrong:
            log.warning("%s was remembered wrongly: %s", key, _BACK if back else _MISSED)
            await self._writer.refresh(key)
        self._listed[kind.name] = at
        if back:
            log.warning("the API server went back to version %s; everything is watched anew", at)
            self._went_back()
        metrics.AUDIT_MISMATCHES.labels(kind.name).inc(len(wrong))
        metrics.AUDITS.labels(kind.name).inc()
        return len(wrong)

    def _is_wrong(self, key: Key, before: str | None, there: str | None, *, back: bool) -> bool:
        """Whether nothing has arrived since that would explain the difference."""
        obj = self._cache.get(key)
        now = obj.resource_version if obj else None
        if now is None:
            return there is not None
        return now == before if there is None or back else newer(there, now)

    async def _versions(self, kind: Kind) -> tuple[dict[Key, str], str]:
        """Of every object, and of the listing itself."""
        found, at = dict[Key, str](), ""
        try:
            async for page in self._client.pages(of(kind), metadata=True):
                found |= {key_of(kind, item): item["metadata"]["resourceVersion"] for item in page.items}
                at = page.resource_version
        except ApiError as error:
            if error.status != 404:  # the CRD is not there: neither is any object
                raise
        return found, at
