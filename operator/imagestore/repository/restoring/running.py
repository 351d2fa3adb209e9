"""Go through what is to be restored: in passes by priority, in batches, resumable, each batch looked at before it counts."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from math import ceil
from typing import Generic

from imagestore.core.errors import StoreError
from imagestore.core.keys import raw
from imagestore.repository.errors import RepositoryProblem
from imagestore.repository.restoring.options import (
    PassCount,
    RestoreOptions,
    RestorePoint,
    RestoreProgress,
    RestoreReport,
    RestoreState,
)
from imagestore.repository.restoring.outcomes import Item, RestoreOutcome, told_error
from imagestore.repository.restoring.planning import PresentObjects, restore_passes
from imagestore.repository.restoring.reading_back import confirmed_missing
from imagestore.repository.restoring.selection import ExistingPolicy, LostRows
from imagestore.repository.restoring.sources import RestoreSource
from imagestore.transfer.job import TransferEnd
from imagestore.transfer.pace import moving_pools

BATCH_ROWS = 2000
BATCHES_AT_ONCE = 2
GIVE_UP = 100  # objects in a row that a store refuses


def run_restore(
    source: RestoreSource[Item],
    end: TransferEnd,
    options: RestoreOptions,
    pulse: Callable[[], None] = lambda: None,
) -> RestoreReport:
    """Restore from a source. ``pulse``: is called every second or more often, while it is alive. Failed: at least one row is not at the destination; ``options.problem`` was told which.

    StoreError: the destination cannot be listed. RepositoryProblem: it takes nothing.
    """
    began = options.clock()
    work = _Run(source, end, options, pulse)
    why = work.run()
    failed = bool(why) or work.counts.failed > 0
    state = RestoreState.FAILED if failed else RestoreState.SUCCEEDED
    if work.stopped:
        state = RestoreState.STOPPED
    return RestoreReport(state, work.counts, options.clock() - began, why)


@dataclass
class _Batch(Generic[Item]):
    """Rows that are on their way. ``point``: where to go on when all of them are done."""

    point: RestorePoint
    futures: list[Future[list[RestoreOutcome[Item]]]]


class _Run(Generic[Item]):
    def __init__(
        self,
        source: RestoreSource[Item],
        end: TransferEnd,
        options: RestoreOptions,
        pulse: Callable[[], None] = lambda: None,
    ) -> None:
        self.source, self.end, self.options, self.pulse = source, end, options, pulse
        self.present = PresentObjects(source, end, options.selection)
        self.counts = options.point.counts
        passes = options.selection.passes
        self.done = [*options.point.done, *[PassCount()] * passes][:passes]
        self.stopped = False
        self._in_a_row = 0

    def run(self) -> str:
        """Everything; return why nothing was begun."""
        point = self.options.point
        if self.options.existing is ExistingPolicy.FAIL and not point.checked:
            if found := self._in_the_way():
                return f"{found} objects are at the destination already; nothing was written"
            point = replace(point, checked=True)
        self.options.save(point)  # when it began: what is written from now on may be its own
        with ExitStack() as stack:
            self.small, self.large = moving_pools(self.options.at_once)
            stack.callback(self.large.shutdown, wait=True, cancel_futures=True)
            stack.callback(self.small.shutdown, wait=True, cancel_futures=True)
            for number in range(point.number, self.options.selection.passes):
                after = point.after if number == point.number else ""
                self._pass(replace(point, number=number, after=after))
                if self.stopped:
                    return ""
        if self.counts.failed:
            # The next one tries the failed rows again.
            self.options.save(RestorePoint(checked=point.checked, began=point.began))
        return ""

    def _rows(self, number: int, after: str = "") -> Iterator[Item]:
        """Also tells which of the keys that were asked for are not in the source: without them it has not succeeded."""
        named, lost = self.options.selection.named(number, after), False
        for found in self.source.items(number, after):
            if isinstance(found, LostRows):
                self._lost_leaf(found, number)
                lost = True
            else:
                named.discard(found.key)
                yield found
        for key in () if lost else sorted(named, key=raw):
            self._count(failed=1)
            self.options.problem(key, "NotThere: what is restored has no object of this key")

    def _lost_leaf(self, lost: LostRows, number: int) -> None:
        if number == self.options.selection.passes - 1:
            why = f"Damaged: {lost.damaged}; {lost.leaf.rows} objects from this key on are not known"
            self._count(failed=lost.leaf.rows)
            self.options.problem(lost.leaf.first, why)

    def _in_the_way(self) -> int:
        """How many objects of the selection are at the destination."""
        return sum(one.present for one in restore_passes(self.source, self.end, self.options))

    def _pass(self, point: RestorePoint) -> None:
        batches: deque[_Batch[Item]] = deque()
        rows = self.present.beside(self._rows(point.number, point.after))
        while not self._stops() and (batch := list(islice(rows, BATCH_ROWS))):
            futures = self.source.begin(batch, self.small, self.large)
            batches.append(_Batch(replace(point, after=batch[-1][0].key), futures))
            if len(batches) >= BATCHES_AT_ONCE:
                self._finish(batches.popleft())
        while batches:
            self._finish(batches.popleft())
        if not self.stopped:
            self._save(replace(point, number=point.number + 1, after=""))

    def _stops(self) -> bool:
        """Whether it was asked to end, once for all: the scheduler that asked may take it back, and rows would be left out."""
        self.stopped = self.stopped or self.options.stop()
        return self.stopped

    def _save(self, point: RestorePoint) -> None:
        self.options.save(replace(point, counts=self.counts, done=tuple(self.done)))

    def _finish(self, batch: _Batch[Item]) -> None:
        written: dict[str, RestoreOutcome[Item]] = {}
        number = batch.point.number
        for future in batch.futures:
            for outcome in self._result(future):
                self._note(outcome)
                self.done[number] += PassCount(1, outcome.row.size)
                if outcome.written is not None:
                    written[outcome.written.key] = outcome
        for key in confirmed_missing(self.end, [w for one in written.values() if (w := one.written)]):
            self._wrong(written.pop(key), "NotAsWritten: the store does not list what was written")
        self._read_back(list(written.values()))
        self.options.told(RestoreProgress(self.counts, tuple(self.done)))
        self._save(batch.point)

    def _result(self, future: Future[list[RestoreOutcome[Item]]]) -> list[RestoreOutcome[Item]]:
        """What became of some rows, with beats meanwhile."""
        while True:
            self.pulse()
            try:
                return future.result(timeout=1.0)
            except NotYet:
                if future.done():
                    raise

    def _wrong(self, outcome: RestoreOutcome[Item], why: str) -> None:
        self._count(restored=-1, bytes=-outcome.row.size, failed=1)
        self.options.problem(outcome.row.key, why)

    def _read_back(self, written: list[RestoreOutcome[Item]]) -> None:
        chosen = self.options.random.sample(written, ceil(len(written) * self.options.read_back))
        for outcome, why in zip(chosen, self.small.map(self._compared, chosen), strict=True):
            if why.startswith("Mismatched"):
                self._count(mismatched=1)
            if why:
                self._wrong(outcome, why)
            else:
                self._count(verified=1)

    def _compared(self, outcome: RestoreOutcome[Item]) -> str:
        """What is wrong with a restored object that is read back; empty: nothing."""
        assert outcome.written is not None, "only what was written is read back"  # noqa: S101
        try:
            if self.source.has_come_back(outcome.row, outcome.written):
                return ""
        except StoreError as error:
            return f"NotReadBack: {told_error(error)}"
        return "Mismatched: it was read back with other bytes than were written"

    def _note(self, outcome: RestoreOutcome[Item]) -> None:
        if outcome.refused or not outcome.why:
            self._in_a_row = self._in_a_row + 1 if outcome.refused else 0
        if outcome.why:
            self._count(failed=1)
            self.options.problem(outcome.row.key, outcome.why)
        elif outcome.written is not None:
            lost, stale = int(bool(outcome.written.lost)), int(outcome.row.stale)
            self._count(restored=1, bytes=outcome.row.size, lost=lost, stale=stale)
        else:
            stale = int(outcome.equal and outcome.row.stale)
            self._count(equal=int(outcome.equal), kept=int(outcome.kept), stale=stale)
        if self._in_a_row >= GIVE_UP:
            raise RepositoryProblem(
                f"{GIVE_UP} objects in a row were refused by a store; the last one: {outcome.why}"
            )

    def _count(self, **more: int) -> None:
        old = self.counts
        self.counts = replace(old, **{name: getattr(old, name) + n for name, n in more.items()})
