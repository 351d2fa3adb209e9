"""Buckets are emptied for certain, on the real servers: many versions, strange keys, locks, open uploads."""

import datetime
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

from imagestore.backends.base import Remains
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.bucket import emptying
from imagestore.backends.s3.client import Keys, StoreTarget
from imagestore.backends.s3.objects.dialect import ObjectDialect
from imagestore.backends.s3.objects.wire import ObjectWire
from imagestore.core.errors import StoreError
from imagestore.facets.object_lock import ObjectLock
from tests.backends.listener import listening
from tests.contract.stores import backend_of

T = TypeVar("T")

REAL = ["MinIO", "Ceph", "SeaweedFS"]

STRANGE = [
    "plain.jpg",
    "a b+c%20d.jpg",
    "a//b",
    "folder/",
    "größe/✓/😀",
    "&<>\"'",
    "tab\there",
    "line\nbreak\rreturn",
    "x" * 900,
    "question?mark#hash;semicolon=1&x",
    "back\\slash",
    "trailing ",
]
CONTROL = ["bell\x07", "escape\x1b[31m", "unit\x1fseparator\x01", "\ufffe", "\uffff"]
# A legal character, and what stands in a document for one that XML cannot hold: it blocked DeleteAll as if it were locked.
REPLACED = ["\ufffd", "a\ufffdb", "unit\ufffdseparator\ufffd"]


@pytest.fixture(params=REAL)
def backend(request: pytest.FixtureRequest) -> S3Backend:
    return backend_of(request.param, request)


def bucket(backend: S3Backend, *, lock: bool = False, versioned: bool = False) -> str:
    name = f"emptying-{uuid.uuid4().hex[:10]}"
    backend.create(name, {"objectLock": ObjectLock()} if lock else {})
    if versioned:
        config = {"Status": "Enabled"}
        backend.call("PutBucketVersioning", {"Bucket": name, "VersioningConfiguration": config})
    return name


def put(backend: S3Backend, name: str, key: str, **more: Any) -> dict[str, Any]:
    return backend.call("PutObject", {"Bucket": name, "Key": key, "Body": b"x", **more})


def swept(backend: S3Backend, name: str, limit: int = 1000) -> Iterator[int]:
    """How many each step removed, until nothing is left to do."""
    for _ in range(100):
        step = backend.sweep(name, limit)
        yield step.removed
        if not step.more:
            return
    raise AssertionError("it never ends")


def test_remains_are_said_to_be_all_only_where_both_listings_end() -> None:
    assert str(Remains(0, 1000, more=True)) == "at least 0 versions and at least 1000 open uploads"
    assert str(Remains(3, 1)) == "3 versions and 1 open uploads"


def test_an_empty_bucket_has_no_remains(backend: S3Backend) -> None:
    assert backend.remains(bucket(backend)) == Remains(0, 0)


def test_a_bucket_that_is_gone_is_empty_swept_and_deleted(backend: S3Backend) -> None:
    assert backend.remains("never-was-there").empty
    assert backend.sweep("never-was-there", 10).removed == 0
    backend.delete("never-was-there")


def test_objects_versions_and_markers_by_the_thousand(backend: S3Backend) -> None:
    """Thousands on MinIO, where they are made quickest; elsewhere as many pages, of a smaller size."""
    count, page = (1950, 1000) if backend.provider == "MinIO" else (300, 120)
    name = bucket(backend, versioned=True)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: put(backend, name, f"k/{i % (count * 2 // 3):05}"), range(count)))
        list(
            pool.map(lambda i: backend.call("DeleteObject", {"Bucket": name, "Key": f"k/{i:05}"}), range(100))
        )
    remains = backend.remains(name)
    assert not remains.empty
    assert remains.more == (count + 100 > 1000)
    assert remains.versions == min(count + 100, 1000)
    steps = list(swept(backend, name, page))
    assert sum(steps) == count + 100
    assert len(steps) >= 3
    assert max(steps) <= page
    assert backend.remains(name).empty
    backend.delete(name)
    assert backend.check(name) is None


def test_keys_of_any_characters(backend: S3Backend) -> None:
    name = bucket(backend, versioned=True)
    stored = [k for k in [*STRANGE, *CONTROL, *REPLACED] if _takes(backend, name, k)]
    assert {"plain.jpg", "a b+c%20d.jpg", "folder/", *STRANGE[4:8], *CONTROL, *REPLACED} <= set(stored)
    assert ("a//b" in stored) == (backend.provider != "MinIO"), "MinIO refuses an empty step"
    assert backend.remains(name).versions == len(stored)
    assert sum(swept(backend, name)) == len(stored)
    assert backend.remains(name).empty


def _takes(backend: S3Backend, name: str, key: str) -> bool:
    try:
        put(backend, name, key)
    except StoreError:
        return False
    return True


def test_open_uploads_remain_and_are_dropped(backend: S3Backend) -> None:
    """MinIO deletes a bucket with open uploads: its refusal proves nothing."""
    name = bucket(backend)
    for key in ("a/b", "größe +x"):
        backend.call("CreateMultipartUpload", {"Bucket": name, "Key": key})
    remains = backend.remains(name)
    assert remains.uploads == 2
    assert not remains.empty
    assert sum(swept(backend, name)) == 2
    assert backend.remains(name).empty


@pytest.mark.parametrize("how", ["hold", "governance"])
def test_what_is_locked_stays_and_is_named(backend: S3Backend, how: str) -> None:
    name = bucket(backend, lock=True)
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    lock: dict[str, Any] = (
        {"ObjectLockLegalHoldStatus": "ON"}
        if how == "hold"
        else {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": until}
    )
    put(backend, name, "a-locked.dcm", **lock)
    for i in range(5):
        put(backend, name, f"free-{i}")
    step = backend.sweep(name, 3)
    assert step.removed == 3, "a locked object in front does not hide what may go"
    assert step.more
    step = backend.sweep(name, 1000)
    assert (step.removed, step.more) == (2, False)
    assert list(step.refused.values()) == [1]
    assert "a-locked.dcm" not in str(step), "counted, with the store's reason, and not named"
    assert "" not in step.refused
    assert backend.remains(name).versions == 1


def test_an_error_that_names_no_key_is_of_none() -> None:
    """Of a store, or of something in between: what the listing shows decides."""
    asked: list[str] = []
    told = {
        "DeleteObjects": b"<DeleteResult><Error><Code>InternalError</Code></Error>"
        b"<Error><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>",
        "ListObjectVersions": b"<ListVersionsResult><Version><Key>a</Key><VersionId>1</VersionId></Version></ListVersionsResult>",
        "ListMultipartUploads": b"<ListMultipartUploadsResult></ListMultipartUploadsResult>",
    }
    with listening() as heard:

        def perform(operation: str, attempt: Callable[[], T]) -> T:
            asked.append(operation)
            heard.body = told[operation]
            return attempt()

        wire = ObjectWire(StoreTarget(heard.endpoint, "eu-west-1", Keys("key", "secret")), perform)
        step = emptying.sweep(wire, "photos", 10, ObjectDialect())
    assert (step.removed, list(step.refused), sum(step.kept.values())) == (0, [], 1)
    assert "DeleteObject" not in asked


def test_a_step_goes_no_further_than_its_limit(backend: S3Backend) -> None:
    name = bucket(backend)
    for i in range(7):
        put(backend, name, f"k{i}")
    assert list(swept(backend, name, 3)) == [3, 3, 1]


def test_an_empty_page_that_is_not_the_last_proves_no_emptiness() -> None:
    assert not Remains(0, 0, more=True).empty
    assert Remains(0, 0).empty
