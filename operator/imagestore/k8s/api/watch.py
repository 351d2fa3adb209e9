"""A list-and-watch of our own, for what kopf would watch too widely: Secrets here, labels of namespaces."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp

from imagestore.k8s.api.client import ApiError, Client, pause_after
from imagestore.k8s.api.resources import Resource

Json = Any
log = logging.getLogger(__name__)


class Mirror(Protocol):
    """Who wants to know what there is."""

    def listed(self, items: list[Json]) -> None:
        """This is all there is."""

    def changed(self, item: Json) -> None:
        """This is new or different."""

    def gone(self, item: Json) -> None:
        """This is not there any more."""


@dataclass(frozen=True)
class Subject:
    """What is watched."""

    resource: Resource
    namespace: str = ""
    metadata: bool = False
    params: Mapping[str, str] | None = None


class Watch:
    """Keeps a mirror of one subject for as long as it runs."""

    def __init__(self, client: Client, subject: Subject, mirror: Mirror, clock: Callable[[], float]) -> None:
        self._client, self._subject, self._mirror, self._clock = client, subject, mirror, clock
        self.synced = asyncio.Event()
        self.beat = clock()  # of the last answer, bookmarks included
        self.trouble = ""  # why the last listing or watch failed
        self._since, self._limit = "", asyncio.timeout(None)

    def again(self) -> None:
        """List anew: the API server went back in time, and tells nothing until the version is reached again."""
        self._since = ""
        with contextlib.suppress(RuntimeError):  # it is not watching at the moment
            self._limit.reschedule(asyncio.get_running_loop().time())

    async def run(self) -> None:
        """Never ends by itself. An error is tried again with growing pauses.

        Failures in a row: counted over days, every cut connection after the sixth left Secrets unseen for 30 s.
        """
        failures = 0
        while True:
            began = self._clock()
            try:
                await self._follow()
                failures = 0
                if self.beat <= began:  # it ended and told nothing: a proxy that closes at once
                    await asyncio.sleep(random.uniform(0.5, 1.0))  # noqa: S311
            except (ApiError, aiohttp.ClientError, OSError, TimeoutError) as error:
                failures = 1 if self.beat > began else failures + 1
                self._complain(error, failures)
                await asyncio.sleep(pause_after(failures))

    async def _follow(self) -> None:
        if not self._since:
            await self._list()
        try:
            await self._watch()
        except TimeoutError:
            log.debug("watch of %s is silent, connecting again", self._subject.resource.plural)
        except ApiError as error:
            self._since = ""
            if error.status != 410:
                raise

    async def _list(self) -> None:
        """All pages or none: believed after its first one, a listing that broke off was never made again."""
        items, since = list[Json](), ""
        s = self._subject
        async for page in self._client.pages(s.resource, s.namespace, metadata=s.metadata, params=s.params):
            items += page.items
            since = page.resource_version
        self._mirror.listed(items)
        self._since, self.trouble = since, ""
        self.beat = self._clock()
        self.synced.set()

    async def _watch(self) -> None:
        s = self._subject
        stream = self._client.watch(
            s.resource, s.namespace, self._since, metadata=s.metadata, params=s.params
        )
        async with asyncio.timeout(None) as self._limit:
            async for event in stream:
                self.beat, self.trouble = self._clock(), ""
                self._take(event["type"], event["object"])

    def _take(self, kind: str, item: Json) -> None:
        if kind == "ERROR":
            raise ApiError(int(item.get("code", 500)), item)
        self._since = item["metadata"]["resourceVersion"]
        if kind == "DELETED":
            self._mirror.gone(item)
        elif kind in {"ADDED", "MODIFIED"}:
            self._mirror.changed(item)

    def _complain(self, error: Exception, failures: int) -> None:
        level = logging.WARNING if failures in {1, 5} or failures % 20 == 0 else logging.DEBUG
        self.trouble = f"cannot watch {self._subject.resource.plural}: {error or type(error).__name__}"
        log.log(level, "%s", self.trouble)
