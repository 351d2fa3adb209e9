"""One object copied between each pair of real stores: bytes, attributes, one version, bounded memory, nothing left behind."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from imagestore.backends.objects import ObjectBody, ObjectStore
from imagestore.core.objects import (
    ObjectUpload,
    UploadedPart,
)
from imagestore.transfer.budget import ByteBudget
from imagestore.transfer.copies import NotCopied
from imagestore.transfer.copying import Copier
from tests.objects.stores import NOTHING, REAL, Held, backend, bucket_of
from tests.objects.test_attributes import PART, TAGS, given, in_parts

MEBI = 1024**2
PAIRS = [(a, b) for a in REAL for b in REAL]


@dataclass
class Log:
    """Uploads that were begun and have not ended."""

    open: list[tuple[str, str]] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)

    def begun(self, key: str, upload: str) -> None:
        self.open.append((key, upload))
        self.seen.append((key, upload))

    def ended(self, key: str, upload: str) -> None:
        self.open.remove((key, upload))


def copier(source: Held, destination: Held, **more: Any) -> Copier:
    return Copier(
        source.store, source.bucket, destination.store, destination.bucket,
        **{"budget": ByteBudget(64 * MEBI), "uploads": Log(), **more},
    )  # fmt: skip


def ends(pair: tuple[str, str], request: pytest.FixtureRequest, **more: Any) -> tuple[Held, Held]:
    """Two buckets; of one store if both are the same."""
    source, destination = (bucket_of(backend(provider, request), **more) for provider in pair)
    return source, destination


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_bytes_and_attributes_arrive(pair: tuple[str, str], request: pytest.FixtureRequest) -> None:
    """What cannot be carried is told of each object, and is known of the pair before."""
    source, destination = ends(pair, request)
    source.write("small", b"abc", given())
    in_parts(source, "parts", given())
    if source.store.traits.tags_after:
        source.store.set_tags(source.bucket, "parts", TAGS)
    copying = copier(source, destination)
    for key in ("small", "parts"):
        copied = copying.copy(key, f"copy of/{key}")
        assert destination.read(f"copy of/{key}") == source.read(key)
        there, here = (
            destination.store.head(destination.bucket, f"copy of/{key}"), source.store.head(source.bucket, key),
        )  # fmt: skip
        assert copied.etag == there.etag
        assert copied.source.etag == here.etag
        assert dict(destination.store.tags(destination.bucket, f"copy of/{key}")) == TAGS
        lost = {
            name for name in ("headers", "metadata")
            if getattr(there.attributes, name) != getattr(here.attributes, name)
        }  # fmt: skip
        assert bool(lost) == bool(copied.lost)
        assert copied.lost <= copying.lost
        assert copied.server_side == (pair[0] == pair[1])
    assert list(destination.store.uploads(destination.bucket)) == []


@pytest.mark.parametrize(
    "pair", [("MinIO", "Ceph"), ("Ceph", "SeaweedFS"), ("SeaweedFS", "MinIO")], ids="-".join
)
def test_a_large_object_is_copied_in_parts_of_its_own_size(
    pair: tuple[str, str], request: pytest.FixtureRequest
) -> None:
    """So that both ETags agree and the next run need not read it. The upload is in the log before the first part."""
    source, destination = ends(pair, request)
    upload = source.store.begin(source.bucket, "large", NOTHING)
    bodies = [os.urandom(9 * MEBI), os.urandom(9 * MEBI), os.urandom(7)]
    parts = [
        source.store.write_part(source.bucket, "large", upload, n, ObjectUpload(body))
        for n, body in enumerate(bodies, 1)
    ]
    source.store.complete(source.bucket, "large", upload, parts)
    log = Log()
    copied = copier(source, destination, uploads=log).copy("large", "large")
    assert len(log.seen) == 1
    assert log.open == []
    assert destination.read("large") == b"".join(bodies)
    if pair[0] != "Ceph":  # tells of no part's size
        assert copied.etag == copied.source.etag == source.store.head(source.bucket, "large").etag
    assert copied.etag == destination.store.head(destination.bucket, "large").etag


class Meddling:
    """A store that something happens to between two parts."""

    def __init__(self, store: ObjectStore, meanwhile: Callable[[int], None]) -> None:
        self._store: Any = store
        self._meanwhile, self.reads = meanwhile, 0
        self._lock, self.traits = threading.Lock(), store.traits

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def read(self, *place: str, **more: Any) -> Iterator[ObjectBody]:
        with self._lock:
            self.reads += 1
            self._meanwhile(self.reads)
        with self._store.read(*place, **more) as body:
            yield body

    def copy_part(self, *place: Any, **more: Any) -> UploadedPart:
        with self._lock:
            self.reads += 1
            self._meanwhile(self.reads)
        part: UploadedPart = self._store.copy_part(*place, **more)
        return part


@pytest.mark.parametrize("source_provider", REAL)
def test_no_mixture_of_two_versions(source_provider: str, request: pytest.FixtureRequest) -> None:
    """Overwritten between two parts, and once more: the copy is one of them, whole."""
    destination_provider = "MinIO" if source_provider != "MinIO" else "SeaweedFS"
    source, destination = ends((source_provider, destination_provider), request)
    versions = [bytes([n]) * (17 * MEBI + n) for n in range(3)]
    source.write("k", versions[0])
    again = iter(versions[1:])

    def overwrite(read: int) -> None:
        if read in (2, 4):
            source.write("k", next(again))

    meddling = Meddling(source.store, overwrite)
    copying = replace(copier(source, destination, parts=1), source=meddling)
    copied = copying.copy("k", "k")
    assert destination.read("k") == versions[2]
    assert copied.source.size == len(versions[2])
    assert list(destination.store.uploads(destination.bucket)) == []


@pytest.mark.parametrize("provider", REAL)
def test_no_mixture_inside_a_store(provider: str, request: pytest.FixtureRequest) -> None:
    """Ceph ignores the condition of a part's copy: the source is compared before the upload is completed."""
    source, destination = ends((provider, provider), request)
    source = Held(source.backend, source.bucket)
    versions = [bytes([n]) * (2 * PART + n) for n in range(2)]
    source.write("k", versions[0])

    def overwrite(read: int) -> None:
        if read == 2:
            source.write("k", versions[1])

    small = replace(source.store.traits, largest_copy=PART)
    meddling = Meddling(source.store, overwrite)
    meddling.traits = small
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patched:
        patched.setattr("imagestore.transfer.inside._LEAST", PART)
        copying = replace(copier(source, destination, parts=1), source=meddling, destination=meddling)
        copying.copy("k", "k")
    assert destination.read("k") == versions[1]
    assert list(destination.store.uploads(destination.bucket)) == []


def test_an_object_that_keeps_changing_is_named(request: pytest.FixtureRequest) -> None:
    source, destination = ends(("MinIO", "Ceph"), request)
    source.write("k", b"0" * 17 * MEBI)

    def overwrite(read: int) -> None:
        source.write("k", b"%d" % read * 17 * MEBI)

    meddling = Meddling(source.store, overwrite)
    copying = replace(copier(source, destination, parts=1), source=meddling)
    with pytest.raises(NotCopied) as refused:
        copying.copy("k", "k")
    assert (refused.value.reason, refused.value.again) == ("Changing", True)
    assert destination.keys() == []
    assert list(destination.store.uploads(destination.bucket)) == []


def test_parts_without_a_digest_are_proven_by_the_sources_etag(request: pytest.FixtureRequest) -> None:
    """What something in between altered is found before the upload is completed, and copied again with digests."""
    source, destination = ends(("MinIO", "SeaweedFS"), request)
    upload = source.store.begin(source.bucket, "k", NOTHING)
    bodies = [os.urandom(9 * MEBI), os.urandom(9 * MEBI)]
    parts = [
        source.store.write_part(source.bucket, "k", upload, n, ObjectUpload(body))
        for n, body in enumerate(bodies, 1)
    ]
    source.store.complete(source.bucket, "k", upload, parts)
    sent: list[bool] = []

    class Altering(Meddling):
        def write_part(self, *place: Any) -> UploadedPart:
            *where, body = place
            sent.append(body.proven)
            if len(sent) == 2:
                body.blocks[5] ^= 1
            part: UploadedPart = self._store.write_part(*where, body)
            return part

    log = Log()
    altering = Altering(destination.store, lambda _: None)
    copied = replace(copier(source, destination, parts=1, uploads=log), destination=altering).copy("k", "k")
    assert sent == [True, True, False, False]
    assert destination.read("k") == b"".join(bodies)
    assert copied.etag == copied.source.etag
    assert len(log.seen) == 2
    assert log.open == []
    assert list(destination.store.uploads(destination.bucket)) == []
