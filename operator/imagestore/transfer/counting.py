"""What stretches and single objects add to a run's counts."""

from imagestore.core.objects import ListedObject
from imagestore.transfer.decide import PairStep
from imagestore.transfer.performing import WorkOutcome
from imagestore.transfer.tally import ReportedKey, Tally

BACK = frozenset({PairStep.COPY_BACK, PairStep.REFRESH_BACK})


def count_failure(tally: Tally, outcome: WorkOutcome) -> None:
    """An object that is not equal."""
    pair, item = outcome.work.pair, _copied_side(outcome)
    modified = pair.source.modified if pair.source else None
    tally.failure(pair.key, outcome.failure, outcome.message, item.size if item else 0, modified)


def count_success(tally: Tally, outcome: WorkOutcome) -> None:
    """An object that is equal now, or vanished."""
    work = outcome.work
    tally.lost.update(outcome.lost)
    tally.excluded += outcome.excluded
    if outcome.copied is not None:
        tally.copied += 1
        tally.copied_bytes += outcome.copied
        if work.step in BACK:
            tally.line(ReportedKey(work.pair.key, "CopiedBack"))
    elif outcome.entry is not None and not outcome.excluded and not outcome.vanished:
        tally.equal += 1
    if outcome.conflict:
        tally.conflicts += 1
        tally.line(ReportedKey(work.pair.key, "Conflict", f"the other one is kept as {outcome.conflict}"))


def _copied_side(outcome: WorkOutcome) -> ListedObject | None:
    pair = outcome.work.pair
    return pair.destination if outcome.work.step in BACK else pair.source
