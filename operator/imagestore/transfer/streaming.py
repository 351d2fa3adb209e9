"""Copies as a stream: one PUT of what is small, parts side by side of what is large."""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from imagestore.backends.objects import ObjectBody
from imagestore.core.errors import Conflict, NotFound, Rejected, StoreError, Unavailable
from imagestore.core.etags import combined_etag
from imagestore.core.objects import (
    ObjectAttributes,
    ObjectHead,
    ObjectUpload,
    UploadedPart,
    WriteCondition,
    WrittenObject,
)
from imagestore.transfer.attributes import Carried, without_lock
from imagestore.transfer.conditions import Guarded
from imagestore.transfer.copies import CopyPair, SourceChanged, reading
from imagestore.transfer.parts import LEAST_PART, part_size, spans

_TRIES = 3  # of bytes that broke off
_TINY = 256 * 1024  # bytes: less is not worth a buffer
SINGLE = 2 * LEAST_PART  # bytes: up to here an object is one PUT

T = TypeVar("T")
Span = tuple[int, int]
ReadObject = tuple[ObjectHead, bytes | memoryview]


@contextmanager
def read_whole(pair: CopyPair, key: str, version: str, size: int) -> Iterator[ReadObject]:
    """A small object with its head, of one answer. Raises SourceChanged where it is not of this size any more."""

    def whole(buffer: memoryview) -> ObjectHead:
        return _opened(pair, key, version, lambda body: _filled(body, buffer))

    if size <= _TINY:
        with pair.budget.hold(size):
            yield _read(lambda: _opened(pair, key, version, lambda body: _joined(body, size)))
    else:
        with pair.budget.buffer(size) as buffer:
            yield _read(lambda: whole(buffer)), buffer


def _joined(body: ObjectBody, size: int) -> ReadObject:
    if body.head.size != size:
        raise SourceChanged
    return body.head, b"".join(body)


def _filled(body: ObjectBody, buffer: memoryview) -> ObjectHead:
    if body.head.size != len(buffer):
        raise SourceChanged
    body.read_into(buffer)
    return body.head


def _opened(pair: CopyPair, key: str, version: str, use: Callable[[ObjectBody], T]) -> T:
    with reading(), pair.source.read(pair.source_bucket, key, version=version) as body:
        return use(body)


def _read(attempt: Callable[[], T]) -> T:
    """Opening was tried again by the store's guard; what breaks off in the middle is tried again here."""
    for _ in range(_TRIES - 1):
        try:
            return attempt()
        except Unavailable:
            continue
    return attempt()


def write_whole(
    pair: CopyPair, target: str, body: bytes | memoryview, given: Carried, condition: WriteCondition
) -> tuple[WrittenObject, Carried]:
    """One PUT, and what was kept."""
    guarded, upload = Guarded(pair, target, condition, in_parts=False), ObjectUpload(body, len(body))

    def write(attributes: ObjectAttributes) -> WrittenObject:
        return guarded.write(lambda c: pair.destination.write(pair.bucket, target, upload, attributes, c))

    return with_lock(given, write)


def with_lock(given: Carried, write: Callable[[ObjectAttributes], T]) -> tuple[T, Carried]:
    """With the source's lock, or without it where the bucket has no object lock."""
    try:
        return write(given.attributes), given
    except Rejected:
        if given.attributes.lock is None:
            raise
        less = without_lock(given)
        return write(less.attributes), less


def copy_in_parts(
    pair: CopyPair, key: str, target: str, head: ObjectHead, condition: WriteCondition
) -> tuple[WrittenObject, Carried]:
    """Parts of one version, side by side."""
    told = pair.source.part_size(pair.source_bucket, key, head.version) if head.parts > 1 else 0
    size = part_size(head, told, pair.destination.traits)
    proven = told == size and _proves(pair, head, size)
    given, moving = pair.given(key, head), _PartCopy(pair, key, target, head, proven)
    try:
        return upload_in_parts(pair, target, given, condition, moving, spans(head.size, size))
    except _OtherBytes:
        digesting = replace(moving, proven=False)
        return upload_in_parts(pair, target, given, condition, digesting, spans(head.size, size))


def _proves(pair: CopyPair, head: ObjectHead, size: int) -> bool:
    """Whether equal ETags of source and copy prove all bytes: both are MD5s of the MD5s of parts of one size."""
    both = pair.source.traits.md5_etags and pair.destination.traits.md5_etags
    return both and head.etag.endswith(f"-{-(-head.size // size)}")


class _OtherBytes(Exception):
    """The parts' ETags do not make the source's: it was cut otherwise, is encrypted, or something in between altered it."""


class PartMover(Protocol):
    """Brings parts to an upload."""

    def copy(self, upload: str, number: int, span: Span) -> UploadedPart:
        """Copy one part."""

    def compare(self, done: list[UploadedPart]) -> None:
        """Called before the upload is completed; raises where the parts are not what was meant."""


def upload_in_parts(
    pair: CopyPair,
    target: str,
    given: Carried,
    condition: WriteCondition,
    mover: PartMover,
    parts: Iterator[tuple[int, Span]],
) -> tuple[WrittenObject, Carried]:
    """Begin, copy all parts, compare, complete; abort what fails."""
    store = pair.destination
    upload, given = with_lock(given, lambda a: store.begin(pair.bucket, target, a))
    try:
        pair.uploads.begun(target, upload)
        done = _side_by_side(pair.parts, [(upload, *part) for part in parts], mover)
        mover.compare(done)
        guarded = Guarded(pair, target, condition, in_parts=True)
        written = guarded.write(lambda c: store.complete(pair.bucket, target, upload, done, c))
    except BaseException:
        _aborted(pair, target, upload)
        raise
    pair.uploads.ended(target, upload)
    return written, given


def _aborted(pair: CopyPair, target: str, upload: str) -> None:
    """Ours only. What cannot be aborted now stays in the log, for the end of the run or the next one."""
    try:
        pair.destination.abort(pair.bucket, target, upload)
    except StoreError:
        return
    pair.uploads.ended(target, upload)


def _side_by_side(threads: int, parts: list[tuple[str, int, Span]], mover: PartMover) -> list[UploadedPart]:
    with ThreadPoolExecutor(threads, "part") as pool:
        futures = [pool.submit(mover.copy, *part) for part in parts]
        wait(futures, return_when=FIRST_EXCEPTION)
        for future in futures:
            future.cancel()
        return [future.result() for future in futures if not future.cancelled()]


@dataclass(frozen=True)
class _PartCopy:
    """Parts of one version: each read carries its ETag.

    ``proven``: all bytes are compared at the end, from the source's ETag to the destination's, so no part needs a digest: MD5
    took half of the CPU of a large copy.
    """

    pair: CopyPair
    key: str
    target: str
    head: ObjectHead
    proven: bool

    def compare(self, done: list[UploadedPart]) -> None:
        """Before the upload is completed: nothing wrong is ever to be seen."""
        if self.proven and combined_etag(done) != self.head.etag:
            raise _OtherBytes

    def copy(self, upload: str, number: int, span: Span) -> UploadedPart:
        """Held in memory, or where it is larger than half of what there is, sent as it is read."""
        size = span[1] - span[0]
        self.pair.spend(size)
        if 2 * size > self.pair.budget.total:
            return self._streamed(upload, number, span)
        with self.pair.budget.buffer(size) as buffer:
            _read(lambda: self._fill(buffer, span))
            return self._sent(upload, number, ObjectUpload(buffer, size, proven=self.proven))

    def _fill(self, buffer: memoryview, span: Span) -> None:
        with self._opened(span) as body:
            body.read_into(buffer)

    def _streamed(self, upload: str, number: int, span: Span) -> UploadedPart:
        blocks = _Blocks(self, span)
        try:
            return self._sent(upload, number, ObjectUpload(blocks, span[1] - span[0]))
        except StoreError:
            if blocks.changed:  # the destination's client took it for a body that cannot be read
                raise SourceChanged from None
            raise

    def _sent(self, upload: str, number: int, body: ObjectUpload) -> UploadedPart:
        return self.pair.destination.write_part(self.pair.bucket, self.target, upload, number, body)

    def blocks(self, span: Span) -> Iterator[bytes]:
        """The bytes of a part as they come."""
        with self._opened(span) as body:
            yield from body

    @contextmanager
    def _opened(self, span: Span) -> Iterator[ObjectBody]:
        """A part of the source. Raises SourceChanged where the object is another one, or gone."""
        head, pair = self.head, self.pair
        place = (pair.source_bucket, self.key)
        try:
            with (
                reading(),
                pair.source.read(*place, version=head.version, etag=head.etag, span=span) as body,
            ):
                yield body
        except (Conflict, NotFound) as error:
            if error.code == "NoSuchBucket":
                raise
            raise SourceChanged from None


@dataclass
class _Blocks:
    """Read anew each time that they are sent."""

    copy: _PartCopy
    span: Span
    changed: bool = False

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self.copy.blocks(self.span)
        except SourceChanged as error:
            self.changed = True
            raise OSError("the source has changed") from error
