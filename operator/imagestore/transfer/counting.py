"""What stretches and single objects add to a run's counts."""

from imagestore.core.objects import ListedObject
from imagestore.transfer.decide import BACK, changed_at
from imagestore.transfer.job import LateAfter
from imagestore.transfer.journal import EntryFlag
from imagestore.transfer.overwriting import NEWER
from imagestore.transfer.performing import WorkOutcome
from imagestore.transfer.tally import ReportedKey, Tally


def count_failure(tally: Tally, outcome: WorkOutcome, skew: int) -> None:
    """An object that is not equal. ``skew``: the destination's clock minus the source's."""
    pair, item = outcome.work.pair, _copied_side(outcome)
    modified = changed_at(pair, outcome.work.step, skew)
    if outcome.failure == NEWER and pair.destination is not None:
        tally.newest_of_others = max(tally.newest_of_others, pair.destination.modified)
    tally.failure(pair.key, outcome.failure, outcome.message, item.size if item else 0, modified)


def count_success(tally: Tally, outcome: WorkOutcome, late: LateAfter | None = None) -> None:
    """An object that is equal now, or vanished. ``late``: by the clock of its side."""
    work = outcome.work
    if outcome.lost:
        tally.lost.update(outcome.lost)
    tally.excluded += outcome.excluded
    if outcome.copied is not None:
        tally.copied += 1
        tally.copied_bytes += outcome.copied
        if _is_late(outcome, late):
            tally.late_writes += 1
            tally.line(ReportedKey(work.pair.key, "LateWrite"))
        elif work.step in BACK:
            tally.line(ReportedKey(work.pair.key, "CopiedBack"))
    elif outcome.entry is not None and not outcome.excluded and not outcome.vanished:
        unverified = outcome.entry.has(EntryFlag.UNVERIFIED)
        tally.unverified += unverified
        tally.equal += not unverified
    if outcome.conflict:
        tally.conflicts += 1
        tally.line(ReportedKey(work.pair.key, "Conflict", f"the other one is kept as {outcome.conflict}"))


def _is_late(outcome: WorkOutcome, late: LateAfter | None) -> bool:
    """Whether it was brought over from the side that applications had left: to be looked at, for their program still writes there."""
    if late is None:
        return False
    pair, at_destination = outcome.work.pair, late.side == "destination"
    item = pair.destination if at_destination else pair.source
    away = bool(outcome.conflict) or (outcome.work.step in BACK) == at_destination
    return away and item is not None and item.modified >= late.moment


def _copied_side(outcome: WorkOutcome) -> ListedObject | None:
    pair = outcome.work.pair
    return pair.destination if outcome.work.step in BACK else pair.source
