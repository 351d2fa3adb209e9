"""Whether the operator is alive and ready, and its metrics, on one small server."""

import asyncio
import logging
from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from imagestore import metrics

log = logging.getLogger(__name__)
Unhealthy = Callable[[], str | None]
_TICK = 1.0
LAG = 10.0  # an event loop that was this late was blocked


class Health:
    """A list of questions whose answers are problems. ``describe`` tells a ready replica's role."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._alive: dict[str, Unhealthy] = {}
        self._ready: dict[str, Unhealthy] = {}
        self.role = "starting"

    def alive(self, name: str, problem: Unhealthy) -> None:
        """Ask this for /healthz: an answer means that a restart may help."""
        self._alive[name] = problem

    def ready(self, name: str, problem: Unhealthy) -> None:
        """Ask this for /readyz."""
        self._ready[name] = problem

    def beats(self, name: str, last: Callable[[], float], within: float) -> None:
        """Something that gives a sign of life at least this often, else the operator counts as dead."""
        self.alive(name, lambda: _silent(self._clock() - last(), within))

    def check(self, *, ready: bool = False) -> list[str]:
        """All problems."""
        asked = self._ready if ready else self._alive
        answers = {name: problem() for name, problem in asked.items()}
        return [f"{name}: {answer}" for name, answer in answers.items() if answer]

    async def measure_lag(self) -> None:
        """A heartbeat of the event loop, for ever."""
        late = 0.0
        self.alive("event loop", lambda: f"it was {late:.1f} s late" if late > LAG else None)
        while True:
            due = self._clock() + _TICK
            await asyncio.sleep(_TICK)
            late = max(0.0, self._clock() - due)
            metrics.LOOP_LAG.set(late)
            metrics.TASKS.set(len(asyncio.all_tasks()))


def _silent(seconds: float, within: float) -> str | None:
    return f"no sign of life for {seconds:.0f} s" if seconds > within else None


class HealthServer:
    """/healthz, /readyz and /metrics."""

    def __init__(self, health: Health, before_scrape: Callable[[], None]) -> None:
        self._health, self._before_scrape = health, before_scrape
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self, listen: str) -> None:
        """Serve on ``host:port``; port 0 takes a free one."""
        host, _, port = listen.rpartition(":")
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, host.strip("[]") or None, int(port)).start()
        self.port = self._runner.addresses[0][1]
        log.info("serving health and metrics on port %d", self.port)

    async def stop(self) -> None:
        """Close it."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        return self._answer(self._health.check(), "alive")

    async def _readyz(self, _: web.Request) -> web.Response:
        return self._answer(self._health.check(ready=True), self._health.role)

    def _answer(self, problems: list[str], good: str) -> web.Response:
        return web.Response(text="\n".join(problems or [good]) + "\n", status=503 if problems else 200)

    async def _metrics(self, _: web.Request) -> web.Response:
        self._before_scrape()
        body = await asyncio.to_thread(generate_latest, metrics.REGISTRY)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
