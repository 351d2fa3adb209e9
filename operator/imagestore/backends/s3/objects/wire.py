"""Sends requests that concern objects: built by hand, signed, guarded, and their answers judged.

botocore's serializer and parser took 0.4 ms of a call, four times as long as all the rest.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType, TracebackType
from typing import Any, TypeVar
from urllib.parse import quote_from_bytes

from botocore.exceptions import ClientError

from imagestore.backends.guard.guarded import Perform
from imagestore.backends.http.client import HttpClient, StreamedResponse
from imagestore.backends.http.messages import Body, HttpRequest, Response
from imagestore.backends.s3.client import StoreTarget
from imagestore.backends.s3.errors import masked, translate
from imagestore.backends.s3.objects.documents import error_of, name_of, read_document
from imagestore.backends.s3.server import genuine
from imagestore.backends.s3.transport.address import USER_AGENT, S3Request, StoreAddress, http_target
from imagestore.backends.s3.transport.signing import UNSIGNED_PAYLOAD, Signer, ambient_keys
from imagestore.core.errors import Conflict, NotFound, Rejected, StoreError, Unexpected
from imagestore.core.fencing import Fenced
from imagestore.core.keys import raw, without_key

T = TypeVar("T")
_KEPT_CONNECTIONS = 64  # a transfer's threads; with fewer than these kept, every other call made a new one
_SMALL = 256 * 1024  # bytes of a body that is one block
_ABSENT = frozenset({"NoSuchKey", "NoSuchVersion", "NoSuchUpload"})
_LATE = frozenset(
    {"CopyObject", "UploadPartCopy", "CompleteMultipartUpload"}
)  # answered with 200 before they are done
_READS = frozenset({"GET", "HEAD"})
_CHANGED = frozenset({"PreconditionFailed", "412"})
_REQUEST = "x-amz-request-id"  # S3 numbers every answer
_MARKER = "MethodNotAllowed"  # the answer of a delete marker that is read by its version


@dataclass(frozen=True)
class ObjectRequest:
    """``operation`` as S3 calls it, for messages and metrics. ``query`` encoded; ``headers`` without framing and signature."""

    operation: str
    method: str
    bucket: str
    key: str = ""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = field(repr=False, default=b"")


class ObjectWire:
    """One store as these credentials reach it. ``reading``: headers of each read."""

    def __init__(
        self, target: StoreTarget, perform: Perform, reading: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._target, self._perform, self._reading = target, perform, reading
        self._address, self._signer = StoreAddress.of(target), Signer(target.region)
        self._client = HttpClient(http_target(replace(target, connections=_KEPT_CONNECTIONS)))
        self._secrets = target.keys.secrets if target.keys else ()

    def ask(self, asked: ObjectRequest) -> Response:
        """The whole answer. NotFound: no such object; Conflict: a condition did not hold."""
        return self._guarded(asked, lambda: self._whole(asked))

    def open(self, asked: ObjectRequest) -> "OpenAnswer":
        """The answer, whose body is still to be read."""
        return self._guarded(asked, lambda: self._begun(asked))

    def _guarded(self, asked: ObjectRequest, attempt: Callable[[], T]) -> T:
        try:
            return self._perform(asked.operation, attempt)
        except StoreError as error:
            raise _of_objects(_without_key(error, asked.key)) from None

    def _whole(self, asked: ObjectRequest) -> Response:
        try:
            answer = self._client.send(self._signed(asked))
            _judge(asked.operation, answer)
            return answer
        except Fenced:
            raise
        except Exception as error:  # noqa: BLE001  as ``translated`` has it, which takes longer
            raise translate(error, asked.operation, self._secrets) from None

    def _begun(self, asked: ObjectRequest) -> "OpenAnswer":
        try:
            answer = self._client.stream(self._signed(asked))
            if answer.status >= 300:
                _judge(asked.operation, Response(answer.status, answer.headers, answer.read()))
            elif "etag" not in answer.headers:  # a sign-in page was read as a picture
                answer.close()
                raise genuine.foreign(asked.operation, answer.status, answer.headers, "no ETag")
            return OpenAnswer(answer, self, asked.operation)
        except Fenced:
            raise
        except Exception as error:  # noqa: BLE001
            raise translate(error, asked.operation, self._secrets) from None

    def masked(self, text: str) -> str:
        """The text without a secret: a store may quote one back."""
        return masked(text, self._secrets)

    @contextmanager
    def translated(self, operation: str) -> Iterator[None]:
        """Raise our errors in place of any other."""
        try:
            yield
        except Fenced:
            raise
        except Exception as error:  # noqa: BLE001  translate knows them all
            # Not chained: the original holds the request, and the store's copy of its signature.
            raise translate(error, operation, self._secrets) from None

    def _signed(self, asked: ObjectRequest) -> HttpRequest:
        path = (
            f"/{asked.bucket}/{quote_from_bytes(raw(asked.key), safe='/')}"
            if asked.key
            else f"/{asked.bucket}"
        )
        host, path = self._address.locate(path, asked.bucket)
        reading = self._reading if asked.method in _READS else {}
        headers = {**asked.headers, **reading, "Host": host, "User-Agent": USER_AGENT}
        request = S3Request(asked.method, host, path, asked.query, headers)
        # A body is covered by the signature of its Content-MD5: another digest of it took a third of a part's time.
        payload = UNSIGNED_PAYLOAD if asked.body else None
        keys = self._target.keys or ambient_keys()
        signed = self._signer.headers(request, keys, datetime.now(UTC), payload)
        return HttpRequest(asked.method, host, request.target, signed, asked.body)


class OpenAnswer:
    """A body that is being read. Raises Unavailable where it ends too early."""

    def __init__(self, answer: StreamedResponse, wire: ObjectWire, operation: str) -> None:
        self._answer, self._wire, self._operation = answer, wire, operation
        self.headers, self.length = answer.headers, answer.length

    def __iter__(self) -> Iterator[bytes]:
        if self.length is None or self.length > _SMALL:
            return self._blocks()
        with self._wire.translated(self._operation):
            whole = self._answer.read()
        return iter((whole,) if whole else ())

    def _blocks(self) -> Iterator[bytes]:
        with self._wire.translated(self._operation):
            yield from self._answer

    def read_into(self, buffer: memoryview) -> None:
        """All of it into a buffer of its length."""
        with self._wire.translated(self._operation):
            self._answer.read_into(buffer)

    def __enter__(self) -> "OpenAnswer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._answer.close()


def reached(wire: ObjectWire | None) -> ObjectWire:
    """The way to objects of a backend that has one."""
    if wire is None:
        raise Unexpected("this backend was made without a way to its objects")
    return wire


def content_md5(body: bytes | memoryview) -> dict[str, str]:
    """The header that every store checks a body against."""
    return md5_header(hashlib.md5(body, usedforsecurity=False).digest())


def md5_header(digest: bytes) -> dict[str, str]:
    """The same of a digest that is known."""
    return {"Content-MD5": base64.b64encode(digest).decode()}


def _judge(operation: str, answer: Response) -> None:
    """Raise what an answer means: the store's error, or that this is not the store's answer."""
    untagged = operation == "GetObjectTagging" and not answer.body and _REQUEST in answer.headers
    wrong = "" if untagged else genuine.wrong(operation, answer.status, answer.body)
    if wrong:
        raise genuine.foreign(operation, answer.status, answer.headers, wrong)
    if answer.status < 300 and operation not in _LATE:
        return
    root = read_document(answer.body) if answer.body.strip() else None
    if answer.status < 300 and (root is None or name_of(root) != "Error"):
        return
    code, message = error_of(root) if root is not None else ("", "")
    told: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": _status(answer.status, code), "HTTPHeaders": answer.headers},
    }
    raise ClientError(told, operation)


def _status(status: int, code: str) -> int:
    """An error inside of a 200 has the status that it would have had, had it been known in time."""
    if status >= 300:
        return status
    return 412 if code in _CHANGED else 404 if code in _ABSENT else 500


def _without_key(error: StoreError, key: str) -> StoreError:
    """The error without the key, which some stores quote: messages are in conditions and Events. AWS names the object it denies."""
    told = without_key(str(error), key) if key else str(error)
    return error if told == str(error) else error.in_other_words(told)


def _of_objects(error: StoreError) -> StoreError:
    """What an error means of an object."""
    kind: type[StoreError] | None = None
    if error.code in _ABSENT or (error.code == _MARKER and error.operation in ("GetObject", "HeadObject")):
        kind = NotFound
    elif error.code in _CHANGED:
        kind = Conflict
    if kind is None or not isinstance(error, Rejected):
        return error
    return kind(str(error), code=error.code, operation=error.operation, cause=error.cause)
