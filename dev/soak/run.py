"""The soak itself: make the fleet, let it live, let it settle, judge it."""

import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from dev.programs.progress import say
from dev.soak import faults, samples, verdict
from dev.soak.api import Api, Json
from dev.soak.deeds import Deeds
from dev.soak.fleet import Fleet
from dev.soak.world import World
from dev.wait import eventually
from imagestore.api.kinds import KINDS

_EVERY = 5.0  # seconds between two progress lines, and two samples
_TELLING = 5.0  # minutes that a process must have lived for its memory to tell anything
_CALM = (3.0, 10.0)  # seconds between two faults, and how long one lasts


@dataclass(frozen=True)
class Plan:
    """How long, how much, and which."""

    seconds: float
    buckets: int
    seed: int
    pace: float = 2.0  # deeds a second
    ending: float = (
        0.3  # the share of the time in which the operator may be killed; then its memory is watched
    )
    settle: float = 300.0
    least: int = 0  # deeds, however long the faults kept a slow machine from them
    kills: bool = True  # without, one process lives from the beginning to the end

    def possible(self, share: float) -> tuple[faults.Fault, ...]:
        """Those that may come when this share of the time is over."""
        if not self.kills:
            return faults.LASTING
        ending = faults.ENDING if share < self.ending else ()
        return (*faults.LASTING, *faults.TRYING, *ending)


@dataclass
class Soak:
    """One run."""

    world: World
    plan: Plan
    api: Api
    deeds: Deeds
    fleet: Fleet
    chance: Random
    began: float = field(default_factory=time.monotonic)
    met: Counter[str] = field(default_factory=Counter)
    taken: list[samples.Sample] = field(default_factory=list)
    _said: float = 0.0
    _fault: ExitStack = field(default_factory=ExitStack)
    _until: float = 0.0
    _what: str = ""

    @classmethod
    def of(cls, world: World, plan: Plan) -> "Soak":
        """Two sources of chance: faults do not change which deeds are done."""
        fleet = Fleet(Random(plan.seed), world.backends())  # noqa: S311 - to be repeated
        api = Api(world.cluster)
        return cls(world, plan, api, Deeds(world, api, fleet), fleet, Random(plan.seed + 1))  # noqa: S311

    def run(self) -> dict[str, Any]:
        """Everything, and what came of it."""
        for _ in range(self.plan.buckets):
            self.deeds.create()
        self._settle("made")
        self.began, self._until = time.monotonic(), time.monotonic()
        while (age := time.monotonic() - self.began) < self.plan.seconds or self._too_few():
            self._weather(age / self.plan.seconds)
            self.deeds.one()
            self._tick()
            time.sleep(max(0.0, self.chance.expovariate(self.plan.pace)))
        self._calm()
        self._settle("mended")
        self._look_again()
        self._rest()
        return self._judge()

    def _too_few(self) -> bool:
        return self.deeds.done.total() < self.plan.least

    def _weather(self, share: float) -> None:
        """One fault at a time, with calm in between."""
        if time.monotonic() < self._until:
            return
        if self._what:
            self._calm()
            self._until = time.monotonic() + self.chance.uniform(*_CALM)
            return
        fault = self.chance.choice(self.plan.possible(share))
        where = self._fault.enter_context(fault(self.world, self.api, self.chance))
        self._what = f"{fault.__name__} ({where})"
        self.met[fault.__name__] += 1
        self._until = time.monotonic() + self.chance.uniform(*_CALM)

    def _calm(self) -> None:
        self._fault.close()
        self._what = ""

    def _tick(self, state: str = "") -> None:
        """A sample and a line, every few seconds."""
        now = time.monotonic()
        if now - self._said < _EVERY:
            return
        self._said = now
        pid, metrics = self.world.operator.server.pid, self.world.operator.metrics()
        found = samples.sample(pid, int(metrics.get("imagestore_tasks", 0))) if pid else None
        if found and metrics:
            self.taken.append(found)
        ready = int(metrics.get('imagestore_objects{kind="ImageBucket",ready="True"}', 0))
        memory = f"{found.rss:.0f} MB, {found.fds} fds, {found.threads} threads" if found else "no operator"
        say(
            f"  {now - self.began:5.0f} s: {ready}/{len(self.fleet.wanted)} ready, "
            f"{sum(self.deeds.done.values())} deeds, {memory} {self._what or state}"
        )

    def _settle(self, what: str) -> None:
        """Until every bucket says that it is ready, and everything deleted is gone; holds are approved."""
        last: list[str] = []

        def settled() -> bool:
            objects = self.api.buckets()
            last[:] = [_name(o) for o in objects if not _ready(o)] + verdict.strays(self.fleet, objects)
            for found in objects:
                self.deeds.approve_all(found)
            self._tick(f"waiting for {len(last)}")
            return not last

        try:
            eventually(settled, self.plan.settle, what, interval=1.0)
        except TimeoutError:
            say(f"not all are {what}: {last[:10]}")

    def _look_again(self) -> None:
        """Nothing that somebody changed behind the operator's back may be missed at the end."""
        for bucket in self.fleet.wanted.values():
            self.deeds.look_now(bucket)
        self._settle("looked at")

    def _rest(self) -> None:
        """What one look at everything needed is let go within seconds: what stays after that is a leak."""

        def rested() -> bool:
            self._tick("resting")
            return bool(self.taken) and not over(self.taken[-1], self.plan.buckets)

        with suppress(TimeoutError):
            eventually(rested, 40, "at rest", interval=1.0)

    def _judge(self) -> dict[str, Any]:
        objects = self.api.buckets()
        log = self.world.operator.server.log
        life = samples.longest_life(self.taken)
        wrong = {
            "not as its spec says": verdict.differences(self.fleet),
            "not ready": [f"{_name(o)}: {_why(o)}" for o in objects if not _ready(o)],
            "stray objects": verdict.strays(self.fleet, objects),
            "orphaned buckets": verdict.orphans(self.world, self.fleet),
            "leaks": leaks(life, self.plan.buckets),
            "in the log": verdict.scandals(log),
        }
        metrics = self.world.operator.metrics()
        code = self.world.operator.end()
        if code != 0:
            wrong["exit code"] = [str(code)]
        return {
            "seconds": round(time.monotonic() - self.began),
            "buckets": self.plan.buckets,
            "seed": self.plan.seed,
            "deeds": dict(self.deeds.done),
            "faults": dict(self.met),
            "kills": self.plan.kills,
            "operator_starts": self.world.operator.starts,
            "store_calls": int(
                sum(v for n, v in metrics.items() if n.startswith("imagestore_store_calls_total"))
            ),
            "process": samples.summary(life),
            "wrong": {what: found for what, found in wrong.items() if found},
        }


def over(one: samples.Sample, buckets: int) -> list[str]:
    """What is more than the operator may hold at rest, whatever has happened to it.

    3 backends with 8 workers and as many connections each, the API server's, and what every process has: of tasks
    some for each kind that kopf follows.
    """
    tasks = 20 + 10 * len(KINDS)
    bounds = {"fds": 100, "threads": 60, "tasks": tasks, "rss": 110 + buckets * 0.1}
    return [f"{n}: {getattr(one, n)} > {most}" for n, most in bounds.items() if getattr(one, n) > most]


def leaks(life: list[samples.Sample], buckets: int) -> list[str]:
    """What grows that should not."""
    found = samples.summary(life)
    grown = []
    if life and found.get("minutes", 0.0) >= _TELLING:
        before, after = found["rss_mb"]["second_quarter"], found["rss_mb"]["last_quarter"]
        grown = [f"memory grew from {before} to {after} MB"] if after > before * 1.05 + 2 else []
    return [*(over(life[-1], buckets) if life else ()), *grown]


def _name(obj: Json) -> str:
    return str(obj["metadata"]["name"])


def _ready(obj: Json) -> bool:
    """Ready for what was asked for last, with nothing lost that nobody has acknowledged."""
    status, spec = obj.get("status") or {}, obj["spec"]
    conditions = {c["type"]: c["status"] for c in status.get("conditions") or ()}
    return (
        conditions.get("Ready") == "True"
        and conditions.get("ContentLost") != "True"
        and status.get("observedGeneration") == obj["metadata"]["generation"]
        and status.get("reconcileRequest") == spec.get("reconcileRequest")
    )


def _why(obj: Json) -> str:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return "; ".join(f"{c['type']}={c['status']} {c['reason']}: {c['message']}" for c in conditions)[:600]
