"""Copies as a stream: one PUT of what is small, parts side by side of what is large."""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeVar

from imagestore.backends.objects import ObjectBody
from imagestore.core.errors import Conflict, NotFound, Rejected, StoreError, Unavailable
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
SINGLE = 2 * LEAST_PART  # bytes: up to here an object is one PUT

T = TypeVar("T")
Span = tuple[int, int]
ReadObject = tuple[ObjectHead, bytes]


def read_whole(pair: CopyPair, key: str, version: str) -> ReadObject:
    """A small object with its head, of one answer. Raises SourceChanged where it has become large."""

    def whole(body: ObjectBody) -> ReadObject:
        if body.head.size > SINGLE:
            raise SourceChanged
        return body.head, b"".join(body)

    return _read(lambda: _opened(pair, key, version, whole))


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
    pair: CopyPair, target: str, body: bytes, given: Carried, condition: WriteCondition
) -> tuple[WrittenObject, Carried]:
    """One PUT, and what was kept."""
    guarded, upload = Guarded(pair, target, condition, in_parts=False), ObjectUpload(body)

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
    moving = _PartCopy(pair, key, target, head)
    return upload_in_parts(
        pair, target, pair.given(key, head), condition, moving.copy, spans(head.size, size)
    )


def upload_in_parts(
    pair: CopyPair,
    target: str,
    given: Carried,
    condition: WriteCondition,
    copy_part: Callable[[str, int, Span], UploadedPart],
    parts: Iterator[tuple[int, Span]],
    compare: Callable[[], None] = lambda: None,
) -> tuple[WrittenObject, Carried]:
    """Begin, copy all parts by ``copy_part(upload, number, span)``, ``compare``, complete; abort what fails."""
    store = pair.destination
    upload, given = with_lock(given, lambda a: store.begin(pair.bucket, target, a))
    pair.uploads.begun(target, upload)
    try:
        done = _side_by_side(pair.parts, [(upload, *part) for part in parts], copy_part)
        compare()
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


def _side_by_side(
    threads: int, parts: list[tuple[str, int, Span]], copy_part: Callable[[str, int, Span], UploadedPart]
) -> list[UploadedPart]:
    with ThreadPoolExecutor(threads, "part") as pool:
        futures = [pool.submit(copy_part, *part) for part in parts]
        wait(futures, return_when=FIRST_EXCEPTION)
        for future in futures:
            future.cancel()
        return [future.result() for future in futures if not future.cancelled()]


@dataclass(frozen=True)
class _PartCopy:
    """Parts of one version: each read carries its ETag."""

    pair: CopyPair
    key: str
    target: str
    head: ObjectHead

    def copy(self, upload: str, number: int, span: Span) -> UploadedPart:
        """Held in memory, or where it is larger than half of what there is, sent as it is read."""
        size = span[1] - span[0]
        self.pair.spend(size)
        if 2 * size > self.pair.budget.total:
            return self._streamed(upload, number, span)
        with self.pair.budget.hold(size):
            body = _read(lambda: b"".join(self.blocks(span)))
            return self._sent(upload, number, ObjectUpload(body))

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
        """The bytes of a part. Raises SourceChanged where the object is another one, or gone."""
        head, pair = self.head, self.pair
        try:
            with (
                reading(),
                pair.source.read(
                    pair.source_bucket, self.key, version=head.version, etag=head.etag, span=span
                ) as body,
            ):
                yield from body
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
