"""What is to be done with a pair, one way and two ways. Pure.

Whatever is not known for certain keeps data: an object is a candidate for deletion only if the journal says that the run wrote
it and it has not changed since. The guards decide later whether candidates go.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from imagestore.core.objects import ListedObject, ObjectTraits
from imagestore.transfer.equality import (
    Evidence,
    destination_unchanged,
    evidence,
    source_unchanged,
    was_uploaded_in_parts,
)
from imagestore.transfer.journal import EntryFlag, JournalEntry, etag_digest
from imagestore.transfer.pairs import KeyPair
from imagestore.transfer.report import TransferSide


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
    COMPARE = "Compare"  # two ways: read both sides; where the bytes differ, it is a conflict
    PROVE = "Prove"  # what a killed run may have copied: read both sides; where they are equal, REFRESH
    PROVE_BACK = "ProveBack"
    AWAIT_DELETION = "AwaitDeletion"  # an entry that says so
    REFUSE = "Refuse"  # the other side cannot hold the key as it is
    FORGET = "Forget"  # no entry any more
    LEAVE = "Leave"  # at the destination only, and not ours


BACK = frozenset({PairStep.COPY_BACK, PairStep.REFRESH_BACK, PairStep.PROVE_BACK})
PROVING = frozenset({PairStep.PROVE, PairStep.PROVE_BACK})


class Decision(NamedTuple):
    """A step, and the entry that holds where it writes nothing. ``why``: for what is counted.

    ``changed``: when the change was made that the other side cannot hold.
    """

    step: PairStep
    entry: JournalEntry | None = None
    why: str = ""
    changed: int | None = None


def changed_at(pair: KeyPair, step: PairStep, skew: int) -> int | None:
    """When the change was made that a step brings over, by the source's clock; of two sides' changes the earlier one."""
    mine = pair.source.modified if pair.source else None
    theirs = pair.destination.modified - skew if pair.destination else None
    if step in BACK:
        return theirs
    if step in (PairStep.CONFLICT, PairStep.COMPARE) and mine is not None and theirs is not None:
        return min(mine, theirs)
    return mine


@dataclass(frozen=True)
class DecisionRules:
    """What decides besides the pair. ``lost``: see ``TransferOptions``. ``skew``: the destination's clock minus the source's, in ms.

    ``since``: by the source's clock. ``first``: no run before this one has copied.
    """

    source: ObjectTraits
    destination: ObjectTraits
    two_way: bool = False
    deletes: bool = False
    since: int | None = None
    skew: int = 0
    first: bool = True
    lost: frozenset[TransferSide] = frozenset()
    same_filter: bool = True  # as in the last run: what it excluded by tags stays excluded


def is_as_noted(pair: KeyPair) -> bool:
    """Whether both sides are just what the journal has, and nothing waits. Of a billion keys, all but a few are."""
    _, source, destination, entry, _ = pair
    return (
        entry is not None
        and source is not None
        and destination is not None
        and entry.flags in _AT_REST
        and source.size == entry.size == destination.size
        and source.modified <= entry.source_modified
        and destination.modified <= entry.destination_modified
        and (digest := etag_digest(source.etag)) == entry.source
        and entry.destination
        == (digest if destination.etag == source.etag else etag_digest(destination.etag))
    )


_AT_REST = (EntryFlag.NONE, EntryFlag.OURS)


def decision(pair: KeyPair, rules: DecisionRules) -> Decision:
    """What to do with a pair. The key fits the filter's names on both sides."""
    if is_as_noted(pair):
        return Decision(PairStep.KEEP, pair.entry)
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
    if entry is None and _is_older(source, source.modified, rules):
        return Decision(PairStep.LEAVE, why="Older")
    if destination is None:
        return Decision(PairStep.COPY)
    if entry is None:
        return _met(pair.key, source, destination, rules)
    if source_unchanged(source, entry) and destination_unchanged(destination, entry):
        copied = Decision(PairStep.COPY)
        return copied if entry.has(EntryFlag.DIFFERENT) else _kept(source, destination, entry)
    if evidence(source, rules.source, destination, rules.destination) is Evidence.EQUAL:
        return Decision(
            PairStep.REFRESH, equal_entry(pair.key, source, destination, entry.flags & EntryFlag.OURS)
        )
    return Decision(PairStep.COPY)


_LONGEST_UPLOAD = (
    86_400_000  # ms; AWS dates an object that was uploaded in parts by the beginning of the upload
)


def _is_older(item: ListedObject, modified: int, rules: DecisionRules) -> bool:
    """Whether it was there before. ``modified``: by the source's clock."""
    under_way = _LONGEST_UPLOAD if was_uploaded_in_parts(item) else 0
    return rules.since is not None and modified < rules.since - under_way


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
        return Decision(PairStep.REFRESH, equal_entry(entry.key, source, destination, kept.flags))
    return Decision(PairStep.KEEP, kept)


def _met(key: str, source: ListedObject, destination: ListedObject, rules: DecisionRules) -> Decision:
    """Both are there and the journal knows nothing of it."""
    known = evidence(source, rules.source, destination, rules.destination)
    if known is Evidence.EQUAL:
        return Decision(_noting(rules), equal_entry(key, source, destination))
    newer = destination.modified - rules.skew >= source.modified
    if known is Evidence.UNKNOWN and rules.two_way:
        return Decision(PairStep.COMPARE, equal_entry(key, source, destination))
    if known is Evidence.UNKNOWN and newer:
        return Decision(_noting(rules), equal_entry(key, source, destination, EntryFlag.UNVERIFIED))
    return Decision(PairStep.CONFLICT if rules.two_way else PairStep.COPY)


def _noting(rules: DecisionRules) -> PairStep:
    """What a run that is not the first one meets may be a copy that failed behind its bytes: without its tags it was equal from then on."""
    return PairStep.NOTE if rules.first or rules.two_way else PairStep.REFRESH


def equal_entry(key: str, source: ListedObject, destination: ListedObject, flags: int = 0) -> JournalEntry:
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


_UNPROVEN = EntryFlag.UNVERIFIED | EntryFlag.DIFFERENT


def _two_ways(pair: KeyPair, rules: DecisionRules) -> Decision:
    source, destination, entry = pair.source, pair.destination, pair.entry
    if entry is None:
        return _unknown(pair, rules)
    same = source_unchanged(source, entry), destination_unchanged(destination, entry)
    if source is None or destination is None:
        return _one_missing(pair, entry, rules, unchanged=any(same))
    if all(same):
        conflict = Decision(PairStep.CONFLICT)
        return conflict if entry.has(EntryFlag.DIFFERENT) else _kept_both(source, destination, entry)
    if entry.has(_UNPROVEN):
        return _met(pair.key, source, destination, rules)
    if evidence(source, rules.source, destination, rules.destination) is Evidence.EQUAL:
        return Decision(PairStep.NOTE, equal_entry(pair.key, source, destination))
    if any(same):
        return Decision(PairStep.COPY_BACK if same[0] else PairStep.COPY)
    return Decision(PairStep.CONFLICT)


def _one_missing(pair: KeyPair, entry: JournalEntry, rules: DecisionRules, *, unchanged: bool) -> Decision:
    """Deleted, if the other one is as it was. Of two objects that nothing compared, neither goes because the other one did."""
    at_source = pair.source is None
    if not unchanged or ("source" if at_source else "destination") in rules.lost:
        return Decision(PairStep.COPY_BACK if at_source else PairStep.COPY)
    if entry.has(_UNPROVEN):
        return Decision(PairStep.KEEP, entry._replace(flags=_settled(entry.flags)))
    return _awaiting(entry, EntryFlag.GONE if at_source else EntryFlag.GONE_BACK, rules)


def _unknown(pair: KeyPair, rules: DecisionRules) -> Decision:
    """What the journal does not know."""
    source, destination = pair.source, pair.destination
    if source is not None and destination is not None:
        return _met(pair.key, source, destination, rules)
    item, skew = (source, 0) if source is not None else (destination, rules.skew)
    if item is not None and _is_older(item, item.modified - skew, rules):
        return Decision(PairStep.LEAVE, why="Older")
    return Decision(PairStep.COPY if destination is None else PairStep.COPY_BACK)


def _kept_both(source: ListedObject, destination: ListedObject, entry: JournalEntry) -> Decision:
    moved = destination.modified > entry.destination_modified
    if source.modified <= entry.source_modified and moved:
        return Decision(
            PairStep.REFRESH_BACK, equal_entry(entry.key, source, destination, _settled(entry.flags))
        )
    return _kept(source, destination, entry)


def source_wins(source: ListedObject, destination: ListedObject, skew: int) -> bool:
    """Which of two sides that both changed: the newer by its store's clock, of two alike the one with the larger ETag."""
    mine, theirs = source.modified, destination.modified - skew
    return (mine, source.etag, source.size) > (theirs, destination.etag, destination.size)
