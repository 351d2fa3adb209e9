"""The first half of a run, over a range of keys: list both sides, decide, copy, and write the new journal's segments."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from imagestore.transfer.clocks import Clocks
from imagestore.transfer.counting import count_failure, count_success
from imagestore.transfer.crew import Crew, StretchUnderway
from imagestore.transfer.decide import Decision, PairStep, changed_at, decision, is_as_noted
from imagestore.transfer.differences import rules_of
from imagestore.transfer.fitting_keys import Fitting
from imagestore.transfer.intents import settled
from imagestore.transfer.job import LateAfter, TransferHooks, TransferJob
from imagestore.transfer.journal import EntryFlag, JournalEntry
from imagestore.transfer.listings import KeyRange, SideFailed, at_side, listings, order_of
from imagestore.transfer.order import rank_of
from imagestore.transfer.pace import Pace
from imagestore.transfer.pairs import KeyPair, overlaid, paired
from imagestore.transfer.performing import ObjectCopier, Performer, WorkOutcome, to_compare
from imagestore.transfer.progress import ProgressTeller
from imagestore.transfer.report import TransferSide
from imagestore.transfer.saving import CheckpointSaver
from imagestore.transfer.segments import SEGMENTS, OldJournal, SegmentRef, write_segment
from imagestore.transfer.stretches import Stretch, stretches
from imagestore.transfer.weighing import FailureScale

UNDERWAY = 3  # stretches at once
REQUESTS = 2  # of an object, about: one to either store


@dataclass
class CopyingRun:
    """``saver.now.ended`` when both sides were read to the end of the range and nothing was left out."""

    job: TransferJob
    hooks: TransferHooks
    copier: ObjectCopier
    old: OldJournal
    saver: CheckpointSaver
    clocks: Clocks
    teller: ProgressTeller
    part: KeyRange = field(default_factory=KeyRange)
    read: dict[TransferSide, bool] = field(default_factory=dict)
    left_out: bool = False
    has_turn: Callable[[str], bool] = lambda _: False  # whether a key's attributes are read again in this run
    open: list[Stretch] = field(default_factory=list)  # decided, and not in a checkpoint as a whole

    def run(self) -> None:
        """Go on from the checkpoint to the end of the range. Raises SideFailed, Superseded, Fenced and DiskFull."""
        part = replace(self.part, after=self.saver.now.low or self.part.after)
        with at_side("source"):
            self.fitting.begin(part.after)
        with ExitStack() as stack:
            pool = ThreadPoolExecutor(self.job.limits.workers, "transfer")
            stack.callback(pool.shutdown, wait=True, cancel_futures=True)
            source, destination = stack.enter_context(listings(self.job, self.hooks, part, self.read))
            pairs = paired(rank_of(order_of(self.job)), source, destination, self._journal(part))
            self._work_off(pairs, part, pool)
        self.saver.now.ended = not self.left_out

    def _work_off(self, pairs: Iterator[KeyPair], part: KeyRange, pool: Executor) -> None:
        crew = Crew(pool, self.job.limits.workers, self._performer().perform, self.hooks.stop)
        underway: deque[StretchUnderway] = deque()
        refs = self.old.refs(part.after, part.until)
        try:
            for stretch in stretches(
                pairs,
                self._as_noted,
                self._decide,
                refs,
                rank_of(order_of(self.job)),
                self.job.limits.segment,
            ):
                self.hooks.ready()
                self.left_out |= self.hooks.stop()
                if self.left_out:
                    break
                underway.append(self._begun(crew, stretch))
                if len(underway) > UNDERWAY:
                    self._end(crew, underway.popleft())
        except SideFailed:
            self._end_all(crew, underway)
            raise
        self._end_all(crew, underway)

    def _end_all(self, crew: Crew, underway: deque[StretchUnderway]) -> None:
        while underway:
            self._end(crew, underway.popleft())
        if self.left_out or self.saver.done:
            with at_side("destination"):
                self.saver.save()

    def _journal(self, part: KeyRange) -> Iterator[JournalEntry]:
        """The old journal's entries, and those that this run finished before it was interrupted."""
        with at_side("destination"):
            entries = self.old.entries(part.after, part.until)
            yield from overlaid(entries, self.saver.done, rank_of(order_of(self.job)))

    def _as_noted(self, pair: KeyPair) -> bool:
        """Whether nothing has to be decided of a pair, nor read again."""
        if not is_as_noted(pair) or (self._beside and self._needs_a_look(pair)):
            return False
        if not self.fitting.nested:
            self.fitting.passed(pair.key)
        return True

    def _needs_a_look(self, pair: KeyPair) -> bool:
        return pair.key in self.saver.done or self._is_reread(pair)

    def _decide(self, pair: KeyPair) -> Decision:
        chosen = self._chosen(pair)
        refused = self.fitting.refusal(pair.key, chosen.step, at_source=pair.source is not None)
        if not refused:
            return chosen
        return Decision(PairStep.REFUSE, None, refused, changed_at(pair, chosen.step, self.clocks.ahead))

    def _chosen(self, pair: KeyPair) -> Decision:
        if pair.key in self.saver.done:
            return Decision(PairStep.KEEP, self.saver.done[pair.key], "Done")
        if self._may_match(pair):
            return self._anew(pair)
        chosen = decision(pair, self._rules)
        if told := self.saver.now.intents.get(pair.key):
            return settled(chosen, pair, told, self._rules)
        if chosen.step is PairStep.KEEP and self._is_reread(pair):
            return chosen._replace(step=PairStep.REFRESH)
        return chosen

    def _is_reread(self, pair: KeyPair) -> bool:
        both = pair.source is not None and pair.destination is not None
        return both and self._is_due(pair.key)

    def _is_due(self, key: str) -> bool:
        return not self.job.two_way and (key in self.job.options.named or self.has_turn(key))

    def _may_match(self, pair: KeyPair) -> bool:
        """Whether the tags of a source's object that did not match are read again."""
        excluded = pair.entry is not None and pair.entry.has(EntryFlag.EXCLUDED)
        return excluded and pair.source is not None and self._is_due(pair.key)

    def _anew(self, pair: KeyPair) -> Decision:
        """As if it were new. The tags are read before anything is written, of equal bytes as well."""
        chosen = decision(pair._replace(entry=None), self._rules)
        return chosen._replace(step=PairStep.REFRESH) if chosen.step is PairStep.NOTE else chosen

    def __post_init__(self) -> None:
        self._rules = rules_of(self.job, self.clocks, self.old)
        self.fitting, self.scale = Fitting(self.job), FailureScale(self.job, self.saver.save)
        self._beside = bool(self.saver.done or self.job.options.reread or self.job.options.named)
        self.pace = Pace(self.job.limits.requests_per_second, self.hooks.clock, self.hooks.sleep)

    def _performer(self) -> Performer:
        return Performer(self.job, self.copier, self._permit, self.clocks.at, self.clocks.ahead)

    def _permit(self) -> None:
        self.hooks.yield_to()
        self.pace.spend(REQUESTS)
        self.hooks.permit()

    def _begun(self, crew: Crew, stretch: Stretch) -> StretchUnderway:
        self.teller.plan(stretch)
        self.open.append(stretch)
        if self.job.options.dry_run:
            _leave_undone(stretch, self.clocks.ahead)
        with at_side("destination"):
            self.saver.intend(stretch)
        return crew.begin(stretch)

    def _end(self, crew: Crew, now: StretchUnderway) -> None:
        """Wait for a stretch, and close it. Where that fails, none behind it is closed: its keys were passed over then."""
        try:
            self._ended(crew, now)
        except SideFailed:
            self.left_out = True
            raise

    def _ended(self, crew: Crew, now: StretchUnderway) -> None:
        for outcome in crew.outcomes(now):
            if outcome is not None:
                self._record(now.stretch, outcome)
                continue
            self.teller.tell()
            with at_side("destination"):
                self.saver.save_in_time()
        self.left_out |= not now.whole
        if not self.left_out:
            with at_side("destination"):
                self._close(now.stretch)

    def _record(self, stretch: Stretch, outcome: WorkOutcome) -> None:
        stretch.entries[outcome.work.pair.key] = to_compare(outcome) if outcome.failure else outcome.entry
        if outcome.failure:
            self.saver.now.unread |= self.has_turn(outcome.work.pair.key)
            count_failure(stretch.tally, outcome, self.clocks.ahead)
        else:
            with self.saver.lock:
                self.saver.finish(outcome.work.pair.key, outcome.entry)
                count_success(self.saver.now.tally, outcome, self._late)
        self.teller.done(size=outcome.copied or 0, failed=bool(outcome.failure))
        self.scale.weigh(outcome)

    @property
    def _late(self) -> LateAfter | None:
        """By the clock of its side."""
        late = self.job.options.late
        return late and late._replace(moment=late.moment + self.clocks.skew[late.side])

    def _close(self, stretch: Stretch) -> None:
        """The stretch becomes a segment of the new journal, or stays that of the old one."""
        segment = stretch.reused or self._written(stretch)
        with self.saver.lock:
            if segment is not None:
                self.saver.now.segments.append(segment)
            self.saver.now.tally.add(stretch.tally)
            self.saver.close(stretch.last, stretch.entries)
        self.open.remove(stretch)

    def _written(self, stretch: Stretch) -> SegmentRef | None:
        entries = stretch.kept()
        if not entries or self.job.options.dry_run:
            return None
        self.saver.now.made += 1
        now = self.saver.now
        name = f"{SEGMENTS}{now.run}-{self.saver.file.name}-{now.epoch}-{now.made}"
        return write_segment(self.old.state, name, entries)


def _leave_undone(stretch: Stretch, skew: int) -> None:
    """What a dry run would do stays to be done."""
    for work in stretch.work:
        item = work.pair.source or work.pair.destination
        if item is not None:
            stretch.tally.late(item.size, changed_at(work.pair, work.step, skew))
    stretch.work.clear()
