"""Threads that carry out the work of stretches, a few stretches at once, their results in the order of keys."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from imagestore.transfer.performing import WorkOutcome
from imagestore.transfer.stretches import Stretch, Work

PATIENCE = 0.5  # seconds between two looks at stop and time


@dataclass
class StretchUnderway:
    """A stretch whose work is with the threads. ``outcomes``: of what is done and not yet counted."""

    stretch: Stretch
    futures: set[Future[WorkOutcome]] = field(default_factory=set)
    ended: SimpleQueue[Future[WorkOutcome]] = field(default_factory=SimpleQueue)
    failed: list[WorkOutcome] = field(default_factory=list)
    whole: bool = True  # nothing was left out when the run was told to stop


@dataclass(frozen=True)
class Crew:
    """``perform`` runs in the pool's threads. ``stop``: what has not begun is left out then."""

    pool: Executor
    perform: Callable[[Work], WorkOutcome]
    stop: Callable[[], bool]

    def begin(self, stretch: Stretch) -> StretchUnderway:
        """Hand a stretch's work over."""
        now = StretchUnderway(stretch)
        self._submit(now, stretch.work)
        return now

    def _submit(self, now: StretchUnderway, works: list[Work]) -> None:
        for work in works:
            future = self.pool.submit(self.perform, work)
            now.futures.add(future)
            future.add_done_callback(now.ended.put)

    def outcomes(self, now: StretchUnderway) -> Iterator[WorkOutcome | None]:
        """Each outcome as it comes, and None now and then. What may succeed later is tried once more when all else is done."""
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
            if future not in now.futures:  # left out
                continue
            now.futures.discard(future)
            outcome = future.result()
            if again and outcome.again and not self.stop():
                now.failed.append(outcome)
            else:
                yield outcome

    def leave_out(self, now: StretchUnderway) -> None:
        """Do not begin what has not begun."""
        for future in [f for f in now.futures if f.cancel()]:
            now.futures.discard(future)
            now.whole = False
