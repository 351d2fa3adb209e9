"""Answers that are not the store's, writes that may not be sent, secrets that a store quotes back."""

import base64
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.cloud import ConnectionRequest
from imagestore.backends.guard.call import Timing, Unobserved
from imagestore.backends.objects import ObjectStore
from imagestore.backends.s3.connecting import connect_s3
from imagestore.backends.secrets import Given, SecretFields
from imagestore.core.errors import Denied, StoreError, Unavailable
from imagestore.core.fencing import Fenced, permitted
from imagestore.core.objects import ObjectUpload
from tests.backends.listener import Heard, listening
from tests.objects.stores import NOTHING

SECRET = "the-secret-of-this-test"
HTML = b"<!DOCTYPE html><html><body>Sign in</body></html>"
QUICK = Timing(sleep=lambda _: None)


def objects_at(heard: Heard, permit: Callable[[], None] = permitted) -> ObjectStore:
    raw: dict[str, Any] = {
        "provider": "MinIO",
        "s3": {"endpoint": heard.endpoint, "region": "r"},
        "credentials": {"secretName": "keys"},
    }
    fields = SecretFields("keys", {"accessKeyId": b"key", "secretAccessKey": SECRET.encode()})
    spec = StorageBackendSpec.model_validate(raw)
    backend = connect_s3(ConnectionRequest("eu", spec, Given(store=fields), permit, QUICK, Unobserved()))
    assert backend.objects is not None
    return backend.objects


READS: dict[str, Callable[[ObjectStore], object]] = {
    "objects": lambda store: store.objects("photos", {}),
    "versions": lambda store: store.versions("photos", {}),
    "uploads": lambda store: list(store.uploads("photos")),
    "read": lambda store: store.read("photos", "k").__enter__(),
    "tags": lambda store: store.tags("photos", "k"),
    "versioned": lambda store: store.versioned("photos"),
}
WRITES: dict[str, Callable[[ObjectStore], object]] = {
    "write": lambda store: store.write("photos", "k", ObjectUpload(b"x"), NOTHING),
    "stream": lambda store: store.write("photos", "k", ObjectUpload([b"x"], 1), NOTHING),
    "copy": lambda store: store.copy(("photos", "k", ""), "photos", "l"),
    "begin": lambda store: store.begin("photos", "k", NOTHING),
    "complete": lambda store: store.complete("photos", "k", "u", []),
    "delete": lambda store: store.delete("photos", "k"),
    "delete_many": lambda store: store.delete_many("photos", [("k", "")]),
    "set_tags": lambda store: store.set_tags("photos", "k", {}),
}


@pytest.mark.parametrize("what", [*READS, "copy", "begin", "complete", "delete_many"])
@pytest.mark.parametrize("status", [200, 404, 503])
def test_a_web_page_is_no_answer(what: str, status: int) -> None:
    """A sign-in page with status 200 was read as an empty listing; a 404 of an Ingress as a missing object."""
    with listening() as heard:
        heard.status, heard.body = status, HTML
        with pytest.raises(Unavailable, match="not the store's answer"):
            (READS | WRITES)[what](objects_at(heard))


@pytest.mark.parametrize("what", WRITES)
def test_a_fenced_replica_writes_nothing(what: str) -> None:
    def forbidden() -> None:
        raise Fenced

    with listening() as heard:
        with pytest.raises(Fenced):
            WRITES[what](objects_at(heard, forbidden))
        assert heard.asked == []


@pytest.mark.parametrize("what", READS)
def test_a_fenced_replica_may_read(what: str) -> None:
    def forbidden() -> None:
        raise Fenced

    with listening() as heard:
        heard.status, heard.body = 403, b"<Error><Code>AccessDenied</Code></Error>"
        with pytest.raises(Denied):
            READS[what](objects_at(heard, forbidden))


@pytest.mark.parametrize("what", [*READS, *WRITES])
def test_no_secret_is_in_a_message(what: str) -> None:
    with listening() as heard:
        words = f"<Error><Code>Odd</Code><Message>your key {SECRET} is odd</Message></Error>"
        heard.status, heard.body = 400, words.encode()
        store = objects_at(heard)
        try:
            told: object = (READS | WRITES)[what](store)
        except StoreError as error:
            told = f"{''.join(traceback.format_exception(error))} {error!r} {error.cause}"
        assert SECRET not in f"{told} {store!r}"


OF_A_KEY = {
    name: of
    for name, of in (READS | WRITES).items()
    if name not in ("objects", "versions", "uploads", "versioned")
}


@pytest.mark.parametrize("what", sorted(OF_A_KEY.keys() - {"delete_many"}))
@pytest.mark.parametrize("quoted", ["patients/anna é.jpg", "patients/anna%20%C3%A9.jpg", "anna é.jpg"])
def test_no_key_is_in_a_message(what: str, quoted: str) -> None:
    """AWS names the object that it denies; messages are in conditions and Events. The rest of the words stays."""
    with listening() as heard:
        words = f"<Error><Code>AccessDenied</Code><Message>not s3:Put on arn:aws:s3:::photos/{quoted}, by policy</Message></Error>"
        heard.status, heard.body = 403, words.encode()
        with pytest.raises(Denied) as caught:
            OF_A_KEY[what](Renamed(objects_at(heard)))
    told = f"{''.join(traceback.format_exception(caught.value))} {caught.value!r} {caught.value.cause}"
    assert "anna" not in told.replace(__file__, "")
    assert "by policy" in told


class Renamed:
    """A store whose objects have a telling name in place of "k"."""

    def __init__(self, store: ObjectStore) -> None:
        self._store: Any = store

    def __getattr__(self, name: str) -> Any:
        def call(*given: Any) -> Any:
            named = ["patients/anna é.jpg" if g in ("k", "l") else g for g in given]
            return getattr(self._store, name)(*named)

        return call


def test_an_error_inside_of_200_is_an_error() -> None:
    """A copy takes long, so the store begins to answer before it knows."""
    with listening() as heard:
        heard.body = b"<Error><Code>InternalError</Code><Message>later</Message></Error>"
        for what in ("copy", "complete"):
            with pytest.raises(Unavailable, match="InternalError"):
                WRITES[what](objects_at(heard))


def test_a_listing_that_stands_still_is_an_error() -> None:
    """Ceph's markers did once; a walk would go on for ever."""
    with listening() as heard:
        heard.body = (
            b"<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><Contents><Key>a</Key>"
            b"<Size>1</Size></Contents></ListBucketResult>"
        )
        store = objects_at(heard)
        after = store.objects("photos", {}).after
        assert after is not None
        with pytest.raises(StoreError, match="does not go on"):
            store.objects("photos", after)


def test_bodies_carry_a_digest_and_a_signature() -> None:
    with listening() as heard:
        heard.headers = {"ETag": '"9dd4e461268c8034f5c8564e155c67a6"'}
        objects_at(heard).write("photos", "a b/ü", ObjectUpload(b"x"), NOTHING)
        ((method, path, headers, body),) = heard.asked
    assert (method, path, body) == ("PUT", "/photos/a%20b/%C3%BC", b"x")
    assert base64.b64decode(headers["content-md5"]).hex() == "9dd4e461268c8034f5c8564e155c67a6"
    assert "content-md5;" in headers["authorization"]
    assert headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"  # the signature covers Content-MD5


def fill(heard: Heard, size: int) -> bytes:
    heard.headers["ETag"] = '"e"'
    buffer = bytearray(size)
    with objects_at(heard).read("photos", "k") as body:
        body.read_into(memoryview(buffer))
    return bytes(buffer)


def test_a_body_is_read_into_a_buffer_of_its_length() -> None:
    with listening() as heard:
        heard.body = b"0123456789" * 30_000
        assert fill(heard, 300_000) == heard.body
        heard.headers = {"Transfer-Encoding": "chunked"}
        heard.body = b"5\r\nabcde\r\n3\r\nfgh\r\n0\r\n\r\n"
        assert fill(heard, 8) == b"abcdefgh"


@pytest.mark.parametrize(
    ("length", "size"), [("10", 10), ("3", 4), ("3", 2)], ids=["cut off", "short", "long"]
)
def test_a_body_of_another_length_is_an_error(length: str, size: int) -> None:
    """Taken for the whole, the end of a buffer held bytes of the object that was in it before."""
    with listening() as heard:
        heard.body, heard.headers = b"abc", {"Content-Length": length, "Connection": "close"}
        with pytest.raises(Unavailable):
            fill(heard, size)
