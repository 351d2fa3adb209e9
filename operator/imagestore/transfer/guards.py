"""When deletes are held. Pure.

s5cmd, mc and azcopy deleted whole destinations after a listing that had failed or was partial (azcopy#1380: 20 TB). Here a run
deletes only if nothing speaks against it, and above a number only what a person has approved.
"""

from dataclasses import dataclass

from imagestore.transfer.job import DeleteGuard
from imagestore.transfer.report import HeldDeletes


@dataclass(frozen=True)
class DeleteFacts:
    """What is known when all is listed and copied. ``known``: entries of the last journal; ``source``: objects listed there."""

    waiting: int
    known: int
    source: int
    complete: bool
    first: bool = False
    filter_changed: bool = False
    journal_lost: bool = False

    @property
    def percent(self) -> float:
        """How much of what the journal has would be deleted."""
        return 100.0 * self.waiting / max(self.known, self.waiting, 1)


def held_deletes(facts: DeleteFacts, guard: DeleteGuard, digest: str) -> HeldDeletes | None:
    """Why deletes wait; None: none do, or they may go. ``digest``: of exactly these deletes."""
    why = _never(facts, guard) or ("" if digest in guard.approved else _unless_approved(facts, guard))
    if not facts.waiting or not why:
        return None
    return HeldDeletes(facts.waiting, round(facts.percent, 2), digest, why)


def _never(facts: DeleteFacts, guard: DeleteGuard) -> str:
    """What no approval overrules: the run does not know enough."""
    reasons = (
        ("NotComplete", not facts.complete),
        ("Refused", bool(guard.refused)),
        ("JournalLost", facts.journal_lost),
        ("FirstRun", facts.first),
    )
    return next((why for why, so in reasons if so), "")


def _unless_approved(facts: DeleteFacts, guard: DeleteGuard) -> str:
    many = facts.waiting > guard.max_deletes or facts.percent > guard.max_percent
    reasons = (
        ("SourceEmpty", facts.source == 0),
        ("FilterChanged", facts.filter_changed),
        ("TooMany", many),
    )
    return next((why for why, so in reasons if so), "")
