"""The operator's life: log in, wait for the Lease, learn what there is, work, stop in good order."""

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any

from imagestore.controller.assembly import Brain
from imagestore.controller.health import Health, HealthServer
from imagestore.controller.receiver import NotificationReceiver
from imagestore.controller.source import EventSource, Subscription
from imagestore.k8s.api.access import Access
from imagestore.k8s.api.client import ApiError, Client
from imagestore.k8s.api.resources import RULES_REVIEW, grants, missing
from imagestore.k8s.api.watch import Watch
from imagestore.k8s.life.fence import Fence, elapsed
from imagestore.k8s.life.lease import Lease
from imagestore.k8s.life.wiring import Options, assemble
from imagestore.k8s.source.kopf_source import KopfSource

log = logging.getLogger(__name__)
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True)
class Ending:
    """How a run ended. ``stragglers``: reconciles that were still running."""

    code: int
    stragglers: int = 0


class Operator:
    """One replica."""

    def __init__(self, options: Options, brain: Brain, access: Access) -> None:
        self._options, self._access = options, access
        self._fence = Fence(elapsed)
        self._client = Client(access, permit=self._fence.check)
        self._parts = assemble(self._client, options, brain, self._fence.check)
        self._health = Health(monotonic)
        self._server = HealthServer(self._health, self._parts.controller.snapshot)
        self._receiver = self._notified(options)
        self._stop = asyncio.Event()
        self._source: EventSource | None = None
        self._ended = asyncio.Event()  # one of the tasks has
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._synced = False
        self._lease = self._claim()

    @property
    def port(self) -> int:
        """Where health and metrics are served."""
        return self._server.port

    def _notified(self, options: Options) -> NotificationReceiver:
        made = self._parts.controller

        def token() -> bytes | None:
            return (made.secrets.get(options.notifications_secret) or {}).get("token")

        return NotificationReceiver(token, lambda: self._synced, made.heard, monotonic)

    def _claim(self) -> Lease | None:
        o = self._options
        if o.lease is None:
            self._fence.open()
            return None
        return Lease(self._client, o.namespace, o.lease, o.identity, elapsed, o.terms, self._fence)

    async def run(self) -> Ending:
        """Until a signal, a lost Lease or a part that died."""
        self._on_signals()
        self._spawn("stop", self._stop.wait())
        try:
            await self._server.start(self._options.listen)
            if self._options.notifications is not None:
                await self._receiver.start(self._options.notifications)
            self._watch_health()
            if await self._unless_ended(self._prepare()):
                await self._work()
            return await self._finish()
        finally:
            await self._close()

    def stop(self) -> None:
        """Ask it to stop in good order."""
        self._stop.set()

    async def _prepare(self) -> None:
        await self._check_rights()
        if self._lease is not None:
            self._health.role = "standing by"
            await self._lease.acquire()
            self._spawn("lease", self._lease.keep())
        self._health.role = "working"
        await self._learn()

    async def _check_rights(self) -> None:
        """What is not allowed looks like a hang later: say it now."""
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": self._options.namespace},
        }
        try:
            answer = await self._client.create(RULES_REVIEW, "", body)
        except ApiError as error:
            log.warning("cannot ask what is allowed: %s", error)
            return
        rules = answer.get("status", {}).get("resourceRules") or ()
        for sentence in missing(rules, grants(self._parts.controller.kinds)):
            log.error("%s", sentence)

    async def _learn(self) -> None:
        """All there is, before anything is decided: an older claimant must be known before a younger."""
        for watch in self._parts.watches:
            self._spawn(f"watch {id(watch)}", watch.run())
        for watch in self._parts.watches:
            await watch.synced.wait()
        await self._parts.listing.learn()
        gc.collect()
        gc.freeze()  # what was just learnt stays: looking through it again and again is of no use
        self._synced = True
        log.info("%d objects are known", len(self._parts.controller.cache))

    async def _work(self) -> None:
        parts = self._parts
        await parts.jobs.sweep({obj.uid for obj in parts.controller.cache.all()})
        self._spawn("dispatcher", parts.controller.dispatcher.run())
        self._spawn("events", parts.recorder.run())
        self._spawn("audit", parts.audit.run())
        self._spawn("listing", parts.listing.run())
        self._health.beats("dispatcher", lambda: parts.controller.dispatcher.beat, 60)
        self._health.beats("audit", lambda: parts.audit.beat, 3 * self._options.audit_interval + 60)
        self._health.alive("queue", lambda: _late(parts.controller.queue.stuck()))
        await self._follow()

    async def _follow(self) -> None:
        """Deliver what changes until something ends."""
        listing, triggers = self._parts.listing, self._parts.controller.triggers
        subscription = Subscription(
            kinds=self._parts.controller.kinds.kinds,
            deliver=triggers.event,
            knows=triggers.knows,
            versions=listing.versions,
            listed=listing.known,
        )
        source = self._source = KopfSource(subscription, self._access, self._client, self._options.identity)
        self._parts.anew.append(source.list_anew)
        await source.start()
        self._on_signals()  # kopf has put its own there, which would end everything before we are done
        self._spawn("kopf", source.run())
        await asyncio.wait(self._tasks.values(), return_when=asyncio.FIRST_COMPLETED)

    async def _finish(self) -> Ending:
        """Say what ended, and stop the rest in good order."""
        self._parts.controller.services.close()
        if self._lease is not None and self._lost():
            self._parts.controller.queue.close()
            return Ending(
                1, self._parts.controller.queue.running
            )  # another replica may work already: do nothing more
        died = [name for name, task in self._tasks.items() if task.done() and name != "stop"]
        for name in died:
            error = self._tasks[name].exception() if not self._tasks[name].cancelled() else None
            log.error("%s ended: %s", name, error, exc_info=error)
        left = await self._parts.controller.drain(self._options.drain)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                await self._parts.recorder.flush()
        if self._lease is not None and not left:  # else another replica could meet what still runs here
            await self._lease.release()
        if self._source is not None:
            await self._source.stop()
        log.info("stopped")
        return Ending(1 if died else 0, left)

    def _lost(self) -> bool:
        task = self._tasks.get("lease")
        return task is not None and task.done()

    async def _close(self) -> None:
        self._parts.controller.services.close()
        mine = [t for t in self._tasks.values() if not t.done()]
        for task in mine:
            task.cancel()
        ends = [self._source.close()] if self._source is not None else []
        await asyncio.gather(*mine, *ends, return_exceptions=True)
        self._parts.controller.pool.shutdown(wait=False, cancel_futures=True)
        await self._server.stop()
        await self._receiver.stop()
        await self._client.close()

    async def _unless_ended(self, what: Coroutine[Any, Any, None]) -> bool:
        """Whether it was done before a signal came, or a part ended: a Lease that is lost while all is learnt, too."""
        start = self._spawn("start", what)
        await self._ended.wait()
        if start.done():
            del self._tasks["start"]
            start.result()
        return not any(t.done() for t in self._tasks.values())

    def _watch_health(self) -> None:
        self._spawn("loop lag", self._health.measure_lag())
        self._health.ready("start", self._unready)
        for name, watch in zip(("secrets", "namespaces"), self._parts.watches, strict=True):
            self._health.alive(name, partial(_silent, watch))

    def _unready(self) -> str | None:
        """A replica that waits for one that works is ready to take over: else no rolling update would end.

        One that waits while none works is not: the answer was "standing by" for the ten minutes that a release Job
        had taken the Lease for.
        """
        if self._synced:
            return None
        if self._lease is None or self._lease.held or elapsed() - self._lease.beat > 30:
            return self._unknown()
        return self._lease.trouble or None

    def _unknown(self) -> str:
        """What keeps it from beginning, in the API server's words where it has said any."""
        trouble = (*(watch.trouble for watch in self._parts.watches), self._parts.listing.trouble)
        return "; ".join(["not all is known yet", *filter(None, trouble)])

    def _spawn(self, name: str, what: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = self._tasks[name] = asyncio.create_task(what, name=name)
        task.add_done_callback(lambda _: self._ended.set())
        return task

    def _on_signals(self) -> None:
        for number in _SIGNALS:
            with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):  # not the main thread
                asyncio.get_running_loop().add_signal_handler(number, self._stop.set)


def _late(seconds: float) -> str | None:
    return f"no worker takes an object that has waited for {seconds:.0f} s" if seconds > 60 else None


def _silent(watch: Watch) -> str | None:
    silent = monotonic() - watch.beat if watch.synced.is_set() else 0.0
    return f"no sign of life for {silent:.0f} s" if silent > 600 else None
