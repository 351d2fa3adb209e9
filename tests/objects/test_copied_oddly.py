"""Copies that cannot be, or that cannot be as they are: conditions, holds, folders, broken reads, memory, refreshes."""

import base64
import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from imagestore.backends.objects import ObjectBody
from imagestore.core.errors import Conflict, NotFound, Unavailable
from imagestore.core.objects import ObjectAttributes, ObjectLockState, ObjectUpload, WriteCondition
from imagestore.transfer.budget import ByteBudget
from imagestore.transfer.copies import NotCopied
from imagestore.transfer.copying import abort_abandoned
from tests.objects.stores import NOTHING, REAL, backend, bucket_of
from tests.objects.test_attributes import TAGS, given
from tests.objects.test_copying import MEBI, Log, Meddling, copier, ends


@pytest.mark.parametrize("versioned", [False, True], ids=["plain", "versioned"])
@pytest.mark.parametrize("provider", REAL)
@pytest.mark.parametrize("size", [9, 17 * MEBI], ids=["small", "large"])
def test_a_condition_holds_at_every_destination(
    provider: str, size: int, *, versioned: bool, request: pytest.FixtureRequest
) -> None:
    """By the store where it honours it, else by a look right before."""
    found = backend(provider, request)
    source, destination = bucket_of(backend("MinIO", request)), bucket_of(found, versioned=versioned)
    source.write("k", b"n" * size)
    old = destination.write("k", b"old")
    copying = copier(source, destination)
    for condition in (WriteCondition(absent=True), WriteCondition(etag="0" * 32)):
        with pytest.raises(Conflict):
            copying.copy("k", "k", condition=condition)
        assert destination.read("k") == b"old"
    copying.copy("k", "k", condition=WriteCondition(etag=old))
    assert len(destination.read("k")) == size
    assert list(destination.store.uploads(destination.bucket)) == []


@pytest.mark.parametrize("provider", REAL)
def test_holds_arrive_where_the_bucket_has_object_lock(provider: str, request: pytest.FixtureRequest) -> None:
    found = backend(provider, request)
    source, locked, plain = bucket_of(found, locked=True), bucket_of(found, locked=True), bucket_of(found)
    lock = ObjectLockState("GOVERNANCE", (int(time.time()) + 60) * 1000, hold=True)
    source.write("k", b"x", ObjectAttributes(lock=lock))
    assert copier(source, locked).copy("k", "k").lost == frozenset()
    assert locked.store.lock(locked.bucket, "k") == lock
    assert copier(source, plain).copy("k", "k").lost == {"lock"}  # SeaweedFS takes it, and drops it
    assert plain.store.lock(plain.bucket, "k") == ObjectLockState()
    assert plain.read("k") == b"x"


def test_a_customers_key_is_named(request: pytest.FixtureRequest) -> None:
    source, destination = ends(("Ceph", "MinIO"), request)
    key = b"0" * 32
    source.backend.call(
        "PutObject",
        {
            "Bucket": source.bucket, "Key": "k", "Body": b"x", "SSECustomerAlgorithm": "AES256",
            "SSECustomerKey": base64.b64encode(key).decode(),
            "SSECustomerKeyMD5": base64.b64encode(hashlib.md5(key, usedforsecurity=False).digest()).decode(),
        },
    )  # fmt: skip
    for size in (1, None):
        with pytest.raises(NotCopied) as refused:
            copier(source, destination).copy("k", "k", size=size)
        assert refused.value.reason == "CustomerKey"
    assert destination.keys() == []


def test_a_folder_that_would_lose_something_is_named(request: pytest.FixtureRequest) -> None:
    """SeaweedFS keeps no bytes of dir/, and PUT a/ deletes a, both with 200."""
    source, destination = ends(("Ceph", "SeaweedFS"), request)
    source.write("dir/", b"bytes")
    source.write("empty/", b"")
    source.write("a/", b"")
    destination.write("a", b"kept")
    copying = copier(source, destination)
    for key, reason in (("dir/", "Unmappable"), ("a/", "Collides")):
        with pytest.raises(NotCopied) as refused:
            copying.copy(key, key)
        assert refused.value.reason == reason
    copying.copy("empty/", "empty/")
    assert destination.keys() == ["a", "empty/"]
    assert destination.read("a") == b"kept"


@pytest.mark.parametrize("size", [100_000, 17 * MEBI], ids=["small", "large"])
def test_a_read_that_breaks_off_is_repeated(size: int, request: pytest.FixtureRequest) -> None:
    source, destination = ends(("MinIO", "Ceph"), request)
    source.write("k", b"y" * size)

    class Breaking(Meddling):
        broken = 0

        @contextmanager
        def read(self, *place: str, **more: Any) -> Iterator[ObjectBody]:
            with super().read(*place, **more) as body:
                yield body if self.broken >= 2 else self._cut(body)

        def _cut(self, body: ObjectBody) -> Any:
            self.broken += 1
            return Cut(body)

    class Cut:
        def __init__(self, body: ObjectBody) -> None:
            self.head, self._body = body.head, body

        def __iter__(self) -> Iterator[bytes]:
            yield next(iter(self._body))[:10]
            raise Unavailable("the answer was cut off")

        def read_into(self, buffer: memoryview) -> None:
            buffer[:10] = next(iter(self._body))[:10]
            raise Unavailable("the answer was cut off")

    breaking = Breaking(source.store, lambda _: None)
    replace(copier(source, destination), source=breaking).copy("k", "k", size=size)
    assert destination.read("k") == b"y" * size
    assert breaking.broken == 2


def test_what_vanished_is_not_found(request: pytest.FixtureRequest) -> None:
    source, destination = ends(("MinIO", "Ceph"), request)
    for size in (None, 5):
        with pytest.raises(NotFound):
            copier(source, destination).copy("gone", "gone", size=size)
    assert destination.keys() == []


def test_uploads_of_a_killed_run_are_aborted_and_no_others(request: pytest.FixtureRequest) -> None:
    held = bucket_of(backend("SeaweedFS", request))
    ours, foreign = (held.store.begin(held.bucket, key, NOTHING) for key in ("ours", "foreign"))
    held.store.write_part(held.bucket, "ours", ours, 1, ObjectUpload(b"x"))
    assert abort_abandoned(held.store, held.bucket, [("ours", ours), ("gone", ours)]) == {}
    assert [u.upload for u in held.store.uploads(held.bucket)] == [foreign]


def test_an_upload_that_cannot_be_noted_is_aborted(request: pytest.FixtureRequest) -> None:
    """A run that another process took over could not note it, and left it open at the destination for ever."""

    class Fenced(Log):
        def begun(self, key: str, upload: str) -> None:
            raise Unavailable("the checkpoint is another process's")

        def ended(self, key: str, upload: str) -> None:
            pass

    source, destination = ends(("MinIO", "Ceph"), request)
    source.write("large", b"x" * 17 * MEBI, NOTHING)
    with pytest.raises(Unavailable):
        copier(source, destination, uploads=Fenced()).copy("large", "large")
    assert [*destination.store.uploads(destination.bucket)] == []


@pytest.mark.parametrize("provider", REAL)
def test_changed_attributes_are_brought_over_without_bytes(
    provider: str, request: pytest.FixtureRequest
) -> None:
    source, destination = ends((provider, provider), request)
    source.write("k", b"abc", given())
    copying = copier(source, destination)
    copying.copy("k", "k")
    assert copying.refresh("k", "k") is None
    source.store.set_tags(source.bucket, "k", {"kind": "drawing"})
    assert copying.refresh("k", "k") is not None
    assert dict(destination.store.tags(destination.bucket, "k")) == {"kind": "drawing"}
    changed = ObjectAttributes({"content-type": "image/png"}, {"new": "ü"}, TAGS)
    source.write("k", b"abc", changed)
    assert copying.refresh("k", "k") is not None
    head = destination.store.head(destination.bucket, "k")
    assert (head.attributes.headers, head.attributes.metadata) == (changed.headers, changed.metadata)
    assert dict(destination.store.tags(destination.bucket, "k")) == TAGS
    assert copying.refresh("k", "k") is None


def test_the_budget_bounds_what_is_held_and_lets_large_ones_through() -> None:
    budget, held, most, lock = ByteBudget(100), [0], [0], threading.Lock()

    def work(size: int) -> None:
        with budget.hold(size):
            with lock:
                held[0] += min(size, 100)
                most[0] = max(most[0], held[0])
            time.sleep(0.001)
            with lock:
                held[0] -= min(size, 100)

    threads = [threading.Thread(target=work, args=(size,)) for size in [30, 40, 100, 500, 10] * 8]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (held[0], most[0]) == (0, 100)
    assert not any(thread.is_alive() for thread in threads)
