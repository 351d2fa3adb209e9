"""What is to be done with a pair, one way and two ways. Pure.

Whatever is not known for certain keeps data: an object is a candidate for deletion only if the journal says that the run wrote
it and it has not changed since. The guards decide later whether candidates go.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from imagestore.core.objects import ListedObject, ObjectTraits
from imagestore.transfer.equality import Evidence, destination_unchanged, evidence, source_unchanged
from imagestore.transfer.journal import EntryFlag, JournalEntry, etag_digest
from imagestore.transfer.pairs import KeyPair


class PairStep(StrEnum):
    """What a run does with a pair."""

    KEEP = "Keep"  # nothing; the journal's entry stays
    NOTE = "Note"  # equal: a new entry, and nothing else
    COPY = "Copy"
    COPY_BACK = "CopyBack"  # two ways: from the destination to the source
    REFRESH = (
        "Refresh"  # same bytes, but attributes may have changed: compare them, correct the destination's
    )
    REFRESH_BACK = "RefreshBack"
    CONFLICT = "Conflict"  # both changed: the newer one wins
    AWAIT_DELETION = "AwaitDeletion"  # an entry that says so
    REFUSE = "Refuse"  # the other side cannot hold the key as it is
    FORGET = "Forget"  # no entry any more
    LEAVE = "Leave"  # at the destination only, and not ours


class Decision(NamedTuple):
    """A step, and the entry that holds where it writes nothing. ``why``: for what is counted."""

    step: PairStep
    entry: JournalEntry | None = None
    why: str = ""


@dataclass(frozen=True)
class DecisionRules:
    """What decides besides the pair. ``skew``: the destination's clock minus the source's, in ms."""

    source: ObjectTraits
    destination: ObjectTraits
    two_way: bool = False
    deletes: bool = False
    since: int | None = None
    skew: int = 0
    same_filter: bool = True  # as in the last run: what it excluded by tags stays excluded


def decision(pair: KeyPair, rules: DecisionRules) -> Decision:
    """What to do with a pair. The key fits the filter's names on both sides."""
    if pair.source is None and pair.destination is None:
        return Decision(PairStep.FORGET)
    if pair.entry is not None and pair.entry.has(EntryFlag.EXCLUDED):
        return (
            _excluded(pair, pair.entry, rules)
            if rules.same_filter
            else decision(pair._replace(entry=None), rules)
        )
    return _two_ways(pair, rules) if rules.two_way else _one_way(pair, rules)


def _excluded(pair: KeyPair, entry: JournalEntry, rules: DecisionRules) -> Decision:
    """The tags of the source's object did not match; unless it changed, they are not read again."""
    if pair.source is None:
        return Decision(PairStep.LEAVE)
    if source_unchanged(pair.source, entry) and pair.source.modified <= entry.source_modified:
        return Decision(PairStep.KEEP, entry)
    return decision(pair._replace(entry=None), rules)


def _one_way(pair: KeyPair, rules: DecisionRules) -> Decision:
    source, destination, entry = pair.source, pair.destination, pair.entry
    if source is None:
        return _gone(pair, rules)
    if entry is None and rules.since is not None and source.modified < rules.since:
        return Decision(PairStep.LEAVE, why="Older")
    if destination is None:
        return Decision(PairStep.COPY)
    if entry is None:
        return _met(pair.key, source, destination, rules)
    if source_unchanged(source, entry) and destination_unchanged(destination, entry):
        return _kept(source, destination, entry)
    if evidence(source, rules.source, destination, rules.destination) is Evidence.EQUAL:
        return Decision(PairStep.REFRESH, noted(pair.key, source, destination, entry.flags & EntryFlag.OURS))
    return Decision(PairStep.COPY)


def _gone(pair: KeyPair, rules: DecisionRules) -> Decision:
    """Only the destination has it."""
    entry = pair.entry
    if entry is None or not entry.has(EntryFlag.OURS):
        return Decision(PairStep.LEAVE, why="NotOurs")
    if not destination_unchanged(pair.destination, entry):
        return Decision(PairStep.LEAVE, why="Changed")
    return _awaiting(entry, EntryFlag.GONE, rules)


def _awaiting(entry: JournalEntry, flag: int, rules: DecisionRules) -> Decision:
    """A candidate for deletion; where deletes are ignored the entry stays as it was."""
    kept = entry._replace(flags=_settled(entry.flags) | (flag if rules.deletes else 0))
    return Decision(PairStep.AWAIT_DELETION if rules.deletes else PairStep.KEEP, kept)


def _settled(flags: int) -> int:
    return flags & ~(EntryFlag.GONE | EntryFlag.GONE_BACK)


def _kept(source: ListedObject, destination: ListedObject, entry: JournalEntry) -> Decision:
    """The same bytes as ever. A later time at the source may mean other attributes."""
    kept = entry._replace(flags=_settled(entry.flags))
    if source.modified > entry.source_modified:
        return Decision(PairStep.REFRESH, noted(entry.key, source, destination, kept.flags))
    return Decision(PairStep.KEEP, kept)


def _met(key: str, source: ListedObject, destination: ListedObject, rules: DecisionRules) -> Decision:
    """Both are there and the journal knows nothing of it."""
    known = evidence(source, rules.source, destination, rules.destination)
    if known is Evidence.EQUAL:
        return Decision(PairStep.NOTE, noted(key, source, destination))
    newer = destination.modified - rules.skew >= source.modified
    if known is Evidence.UNKNOWN and (newer or rules.two_way):
        return Decision(PairStep.NOTE, noted(key, source, destination, EntryFlag.UNVERIFIED))
    return Decision(PairStep.CONFLICT if rules.two_way else PairStep.COPY)


def noted(key: str, source: ListedObject, destination: ListedObject, flags: int = 0) -> JournalEntry:
    """An entry for two objects that are equal."""
    return JournalEntry(
        key,
        source.size,
        etag_digest(source.etag),
        source.modified,
        etag_digest(destination.etag),
        destination.modified,
        flags,
    )


def _two_ways(pair: KeyPair, rules: DecisionRules) -> Decision:
    source, destination, entry = pair.source, pair.destination, pair.entry
    if entry is None:
        if source is None or destination is None:
            return _on_one_side(source, destination, rules)
        return _met(pair.key, source, destination, rules)
    same = source_unchanged(source, entry), destination_unchanged(destination, entry)
    if source is None:
        return _awaiting(entry, EntryFlag.GONE, rules) if same[1] else Decision(PairStep.COPY_BACK)
    if destination is None:
        return _awaiting(entry, EntryFlag.GONE_BACK, rules) if same[0] else Decision(PairStep.COPY)
    if all(same):
        return _kept_both(source, destination, entry)
    if evidence(source, rules.source, destination, rules.destination) is Evidence.EQUAL:
        return Decision(PairStep.NOTE, noted(pair.key, source, destination))
    if any(same):
        return Decision(PairStep.COPY_BACK if same[0] else PairStep.COPY)
    return Decision(PairStep.CONFLICT)


def _on_one_side(
    source: ListedObject | None, destination: ListedObject | None, rules: DecisionRules
) -> Decision:
    """An object that the journal does not know and one side lacks."""
    written = source.modified if source else destination.modified - rules.skew if destination else 0
    if rules.since is not None and written < rules.since:
        return Decision(PairStep.LEAVE, why="Older")
    return Decision(PairStep.COPY if destination is None else PairStep.COPY_BACK)


def _kept_both(source: ListedObject, destination: ListedObject, entry: JournalEntry) -> Decision:
    moved = destination.modified > entry.destination_modified
    if source.modified <= entry.source_modified and moved:
        return Decision(PairStep.REFRESH_BACK, noted(entry.key, source, destination, _settled(entry.flags)))
    return _kept(source, destination, entry)


def source_wins(source: ListedObject, destination: ListedObject, skew: int) -> bool:
    """Which of two sides that both changed: the newer by its store's clock, of two alike the one with the larger ETag."""
    mine, theirs = source.modified, destination.modified - skew
    return (mine, source.etag, source.size) > (theirs, destination.etag, destination.size)
