"""Put contents into packs and blobs. Memory: the open pack, and the packs that are being uploaded."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import md5, sha256

from imagestore.core.errors import StoreError
from imagestore.core.objects import ListedObject, ObjectHead, ObjectUpload, UploadedPart
from imagestore.repository.errors import RepositoryProblem
from imagestore.repository.format.index import IndexEntry
from imagestore.repository.format.names import FRAME_BYTES, blob_file, pack_file
from imagestore.repository.format.packs import BlobFrames, PackWriter, blob_length, regrouped
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.making.reading import BackedUpObject, not_backed_up, object_row, object_tags
from imagestore.repository.store.opening import Repository
from imagestore.transfer.job import TransferEnd

IN_FLIGHT = 2
PART_BYTES = 16 * 1024**2
_MEBIBYTE = 1024**2
Find = Callable[[bytes], IndexEntry | None]


def at_entry(row: BackupRow, entry: IndexEntry) -> BackupRow:
    """The row at the place of an entry of the index."""
    container = entry.container.hex()
    if entry.length:
        return replace(row, pack=container, blob="", offset=entry.offset, length=entry.length)
    return replace(row, pack="", blob=container, offset=0, length=0)


@dataclass
class PackStream:
    """The packs of one run. ``wait`` blocks until an upload is done and keeps the run beating."""

    repository: Repository
    pool: Executor
    wait: Callable[["Future[None]"], None]
    _open: PackWriter | None = field(default=None, init=False)
    _pending: "OrderedDict[str, Future[None]]" = field(default_factory=OrderedDict, init=False)
    stored: int = field(default=0, init=False)

    def add(self, blob_id: bytes, content: bytes) -> IndexEntry:
        """Put a content into the open pack; return where it will stand."""
        if self._open is None:
            self._open = PackWriter(self.repository.vault, self.repository.new_id())
        entry = self._open.add(blob_id, content)
        found = IndexEntry(blob_id, bytes.fromhex(self._open.pack), entry.offset, entry.length)
        if self._open.size >= self.repository.pack_bytes:
            self.close()
        return found

    def close(self) -> None:
        """Upload the open pack, as soon as fewer than ``IN_FLIGHT`` others are being uploaded."""
        if self._open is None:
            return
        while len(self._pending) >= IN_FLIGHT:
            self.settle(next(iter(self._pending)))
        pack, data = self._open.pack, self._open.finish()
        self._open = None
        self.stored += len(data)
        self._pending[pack] = self.pool.submit(self.repository.files.write, pack_file(pack), data)

    def is_open(self, pack: str) -> bool:
        """Whether this pack is not being uploaded yet."""
        return self._open is not None and self._open.pack == pack

    def settle(self, pack: str) -> None:
        """Wait until a pack is written. StoreError: it could not be."""
        if self.is_open(pack):
            self.close()
        if (future := self._pending.get(pack)) is not None:
            self.wait(future)
            del self._pending[pack]

    def written(self, pack: str) -> bool:
        """Whether a pack is written, without waiting."""
        future = self._pending.get(pack)
        if future is not None and future.done():
            self.settle(pack)
            return True
        return not self.is_open(pack) and future is None

    def settle_all(self) -> None:
        """Close the open pack and wait for all."""
        self.close()
        for pack in list(self._pending):
            self.settle(pack)


@dataclass(frozen=True)
class StoredLarge:
    """A large object that is stored. ``entry`` None: its content was there already. ``stored``: bytes that were uploaded."""

    read: BackedUpObject
    entry: IndexEntry | None
    stored: int


@dataclass(frozen=True)
class LargeObjects:
    """Stores objects of more than 8 MiB as blobs while they are read. Memory: one part of each."""

    repository: Repository
    find: Find

    def store(self, end: TransferEnd, listed: ListedObject) -> StoredLarge:
        """Store an object. NotBackedUp; RepositoryProblem or StoreError: the repository cannot be written."""
        try:
            with end.store.read(end.bucket, listed.key) as body:
                upload = _BlobUpload(self.repository, self.repository.new_id(), body.head.size)
                try:
                    upload.send(iter(body))
                except BaseException:
                    upload.abort()
                    raise
                head = body.head
            tags = object_tags(end, listed.key, head)
        except StoreError as error:
            raise not_backed_up(end, listed, error) from None
        return self._stored(upload, listed, head, tags)

    def _stored(
        self, upload: "_BlobUpload", listed: ListedObject, head: ObjectHead, tags: dict[str, str]
    ) -> StoredLarge:
        digest = upload.sha256.digest()
        row = object_row(listed, head, tags, digest.hex(), upload.md5.hexdigest(), upload.read)
        changed = head.etag != listed.etag
        blob_id = self.repository.vault.blob_id(digest)
        if (known := self.find(blob_id)) is not None:
            upload.abort()
            return StoredLarge(BackedUpObject(at_entry(row, known), b"", changed), None, 0)
        upload.complete()
        entry = IndexEntry(blob_id, bytes.fromhex(upload.blob), 0, 0)
        return StoredLarge(BackedUpObject(at_entry(row, entry), b"", changed), entry, upload.stored)


@dataclass
class _BlobUpload:
    """One blob on its way. Nothing of it is visible before ``complete``."""

    repository: Repository
    blob: str
    size: int
    read: int = field(default=0, init=False)
    stored: int = field(default=0, init=False)
    _upload: str = field(default="", init=False)
    _held: bytes = field(default=b"", init=False)
    _parts: list[UploadedPart] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.sha256, self.md5 = sha256(), md5(usedforsecurity=False)
        self._frames = BlobFrames(self.repository.vault, self.blob)
        self._files = self.repository.files
        self._key = self._files.prefix + blob_file(self.blob)

    def send(self, blocks: Iterator[bytes]) -> None:
        """Read to the end, sending part after part; what fits into one part is held until ``complete``.

        StoreError: of the source. RepositoryProblem: the repository cannot be written.
        """
        part = blob_part_size(self.size)
        for number, data in enumerate(regrouped(self._sealed(blocks), part), 1):
            self.stored += len(data)
            if number == 1 and blob_length(self.repository.vault, self.size) <= part:
                self._held = data
                return
            self._send_part(number, data)

    def _send_part(self, number: int, data: bytes) -> None:
        store, bucket = self._files.store, self._files.bucket
        upload = ObjectUpload(data, len(data))
        try:
            if not self._upload:
                self._upload = store.begin(bucket, self._key, self._files.attributes())
            self._parts.append(store.write_part(bucket, self._key, self._upload, number, upload))
        except StoreError as error:
            raise RepositoryProblem(f"{self._files} cannot be written: {error}") from error

    def _sealed(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        for number, frame in enumerate(regrouped(blocks, FRAME_BYTES)):
            self.sha256.update(frame)
            self.md5.update(frame)
            self.read += len(frame)
            yield self._frames.sealed(number, frame)

    def complete(self) -> None:
        """Make the blob visible."""
        if self._upload:
            self._files.store.complete(self._files.bucket, self._key, self._upload, self._parts)
        else:
            self._files.write(blob_file(self.blob), self._held)

    def abort(self) -> None:
        """Give up what was sent. A store that refuses keeps an open upload, which removal ends later."""
        if self._upload:
            with suppress(StoreError):
                self._files.store.abort(self._files.bucket, self._key, self._upload)


def blob_part_size(size: int) -> int:
    """The size of the parts of an upload: 16 MiB, more where 9000 parts would not do."""
    return max(PART_BYTES, -(-size // 9000 // _MEBIBYTE) * _MEBIBYTE)
