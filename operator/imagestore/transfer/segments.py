"""The journal in the destination: segments, and the manifest that names them.

A segment is never changed: a new one takes its place, and the manifest, one object, changes from the old journal to the new.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

from imagestore.core.errors import Conflict
from imagestore.core.objects import KeyOrder
from imagestore.transfer.journal import EntryFlag, JournalDamaged, JournalEntry, packed, unpacked
from imagestore.transfer.order import rank_of
from imagestore.transfer.state import StateContent, StateObjects, Superseded

MANIFEST = "journal.json"
SEGMENTS = "segments/"
FORM = 1


@dataclass(frozen=True)
class SegmentRef:
    """One segment. ``last``: its last key. ``waiting``: entries whose objects wait for their deletion."""

    name: str
    last: str
    count: int
    waiting: int
    digest: str


@dataclass(frozen=True)
class JournalManifest:
    """``ends``, ``filter``: digests of the job's. ``generation`` grows with each replacement."""

    ends: str
    filter: str
    order: KeyOrder
    generation: int = 0
    run: str = ""
    segments: tuple[SegmentRef, ...] = ()

    @property
    def count(self) -> int:
        """The entries of all segments."""
        return sum(s.count for s in self.segments)

    def to_bytes(self) -> bytes:
        """As it is stored."""
        return json.dumps({"form": FORM, **asdict(self)}).encode()


def manifest_of(data: bytes) -> JournalManifest | None:
    """What ``to_bytes`` wrote; None: it is cut off, or of another program or version."""
    try:
        told = json.loads(data)
        if told.pop("form") != FORM:
            return None
        refs = tuple(SegmentRef(**s) for s in told.pop("segments"))
        return JournalManifest(**{**told, "order": KeyOrder(told["order"]), "segments": refs})
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


JournalMark = tuple[int, str]
"""Which journal it is: its generation, and the run that wrote it."""


def journal_mark(manifest: JournalManifest | None) -> JournalMark:
    """Of the journal as it is now, whatever ends it is of."""
    return (manifest.generation, manifest.run) if manifest is not None else (0, "")


def journal_now(state: StateObjects) -> JournalMark:
    """The same, read from the destination. Raises StoreError."""
    content = state.read(MANIFEST)
    return journal_mark(manifest_of(content.data) if content else None)


@dataclass
class OldJournal:
    """The last run's journal. ``lost``: a part of it could not be read, so nothing is deleted in this run."""

    state: StateObjects
    manifest: JournalManifest | None = None
    content: StateContent | None = None
    lost: bool = False

    def refs(self, after: str = "", until: str = "") -> list[SegmentRef]:
        """The segments that reach into a range."""
        if self.manifest is None:
            return []
        rank, kept = rank_of(self.manifest.order), []
        for ref in self.manifest.segments:
            if not after or rank(ref.last) > rank(after):
                kept.append(ref)
            if until and rank(ref.last) >= rank(until):
                break
        return kept

    def entries(self, after: str = "", until: str = "") -> Iterator[JournalEntry]:
        """The entries behind ``after`` up to ``until``. A segment that cannot be read has none."""
        if self.manifest is None:
            return
        rank = rank_of(self.manifest.order)
        for ref in self.refs(after, until):
            for entry in self.segment(ref):
                if after and rank(entry.key) <= rank(after):
                    continue
                if until and rank(entry.key) > rank(until):
                    return
                yield entry

    def segment(self, ref: SegmentRef) -> Sequence[JournalEntry]:
        """The entries of one segment, none if it is damaged. Raises StoreError if the store does not answer."""
        found = read_segment(self.state, ref)
        self.lost |= found is None
        return found or ()


def open_journal(state: StateObjects, ends: str, order: KeyOrder) -> OldJournal:
    """The journal of these ends in this order; one of others is none. Raises StoreError."""
    content = state.read(MANIFEST)
    found = manifest_of(content.data) if content else None
    if found is not None and (found.ends != ends or found.order is not order):
        found = None
    return OldJournal(state, found, content, lost=content is not None and found is None)


def read_segment(state: StateObjects, ref: SegmentRef) -> list[JournalEntry] | None:
    """The entries of a segment; None: it is missing, cut off or another program's."""
    content = state.read(ref.name)
    if content is None or _sum(content.data) != ref.digest:
        return None
    try:
        return list(unpacked(content.data))
    except JournalDamaged:
        return None


def write_segment(state: StateObjects, name: str, entries: Sequence[JournalEntry]) -> SegmentRef:
    """Store a segment with at least one entry. Raises StoreError."""
    data = packed(entries)
    state.write(name, data)
    return SegmentRef(name, entries[-1].key, len(entries), _waiting(entries), _sum(data))


def _waiting(entries: Iterable[JournalEntry]) -> int:
    return sum(bool(e.flags & (EntryFlag.GONE | EntryFlag.GONE_BACK)) for e in entries)


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def replace_journal(
    state: StateObjects, old: OldJournal, new: JournalManifest, fence: Callable[[], None]
) -> None:
    """Make the new journal the one that counts, and delete the segments that it does not have.

    ``fence``: called before a journal that has changed is written. Raises StoreError, and Superseded where another process has
    replaced the old one meanwhile.
    """
    if old.manifest is not None and (old.manifest.segments, old.manifest.filter) == (
        new.segments,
        new.filter,
    ):
        return
    fence()
    see_unchanged(state, old)
    try:
        state.write(MANIFEST, new.to_bytes(), old.content, absent=old.content is None)
    except Conflict:
        raise Superseded from None
    kept = {state.place + s.name for s in new.segments}
    state.remove([i for i in state.names(SEGMENTS) if i.key not in kept])


def see_unchanged(state: StateObjects, old: OldJournal) -> None:
    """See that the journal is still the one that the run began with. Raises StoreError and Superseded."""
    now = state.read(MANIFEST)
    if (now.data if now else None) != (old.content.data if old.content else None):
        raise Superseded


def quantiles(manifest: JournalManifest, shards: int) -> list[str]:
    """Keys that part the journal into so many ranges of like size, at the segments' ends."""
    total, seen = manifest.count, 0
    found: list[str] = []
    for ref in manifest.segments[:-1]:
        seen += ref.count
        if seen * shards >= total * (len(found) + 1):
            found.append(ref.last)
    return found[: shards - 1]
