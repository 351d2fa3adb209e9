"""Copies that a store makes by itself."""

from dataclasses import dataclass

from imagestore.core.errors import Conflict, NotFound
from imagestore.core.objects import (
    UNCONDITIONAL,
    ObjectAttributes,
    ObjectHead,
    UploadedPart,
    WriteCondition,
    WrittenObject,
)
from imagestore.transfer.attributes import Carried
from imagestore.transfer.conditions import Guarded
from imagestore.transfer.copies import CopyPair, SourceChanged, reading
from imagestore.transfer.parts import spans
from imagestore.transfer.streaming import Span, upload_in_parts, with_lock

_PARTS = 9000  # of the 10 000 that S3 takes
_LEAST = 512 * 1024**2  # bytes of a part: nothing of it passes through here


def copy_inside(
    pair: CopyPair, key: str, target: str, head: ObjectHead, condition: WriteCondition
) -> tuple[WrittenObject, Carried]:
    """CopyObject, or parts of what is larger than that takes; of one version."""
    copying = _Inside(pair, key, target, head)
    given = pair.given(key, head)
    if head.size > pair.destination.traits.largest_copy:
        size = max(_LEAST, -(-head.size // _PARTS))
        parts = spans(head.size, size)
        return upload_in_parts(pair, target, given, condition, copying, parts)
    if condition != UNCONDITIONAL:
        Guarded(pair, target, condition, in_parts=False).check()
    found = with_lock(given, copying.whole)
    copying.compare([])
    return found


@dataclass(frozen=True)
class _Inside:
    pair: CopyPair
    key: str
    target: str
    head: ObjectHead

    @property
    def _source(self) -> tuple[str, str, str]:
        return self.pair.source_bucket, self.key, self.head.version

    def whole(self, attributes: ObjectAttributes) -> WrittenObject:
        """CopyObject with all attributes: alone, MinIO's loses Expires, and every store's the class."""
        pair = self.pair
        try:
            with reading():
                return pair.destination.copy(
                    self._source, pair.bucket, self.target, attributes, source_etag=self.head.etag
                )
        except (Conflict, NotFound) as error:
            raise _changed(error) from None

    def copy(self, upload: str, number: int, span: Span) -> UploadedPart:
        """UploadPartCopy."""
        pair = self.pair
        target = (pair.bucket, self.target, upload)
        try:
            return pair.destination.copy_part(self._source, span, target, number, source_etag=self.head.etag)
        except (Conflict, NotFound) as error:
            raise _changed(error) from None

    def compare(self, done: list[UploadedPart]) -> None:
        """Where the store ignores the condition (Ceph), the source must still be what it was."""
        if self.pair.source.traits.copy_matching:
            return
        try:
            now = self.pair.source.head(*self._source)
        except NotFound as error:
            raise _changed(error) from None
        if (now.etag, now.size, now.modified) != (self.head.etag, self.head.size, self.head.modified):
            raise SourceChanged


def _changed(error: Conflict | NotFound) -> Exception:
    return error if error.code in ("NoSuchBucket", "NoSuchUpload") else SourceChanged()
