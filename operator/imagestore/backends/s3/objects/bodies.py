"""Bodies of objects, both ways, and the proof that the store got what was sent."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from imagestore.backends.http.messages import Body, BodyStream
from imagestore.backends.s3.objects.wire import OpenAnswer, content_md5, md5_header
from imagestore.core.errors import Unavailable
from imagestore.core.objects import ObjectHead, ObjectUpload

_MD5 = 32  # digits
# A store that encrypts with a KMS key or the customer's tells an ETag that is no MD5.
_OTHER_ETAGS = (
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-server-side-encryption-aws-kms-key-id",
)


class S3Body:
    """An object that is being read; ``told`` makes a head of headers and the whole object's size."""

    def __init__(self, answer: OpenAnswer, told: Callable[[Mapping[str, str], int], ObjectHead]) -> None:
        self._answer = answer
        self.head = told(answer.headers, _whole_size(answer))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answer)

    def read_into(self, buffer: memoryview) -> None:
        """The same into a buffer."""
        self._answer.read_into(buffer)


def _whole_size(answer: OpenAnswer) -> int:
    ranged = answer.headers.get("content-range", "").rpartition("/")[2]
    return int(ranged) if ranged.isdigit() else answer.length or 0


@dataclass
class _Digested:
    """Blocks that are hashed as they are sent."""

    blocks: Iterable[bytes]
    digest: str = ""

    def __iter__(self) -> Iterator[bytes]:
        running = hashlib.md5(usedforsecurity=False)
        for block in self.blocks:
            running.update(block)
            yield block
        self.digest = running.hexdigest()


def sent(body: ObjectUpload) -> tuple[Body, Callable[[], str]]:
    """What is sent, and what tells its MD5 once it was; empty: it is in the request."""
    if isinstance(body.blocks, bytes | memoryview):
        return body.blocks, lambda: body.md5 or ""
    if body.md5 or body.proven:
        return BodyStream(body.blocks, body.size), lambda: body.md5 or ""
    digested = _Digested(body.blocks)
    return BodyStream(digested, body.size), lambda: digested.digest


def body_headers(body: ObjectUpload) -> dict[str, str]:
    """Content-MD5, where it is known before the body is sent."""
    if body.md5:
        return md5_header(bytes.fromhex(body.md5))
    if body.proven or not isinstance(body.blocks, bytes | memoryview):
        return {}
    return content_md5(body.blocks)


def verified(operation: str, etag: str, digest: str, headers: Mapping[str, str]) -> None:
    """Raise Unavailable where the store's ETag is an MD5 of other bytes than were sent."""
    if not digest or len(etag) != _MD5 or any(name in headers for name in _OTHER_ETAGS):
        return
    if etag != digest:
        raise Unavailable(f"{operation}: the store answers with the ETag of other bytes", operation=operation)
