"""What to work on next. Pure: no thread, no loop, no clock of its own.

Every object waits in a lane: a bucket in its backend's, a backend in one of its own, policies in one together. A lane works
on as many objects at once as its limit, and its first one never waits for another lane: a dead store delays no other
backend. Inside a lane a user's edit goes first, then retries, then periodic checks; namespaces take turns. An object is
worked on once at a time. What is added meanwhile is reconciled once more afterwards.
"""

import heapq
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from imagestore.controller.state.objects import Key


class Lane(NamedTuple):
    """Where objects of a kind wait: those of one backend, or, without one, all there are.

    With the kind in it: a LifecyclePolicy with a backend's name waited for the backend's probe, and was told as it.
    """

    kind: str
    backend: str = ""


class Priority(IntEnum):
    """Lower goes first."""

    EDIT = 0  # a user waits for it
    RETRY = 1  # something is known to be undone
    LOOK = 2  # the start-up listing, the periodic check


@dataclass(frozen=True)
class Taken:
    """An object to work on now, and why it was taken."""

    key: Key
    priority: Priority
    waited: float


@dataclass
class _Item:
    priority: Priority
    since: float
    lane: Lane


@dataclass
class Load:
    """One lane at this moment."""

    ready: int
    running: int
    age: float  # of the oldest ready item
    blocked: bool  # whether it may not take another one now


_PATIENCE = 8  # every so many takes the lowest priority goes first, so that edits never starve the looks


@dataclass
class _Lane:
    limit: int
    running: int = 0
    takes: int = 0
    ready: OrderedDict[Key, float] = field(default_factory=OrderedDict)  # in order of arrival
    turns: dict[Priority, OrderedDict[str, OrderedDict[Key, None]]] = field(
        default_factory=lambda: {p: OrderedDict() for p in Priority}
    )

    def push(self, key: Key, priority: Priority, since: float) -> None:
        self.ready[key] = since
        self.turns[priority].setdefault(key.namespace, OrderedDict())[key] = None

    def drop(self, key: Key, priority: Priority) -> None:
        del self.ready[key]
        keys = self.turns[priority][key.namespace]
        del keys[key]
        if not keys:
            del self.turns[priority][key.namespace]

    def next(self) -> tuple[Key, Priority]:
        self.takes += 1
        order = sorted(Priority, reverse=self.takes % _PATIENCE == 0)
        priority = next(p for p in order if self.turns[p])
        namespace, keys = next(iter(self.turns[priority].items()))
        self.turns[priority].move_to_end(namespace)
        return next(iter(keys)), priority

    @property
    def idle(self) -> bool:
        return not self.ready and not self.running


class WorkQueue:
    """Deduplicated, prioritised, delayed work in lanes.

    ``total`` bounds what all lanes do at once beyond the first object of each. ``wake`` is told when there
    may be something to take.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        lane_of: Callable[[Key], tuple[Lane, int]],
        total: int = 64,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock, self._lane_of, self._total, self._wake = clock, lane_of, total, wake
        self._lanes: OrderedDict[Lane, _Lane] = OrderedDict()
        self._items: dict[Key, _Item] = {}
        self._running: dict[Key, Lane] = {}
        self._again: dict[Key, Priority] = {}
        self._later: dict[Key, tuple[float, int, Priority]] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._count = 0
        self._busy = 0  # lanes that work on something
        self._closed = False

    def add(self, key: Key, priority: Priority) -> None:
        """Work on it as soon as possible."""
        self._wake()
        if key in self._running:
            self._again[key] = min(priority, self._again.get(key, priority))
            return
        name, limit = self._lane_of(key)
        known = self._items.get(key)
        if known is not None:
            if known.priority <= priority and known.lane == name:
                return
            self._lanes[known.lane].drop(key, known.priority)
        item = _Item(
            min(priority, known.priority) if known else priority,
            known.since if known else self._clock(),
            name,
        )
        self._items[key] = item
        self._lane(name, limit).push(key, item.priority, item.since)
        if known is not None:
            self._sweep(known.lane)

    def add_after(self, key: Key, seconds: float, priority: Priority) -> None:
        """Work on it later; the earliest of several such wishes counts."""
        self._wake()
        if seconds <= 0:
            return self.add(key, priority)
        due = self._clock() + seconds
        known = self._later.get(key)
        if known is None or due < known[0]:
            self._count += 1
            self._later[key] = (due, self._count, priority)
            heapq.heappush(self._heap, (due, self._count, key))
        return None

    def take(self) -> Taken | None:
        """The next object to work on, or None when nothing is due or everybody is busy."""
        if self._closed:
            return None
        self._release_due()
        for name, lane in self._lanes.items():
            if lane.ready and not self._blocked(lane):
                self._lanes.move_to_end(name)
                return self._start(name, lane)
        return None

    def _start(self, name: Lane, lane: _Lane) -> Taken:
        key, priority = lane.next()
        waited = self._clock() - lane.ready[key]
        lane.drop(key, priority)
        lane.running += 1
        self._busy += lane.running == 1
        del self._items[key]
        self._later.pop(key, None)  # a look is a look: the next one is planned by this one's outcome
        self._running[key] = name
        return Taken(key, priority, waited)

    def done(self, key: Key) -> None:
        """It is no longer worked on."""
        name = self._running.pop(key)
        lane = self._lanes[name]
        lane.running -= 1
        self._busy -= lane.running == 0
        again = self._again.pop(key, None)
        if again is not None:
            self.add(key, again)
        self._sweep(name)

    def forget(self, key: Key) -> None:
        """The object is gone: neither wait for it nor do it again."""
        self._later.pop(key, None)
        self._again.pop(key, None)
        item = self._items.pop(key, None)
        if item is not None:
            self._lanes[item.lane].drop(key, item.priority)
            self._sweep(item.lane)

    def close(self) -> None:
        """Give out nothing more."""
        self._closed = True

    @property
    def closed(self) -> bool:
        """Whether nothing more is given out, so that nothing should be begun."""
        return self._closed

    def is_running(self, key: Key) -> bool:
        """Whether it is worked on at this moment."""
        return key in self._running

    @property
    def running(self) -> int:
        """How many objects are worked on at this moment."""
        return len(self._running)

    @property
    def delayed(self) -> int:
        """How many objects wait for their time."""
        return len(self._later)

    @property
    def ready(self) -> int:
        """How many objects wait to be reconciled."""
        return len(self._items)

    def next_due(self) -> float | None:
        """In how many seconds the next delayed object is due; None: not by time alone."""
        self._drop_stale()
        if self._closed:
            return None
        return max(0.0, self._heap[0][0] - self._clock()) if self._heap else None

    def loads(self) -> dict[Lane, Load]:
        """Every lane at this moment."""
        now = self._clock()
        return {name: self._load(lane, now) for name, lane in self._lanes.items()}

    def stuck(self) -> float:
        """How long the oldest object has waited in a lane that could take it: near zero while the dispatcher works."""
        return max((load.age for load in self.loads().values() if not load.blocked), default=0.0)

    def _load(self, lane: _Lane, now: float) -> Load:
        oldest = next(iter(lane.ready.values()), None) if lane.ready else None
        return Load(
            len(lane.ready), lane.running, now - oldest if oldest is not None else 0.0, self._blocked(lane)
        )

    def _blocked(self, lane: _Lane) -> bool:
        if lane.running == 0:
            return False
        return lane.running >= lane.limit or len(self._running) - self._busy >= self._total

    def _release_due(self) -> None:
        now = self._clock()
        while self._heap and self._heap[0][0] <= now:
            due, count, key = heapq.heappop(self._heap)
            if self._is_current(due, count, key):
                self.add(key, self._later.pop(key)[2])

    def _drop_stale(self) -> None:
        while self._heap and not self._is_current(*self._heap[0]):
            heapq.heappop(self._heap)

    def _is_current(self, due: float, count: int, key: Key) -> bool:
        later = self._later.get(key)
        return later is not None and later[:2] == (due, count)

    def _lane(self, name: Lane, limit: int) -> _Lane:
        lane = self._lanes.setdefault(name, _Lane(limit))
        lane.limit = limit
        return lane

    def _sweep(self, name: Lane) -> None:
        """A lane lives only as long as it holds something: it goes with its backend."""
        lane = self._lanes.get(name)
        if lane is not None and lane.idle:
            del self._lanes[name]
