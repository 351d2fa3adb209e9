"""Threads that carry out the work of stretches, a few stretches at once, their results in the order of keys.

Of many small objects a thread is given a few at once: handing each of them over and back by itself took as long as a request.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from imagestore.transfer.performing import WorkOutcome
from imagestore.transfer.stretches import Stretch, Work

PATIENCE = 0.5  # seconds between two looks at stop and time
LOT = 16  # small objects that a thread is given at once, at most
SMALL = 256 * 1024  # bytes
SHARES = 8  # lots that each thread gets of a stretch at least, so that all of them end at about the same time
FEW = 8  # threads: fewer get lots as small as so many would


@dataclass
class StretchUnderway:
    """A stretch whose work is with the threads. ``futures``: of lots, each with the number of its objects."""

    stretch: Stretch
    futures: dict[Future[list[WorkOutcome]], int] = field(default_factory=dict)
    ended: SimpleQueue[Future[list[WorkOutcome]]] = field(default_factory=SimpleQueue)
    failed: list[WorkOutcome] = field(default_factory=list)
    whole: bool = True  # nothing was left out when the run was told to stop
    stopped: bool = False  # no object is begun any more


@dataclass(frozen=True)
class Crew:
    """``perform`` runs in the pool's threads, of which there are ``workers``. ``stop``: what has not begun is left out then."""

    pool: Executor
    workers: int
    perform: Callable[[Work], WorkOutcome]
    stop: Callable[[], bool]

    def begin(self, stretch: Stretch) -> StretchUnderway:
        """Hand a stretch's work over."""
        now = StretchUnderway(stretch)
        self._submit(now, stretch.work)
        return now

    def _submit(self, now: StretchUnderway, works: list[Work]) -> None:
        for lot in _lots(works, self.workers):
            future = self.pool.submit(self._performed, now, lot)
            now.futures[future] = len(lot)
            future.add_done_callback(now.ended.put)

    def _performed(self, now: StretchUnderway, lot: list[Work]) -> list[WorkOutcome]:
        done: list[WorkOutcome] = []
        for work in lot:
            if now.stopped:
                break
            done.append(self.perform(work))
        return done

    def outcomes(self, now: StretchUnderway) -> Iterator[WorkOutcome | None]:
        """Each outcome as it comes, and None after each lot and now and then. What may succeed later is tried once more when all else is done."""
        yield from self._round(now, again=True)
        tried, now.failed = now.failed, []
        self._submit(now, [o.work for o in tried])
        yield from self._round(now, again=False)

    def _round(self, now: StretchUnderway, *, again: bool) -> Iterator[WorkOutcome | None]:
        while now.futures:
            if self.stop():
                self.leave_out(now)
            try:
                future = now.ended.get(timeout=PATIENCE)
            except Empty:
                yield None
                continue
            count = now.futures.pop(future, None)
            if count is None:  # left out
                continue
            outcomes = future.result()
            now.whole &= len(outcomes) == count
            for outcome in outcomes:
                if again and outcome.again and not self.stop():
                    now.failed.append(outcome)
                else:
                    yield outcome
            yield None

    def leave_out(self, now: StretchUnderway) -> None:
        """Do not begin what has not begun."""
        now.stopped = True
        for future in [f for f in now.futures if f.cancel()]:
            del now.futures[future]
            now.whole = False


def _lots(works: list[Work], workers: int) -> Iterable[list[Work]]:
    """Small objects in lots, any other by itself."""
    most, lot = min(LOT, len(works) // (SHARES * max(workers, FEW))), list[Work]()
    for work in works:
        if most < 2 or not _is_small(work):
            yield [work]
            continue
        lot.append(work)
        if len(lot) == most:
            yield lot
            lot = []
    if lot:
        yield lot


def _is_small(work: Work) -> bool:
    items = (work.pair.source, work.pair.destination)
    return all(item is None or item.size <= SMALL for item in items)
