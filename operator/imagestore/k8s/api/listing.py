"""The first listing of our kinds: all there is, before anything is decided, and before kopf begins to watch.

A kind that may not be listed (a new image under an old ClusterRole) ended the whole operator. Its objects wait, and what
depends on them; the others are served, and it is asked for again and again. Of a kind that could not be listed, that an
object is not known says nothing: no backend is released because no bucket is known, and no rule because no policy is.
"""

import asyncio
import logging
import random

from imagestore import metrics
from imagestore.api.kinds import Kind
from imagestore.controller.runtime import Kinds
from imagestore.controller.state.cache import Cache
from imagestore.controller.work.triggers import Triggers
from imagestore.k8s.api.client import ApiError, Client, pause_after
from imagestore.k8s.api.resources import of

log = logging.getLogger(__name__)
_AGAIN = 10.0  # seconds until what was forbidden is asked for again
_FORBIDDEN, _NO_SUCH_KIND = 403, 404


class Listing:
    """Puts everything into the cache. ``versions``: from where on to watch, by plural, until kopf has begun to."""

    def __init__(
        self, kinds: Kinds, client: Client, cache: Cache, triggers: Triggers, again: float = _AGAIN
    ) -> None:
        self._kinds = kinds.kinds
        self._client, self._cache, self._triggers, self._again = client, cache, triggers, again
        self._known = {kind.plural: asyncio.Event() for kind in self._kinds}
        self.versions: dict[str, str] = {}
        self.trouble = ""

    async def learn(self) -> None:
        """Every kind, once: an older claimant must be known before a younger. Waits for an API server in trouble."""
        for kind in self._kinds:
            failures = 0
            while not await self._try(kind):
                failures += 1
                await asyncio.sleep(pause_after(failures))

    async def run(self) -> None:
        """For ever: what could not be listed, and kinds without a CRD."""
        while True:
            await asyncio.sleep(self._again * random.uniform(0.8, 1.2))  # noqa: S311
            missing = self._cache.unknown | self._cache.absent
            for kind in [k for k in self._kinds if k.name in missing]:
                await self._try(kind)

    async def known(self, kind: Kind) -> None:
        """Wait until it was listed: a listing before that would only be refused."""
        await self._known[kind.plural].wait()

    async def _try(self, kind: Kind) -> bool:
        """Whether there is an answer: all objects, or that the kind is not there, or that we may not know."""
        try:
            await self._list(kind)
        except ApiError as error:
            if error.status not in {_FORBIDDEN, _NO_SUCH_KIND}:
                self.trouble = f"cannot list {kind.plural}: {error}"
                log.warning("%s", self.trouble)
                return False
            if error.status == _FORBIDDEN:
                self._forbidden(kind, error)
                return True
            self._cache.absent.add(kind.name)
            self._listed(kind, there=False)
            return True
        self._listed(kind, there=True)
        return True

    async def _list(self, kind: Kind) -> None:
        version = ""
        async for page in self._client.pages(of(kind)):
            for raw in page.items:
                self._triggers.event(kind, None, raw)
            version = page.resource_version
        self.versions[kind.plural] = version

    def _forbidden(self, kind: Kind, error: ApiError) -> None:
        if kind.name not in self._cache.unknown:
            resource = f"{kind.plural}.{kind.group}"
            log.error(
                "not allowed to list %s: no %s is served until that is allowed: %s",
                resource,
                kind.name,
                error,
            )
        self._cache.unknown.add(kind.name)
        metrics.KIND_FORBIDDEN.labels(kind.name).set(1)

    def _listed(self, kind: Kind, *, there: bool) -> None:
        metrics.KIND_FORBIDDEN.labels(kind.name).set(0)
        self.trouble = ""
        self._known[kind.plural].set()
        came = there and kind.name in self._cache.absent
        if there:
            self._cache.absent.discard(kind.name)
        if came or kind.name in self._cache.unknown:
            self._cache.unknown.discard(kind.name)
            log.info("%s is served from now on", kind.name)
            self._triggers.everything()
