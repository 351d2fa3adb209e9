"""The contents of rows: ranged reads of packs, neighbours merged; frames of blobs. Each content is proven by its row's hash."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple, TypeVar

from imagestore.repository.errors import DamagedFile, FileNotGiven
from imagestore.repository.format.names import blob_file, pack_file
from imagestore.repository.format.packs import BlobFrames, open_entry, regrouped
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.view import MovedEntries, one_file_given

T = TypeVar("T")
SPAN_BYTES = 4 * 1024**2
GAP_BYTES = 128 * 1024  # read over so much that is not wanted rather than ask again


class PlacedRow(NamedTuple):
    """A row, and the same at the place where its content is looked for first."""

    row: BackupRow
    place: BackupRow


class PackSpan(NamedTuple):
    """A range of a pack that is read at once."""

    pack: str
    start: int
    end: int
    rows: tuple[PlacedRow, ...]


def pack_spans(rows: Iterable[PlacedRow]) -> list[PackSpan]:
    """The ranges in which these rows' entries are read. Rows without a pack are in none."""
    ordered = sorted((r for r in rows if r.place.pack), key=lambda r: (r.place.pack, r.place.offset))
    found: list[PackSpan] = []
    for placed in ordered:
        place = placed.place
        end = place.offset + place.length
        last = found[-1] if found else None
        if last is not None and _is_near(last, place, end):
            found[-1] = last._replace(end=max(last.end, end), rows=(*last.rows, placed))
        else:
            found.append(PackSpan(place.pack, place.offset, end, (placed,)))
    return found


def _is_near(last: PackSpan, row: BackupRow, end: int) -> bool:
    return last.pack == row.pack and row.offset <= last.end + GAP_BYTES and end - last.start <= SPAN_BYTES


@dataclass
class ContentReader:
    """Reads contents. May be used from several threads. ``lasting``: only from places that a removal keeps: what else is whole proves little."""

    repository: Repository
    lasting: bool = False
    moved: MovedEntries = field(init=False)

    def __post_init__(self) -> None:
        self.moved = MovedEntries(self.repository, reading=not self.lasting)

    def placed(self, row: BackupRow) -> PlacedRow:
        """The row with its latest place."""
        return PlacedRow(row, next(self.moved.places(row)))

    def small(self, span: PackSpan) -> Iterator[tuple[BackupRow, bytes | DamagedFile]]:
        """The contents of a span, each from another place where it is damaged in this one, or what is wrong with it."""
        data, name = b"", pack_file(span.pack)
        try:
            with one_file_given(self.repository, name):
                data = self.repository.files.read(name, (span.start, span.end))
        except FileNotGiven as lost:
            yield from ((row, self._elsewhere(row, lost)) for row, _ in span.rows)
            return
        except DamagedFile:
            pass
        for row, place in span.rows:
            start = place.offset - span.start
            entry = data[start : start + place.length]
            try:
                yield row, self._proven(place, entry)
            except DamagedFile:
                yield row, self._anywhere(row)

    def _anywhere(self, row: BackupRow) -> bytes | DamagedFile:
        try:
            return self.content(row)
        except DamagedFile as damaged:
            return damaged

    def _elsewhere(self, row: BackupRow, lost: FileNotGiven) -> bytes | DamagedFile:
        """The content from another place than a file that the store may take a minute to refuse again."""
        return self._anywhere(row) if len(list(self.moved.places(row))) > 1 else lost

    def _proven(self, row: BackupRow, entry: bytes) -> bytes:
        content = open_entry(self.repository.vault, row.pack, row.offset, entry)
        if len(content) != row.size or sha256(content).hexdigest() != row.sha256:
            raise DamagedFile(pack_file(row.pack), "an entry has not the hash that its row tells")
        return content

    def _whole(self, row: BackupRow) -> bytes:
        """The content at one place, from an older version of its file where one lies over it."""
        if not row.pack:
            return b"".join(self.blocks(row))
        name, span = pack_file(row.pack), (row.offset, row.offset + row.length)
        with one_file_given(self.repository, name):
            return self.repository.files.genuine(name, lambda data: self._proven(row, data), span)

    def content(self, row: BackupRow) -> bytes:
        """The bytes of a small object, from any place where they are whole. DamagedFile."""
        return self.anywhere(row, self._whole)

    def anywhere(self, row: BackupRow, use: Callable[[BackupRow], T]) -> T:
        """The first result of ``use`` that is no DamagedFile, over all places of a row."""
        found: DamagedFile | None = None
        for place in self.moved.kept(row) if self.lasting else self.moved.places(row):
            try:
                return use(place)
            except DamagedFile as damaged:
                found = found or damaged
        raise found or DamagedFile(row.container, "has no place")

    def blocks(self, row: BackupRow) -> Iterator[bytes]:
        """The bytes of an object that is a blob, or empty, in blocks of 1 MiB. DamagedFile, at the latest behind the last block."""
        if not row.container:
            return
        yield from self._checked(row, self._frames(row, ""))

    def blob(self, row: BackupRow, use: Callable[[Iterator[bytes]], T]) -> T:
        """What ``use`` makes of the blocks of a large object, from any place and version where they are whole. DamagedFile."""

        def at(place: BackupRow) -> T:
            try:
                return use(self.blocks(place))
            except DamagedFile as damaged:
                return self._of_versions(place, use, damaged)

        return self.anywhere(row, at)

    def _of_versions(self, place: BackupRow, use: Callable[[Iterator[bytes]], T], damaged: DamagedFile) -> T:
        for version in self.repository.files.versions_of(blob_file(place.blob)):
            try:
                return use(self._checked(place, self._frames(place, version)))
            except DamagedFile:
                continue
        raise damaged

    def _frames(self, row: BackupRow, version: str) -> Iterator[bytes]:
        frames = BlobFrames(self.repository.vault, row.blob)
        stored = self._stored(blob_file(row.blob), version)
        for number, data in enumerate(regrouped(stored, frames.stored_frame)):
            yield frames.opened(number, data)

    def _stored(self, name: str, version: str) -> Iterator[bytes]:
        with one_file_given(self.repository, name):
            yield from self.repository.files.blocks(name, version)

    def _checked(self, row: BackupRow, blocks: Iterator[bytes]) -> Iterator[bytes]:
        digest, size = sha256(), 0
        for block in blocks:
            digest.update(block)
            size += len(block)
            yield block
        if size != row.size or digest.hexdigest() != row.sha256:
            raise DamagedFile(blob_file(row.blob), "has not the hash that its row tells")
