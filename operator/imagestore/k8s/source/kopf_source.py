"""Runs kopf as the event source: it lists, watches and logs in. It decides, persists and retries nothing."""

import asyncio
import logging
from typing import Any

import kopf

from imagestore.api.kinds import Kind
from imagestore.controller.source import Subscription
from imagestore.k8s.api.access import Access
from imagestore.k8s.api.client import Client, session
from imagestore.k8s.source import kopf_internals
from imagestore.k8s.source.kopf_settings import operator_settings
from imagestore.k8s.source.rescan import Rescan

log = logging.getLogger(__name__)
_CONNECTIONS = 16  # a watch for each kind, that of CRDs, and listings
_STOPS = 8.0


class KopfSource:
    """The EventSource that is kopf."""

    def __init__(self, subscription: Subscription, access: Access, client: Client, identity: str) -> None:
        self._subscription, self._identity = subscription, identity
        self._registry, self._settings = event_registry(subscription, access), operator_settings()
        self._insights = kopf_internals.insights()
        self._rescan = Rescan(client, subscription.kinds, self._insights, self._scan)
        self._stop = asyncio.Event()
        self._before: set[asyncio.Task[Any]] = set()
        self._roots: tuple[asyncio.Task[Any], ...] = ()
        self._tasks: tuple[asyncio.Task[Any], ...] = ()
        self.list_anew = kopf_internals.install(subscription)

    async def start(self) -> None:
        """kopf's credentials are in the context of whoever awaits this, and of the tasks made afterwards."""
        self._before = set(asyncio.all_tasks())
        roots = await kopf.spawn_tasks(
            registry=self._registry,
            settings=self._settings,
            insights=self._insights,
            # Else kopf makes one of the user's name, and a uid without an entry in /etc/passwd ended the operator.
            identity=kopf_internals.peering_identity(self._identity),
            standalone=True,
            clusterwide=True,
            stop_flag=self._stop,
        )
        self._roots = tuple(roots)

    async def run(self) -> None:
        """Return or raise when any of kopf's tasks ends. After a failure kopf itself may wait for ever, or kill the process."""
        rescan = asyncio.create_task(self._rescan.run(), name="rescan")
        # At its end kopf waits for every task that it does not know to be older, also for these two.
        ours = {task for task in (asyncio.current_task(), rescan) if task is not None}
        whole = asyncio.create_task(
            kopf.run_tasks(self._roots, ignored=self._before | ours), name="kopf's tasks"
        )
        self._tasks = (rescan, whole)
        done, _ = await asyncio.wait([*self._roots, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def stop(self) -> None:
        """Ask kopf to stop, and wait up to eight seconds."""
        self._stop.set()
        if self._tasks and not self._tasks[-1].done():
            await asyncio.wait(self._tasks[-1:], timeout=_STOPS)

    async def close(self) -> None:
        """Cancel the tasks that are left."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _scan(self) -> None:
        groups = {kind.group for kind in self._subscription.kinds}
        await kopf_internals.scan(self._insights, self._registry, self._settings, groups)


def event_registry(subscription: Subscription, access: Access) -> kopf.OperatorRegistry:
    """One handler for each kind, which passes events on."""
    made = kopf.OperatorRegistry()
    for kind in subscription.kinds:
        _deliver(made, kind, subscription)

    @kopf.on.login(registry=made)
    async def login(**_: Any) -> Any:
        return kopf.AiohttpSession(aiohttp_session=session(access, _CONNECTIONS), server=access.server)

    return made


def _deliver(made: kopf.OperatorRegistry, kind: Kind, subscription: Subscription) -> None:
    @kopf.on.event(kind.group, kind.version, kind.plural, registry=made)
    async def came(event: Any, **_: Any) -> None:
        try:
            subscription.deliver(kind, event["type"], event["object"])
        except Exception:  # kopf would stop following this object for a while
            log.exception("lost an event of a %s; the next audit finds it", kind.name)
