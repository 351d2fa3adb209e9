"""Every error of botocore becomes one of ours, from real answers where there is a server to give them."""

import json
import logging
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore import exceptions as boto

from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.guard.call import Timing
from imagestore.backends.http.errors import AnswerCutOff
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.client import Keys
from imagestore.backends.s3.connecting import connect_with_keys
from imagestore.backends.s3.errors import translate
from imagestore.core import errors
from tests.contract.stores import backend_of

SECRET = "a-Secret/that+nobody=may-see"
TOKEN = "a-session-token"

ANSWERS: list[tuple[int, str, type[errors.StoreError]]] = [
    (404, "NoSuchBucket", errors.NotFound),
    (404, "NoSuchTagSet", errors.Rejected),
    (403, "AccessDenied", errors.Denied),
    (403, "InvalidAccessKeyId", errors.Denied),
    (403, "RequestTimeTooSkewed", errors.Denied),
    (400, "ExpiredToken", errors.Denied),
    (401, "", errors.Denied),
    (503, "SlowDown", errors.Throttled),
    (429, "", errors.Throttled),
    (503, "ServiceUnavailable", errors.Unavailable),
    (500, "InternalError", errors.Unavailable),
    (502, "", errors.Unavailable),
    (504, "", errors.Unavailable),
    (409, "OperationAborted", errors.Conflict),
    (409, "BucketAlreadyExists", errors.Rejected),
    (409, "BucketAlreadyOwnedByYou", errors.Rejected),
    (409, "BucketNotEmpty", errors.Rejected),
    (400, "MalformedXML", errors.Rejected),
    (400, "AuthorizationHeaderMalformed", errors.Rejected),
    (405, "MethodNotAllowed", errors.Rejected),
    (501, "NotImplemented", errors.Rejected),
]


def answer(status: int, code: str, headers: dict[str, str] | None = None) -> boto.ClientError:
    told: Any = {
        "Error": {"Code": code, "Message": f"you sent {SECRET}"},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers or {}},
    }
    return boto.ClientError(told, "GetBucketTagging")


@pytest.mark.parametrize(("status", "code", "kind"), ANSWERS)
def test_an_answer_by_its_code_and_status(status: int, code: str, kind: type[errors.StoreError]) -> None:
    ours = translate(answer(status, code), "GetBucketTagging", [SECRET])
    assert type(ours) is kind
    assert (ours.code, ours.operation) == (code, "GetBucketTagging")
    assert str(status) in str(ours)
    assert SECRET not in str(ours)


def test_a_404_without_a_code_is_the_bucket_only_when_it_was_asked_for() -> None:
    assert type(translate(answer(404, "404"), "HeadBucket")) is errors.NotFound
    assert type(translate(answer(404, "404"), "GetBucketPolicy")) is errors.Rejected


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("0.5", 0.5), ("-1", 0.0), ("soon", None)])
def test_retry_after_is_kept(header: str, seconds: float | None) -> None:
    assert translate(answer(503, "SlowDown", {"retry-after": header}), "X").retry_after == seconds


LOCAL = [
    (boto.NoCredentialsError(), errors.Denied),
    (boto.ParamValidationError(report="no Bucket"), errors.Rejected),
    (boto.EndpointConnectionError(endpoint_url="http://x"), errors.Unavailable),
    (boto.ConnectTimeoutError(endpoint_url="http://x"), errors.Unavailable),
    (boto.ReadTimeoutError(endpoint_url="http://x"), errors.Unavailable),
    (boto.SSLError(endpoint_url="https://x", error="self-signed"), errors.Unavailable),
    (boto.ConnectionClosedError(endpoint_url="http://x"), errors.Unavailable),
    (RuntimeError("a bug"), errors.Unexpected),
]


@pytest.mark.parametrize(
    ("error", "kind"), LOCAL, ids=lambda v: type(v).__name__ if isinstance(v, Exception) else ""
)
def test_an_error_without_an_answer(error: Exception, kind: type[errors.StoreError]) -> None:
    assert type(translate(error, "X")) is kind


def reaching(endpoint: str, keys: Keys | None = None, *, provider: str = "MinIO") -> S3Backend:
    """Without pauses between tries."""
    raw = {"provider": provider, "s3": {"endpoint": endpoint, "region": "us-east-1"}, "credentials": {}}
    spec, quick = StorageBackendSpec.model_validate(raw), Timing(sleep=lambda _: None)
    found = connect_with_keys("x", spec, keys or Keys("key", SECRET, TOKEN), timing=quick)
    assert isinstance(found, S3Backend)
    return found


@pytest.mark.parametrize(
    ("status", "header", "kind", "seconds"),
    [
        (429, "7", errors.Throttled, 7.0),
        (429, "", errors.Throttled, None),
        (503, "7", errors.Unavailable, 7.0),
        (404, "", errors.Unavailable, None),
        (200, "", errors.Unavailable, None),
    ],
)
def test_an_answer_that_was_cut_off_still_says_when_to_come_again(
    status: int, header: str, kind: type[errors.StoreError], seconds: float | None
) -> None:
    """Of 429 only the wait is believed; a 404 that broke off is no missing bucket."""
    headers = {"retry-after": header} if header else {}
    found = translate(AnswerCutOff("https://s3.example", None, status, headers), "GetBucketTagging")
    assert (type(found), found.retry_after) == (kind, seconds)
    assert "The answer was cut off" in str(found)


def test_nobody_there() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(errors.Unavailable):
        reaching(f"http://127.0.0.1:{port}").probe()


class Quoting(BaseHTTPRequestHandler):
    """A server that repeats all it was told, as a proxy's error page may, and then something else."""

    status, body = 403, b""

    def do_GET(self) -> None:
        said = json.dumps(dict(self.headers)) + SECRET + TOKEN
        body = self.body or (
            f"<Error><Code>AccessDenied</Code><Message>{said.replace('<', '')}</Message></Error>".encode()
        )
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def quoting() -> Iterator[tuple[str, type[Quoting]]]:
    handler = type("Handler", (Quoting,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", handler
        server.shutdown()
        thread.join(5)


def test_secrets_are_in_no_repr_message_or_log(
    quoting: tuple[str, type[Quoting]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="imagestore")
    backend = reaching(quoting[0])
    with pytest.raises(errors.Denied) as raised:
        backend.probe()
    shown = [str(raised.value), repr(raised.value), repr(raised.value.__dict__), repr(backend), caplog.text]
    shown += [repr(Keys("key", SECRET, TOKEN)), repr(raised.value.__cause__)]
    for text in shown:
        assert SECRET not in text
        assert TOKEN not in text
    assert "***" in str(raised.value)
    assert raised.value.__suppress_context__, "the original, which holds the request, is not shown"


@pytest.mark.parametrize("body", [b"<html>login first</html>", b"not xml at all"])
def test_an_answer_that_is_not_the_stores(quoting: tuple[str, type[Quoting]], body: bytes) -> None:
    quoting[1].status, quoting[1].body = 200, body
    with pytest.raises(errors.StoreError):
        reaching(quoting[0]).drivers["policy"].read("b")


@pytest.mark.parametrize("provider", ["MinIO", "Ceph", "SeaweedFS"])
def test_wrong_keys_are_denied_by_every_store(provider: str, request: pytest.FixtureRequest) -> None:
    there = backend_of(provider, request).endpoint.replace("https://", "http://")
    for keys in (Keys("imagestore", "wrong"), Keys("nobody", "wrong")):
        with pytest.raises(errors.Denied):
            reaching(there, keys).probe()
        with pytest.raises(errors.Denied):
            reaching(there, keys).check("any-bucket")
