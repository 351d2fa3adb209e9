"""When deletes are held. Pure.

s5cmd, mc and azcopy deleted whole destinations after a listing that had failed or was partial (azcopy#1380: 20 TB). Here a run
deletes only if nothing speaks against it, and above a number only what a person has approved.
"""

from dataclasses import dataclass

from imagestore.transfer.job import DeleteGuard
from imagestore.transfer.report import HeldDeletes


@dataclass(frozen=True)
class DeleteFacts:
    """What is known when all is listed and copied. ``known``: entries of the last journal; ``source``: objects listed there.

    ``uncopied``: an object failed. It may have the bytes of one that is to be deleted: the source renamed it.
    """

    waiting: int
    known: int
    source: int
    complete: bool
    first: bool = False
    filter_changed: bool = False
    journal_lost: bool = False
    uncopied: bool = False

    @property
    def percent(self) -> float:
        """How much of what the journal has would be deleted."""
        return 100.0 * self.waiting / max(self.known, self.waiting, 1)


def held_deletes(facts: DeleteFacts, guard: DeleteGuard, digest: str) -> HeldDeletes | None:
    """Why deletes wait; None: none do, or they may go. ``digest``: of exactly these deletes."""
    approved = are_approved(guard, digest, uncopied=facts.uncopied)
    never, unapproved = _never(facts, guard), "" if approved else _unless_approved(facts, guard)
    if not facts.waiting or not (never or unapproved):
        return None
    token = "" if never or not digest else digest + _UNCOPIED if facts.uncopied else digest
    return HeldDeletes(facts.waiting, round(facts.percent, 2), token, never or unapproved)


def are_approved(guard: DeleteGuard, digest: str, *, uncopied: bool) -> bool:
    """Whether a person let these deletes go. Who did when all was copied did not know that objects would fail."""
    told = {digest + _UNCOPIED} if uncopied else {digest, digest + _UNCOPIED}
    return not guard.approved.isdisjoint(told)


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
        ("NotCopied", facts.uncopied),
        ("TooMany", many),
    )
    return next((why for why, so in reasons if so), "")


_UNCOPIED = "-uncopied"  # behind a digest: approved although objects failed
