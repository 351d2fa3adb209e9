"""What a run would do, key by key, without doing it: for ``transfer diff``. Writes nothing."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

from imagestore.transfer.clocks import Clocks
from imagestore.transfer.decide import Decision, DecisionRules, PairStep, decision
from imagestore.transfer.job import DeleteMode, TransferHooks, TransferJob
from imagestore.transfer.journal import EntryFlag
from imagestore.transfer.listings import KeyRange, at_side, listings, order_of
from imagestore.transfer.order import rank_of
from imagestore.transfer.pairs import KeyPair, paired
from imagestore.transfer.segments import OldJournal, open_journal
from imagestore.transfer.state import StateObjects


class KeyDifference(NamedTuple):
    """A pair, and what a run would do with it."""

    pair: KeyPair
    chosen: Decision

    @property
    def is_equal(self) -> bool:
        """Whether the pair is equal as far as is known."""
        entry = self.chosen.entry
        kept = self.chosen.step in (PairStep.KEEP, PairStep.NOTE)
        both = self.pair.source is not None and self.pair.destination is not None
        return kept and both and entry is not None and not entry.has(EntryFlag.UNVERIFIED)


def rules_of(job: TransferJob, clocks: Clocks, journal: OldJournal) -> DecisionRules:
    """What decides besides the pairs."""
    options, manifest = job.options, journal.manifest
    return DecisionRules(
        job.source.store.traits,
        job.destination.store.traits,
        two_way=job.two_way,
        deletes=options.deletes is not DeleteMode.IGNORE,
        since=None if options.since is None else options.since + clocks.skew["source"],
        lost=options.lost,
        skew=clocks.ahead,
        first=manifest is None or options.dry_run,  # what only compares sets no tags, and would never be done
        same_filter=manifest is not None and manifest.filter == job.filter_digest(),
    )


def differences(job: TransferJob, hooks: TransferHooks) -> Iterator[KeyDifference]:
    """All pairs, equal ones too. Raises SideFailed and DiskFull."""
    end, clocks = job.destination, Clocks(hooks)
    state = StateObjects(end.store, end.bucket, job.place, hooks.permit)
    with at_side("destination"):
        clocks.read("destination", end)
        journal = open_journal(state, job.ends_digest(), order_of(job))
    with at_side("source"):
        clocks.read("source", job.source)
    rules = rules_of(job, clocks, journal)
    with ExitStack() as stack:
        source, destination = stack.enter_context(listings(job, hooks, KeyRange(), {}))
        for pair in paired(rank_of(order_of(job)), source, destination, journal.entries()):
            yield KeyDifference(pair, decision(pair, rules))
