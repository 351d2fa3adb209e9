"""What an object has besides its bytes comes back as the store's traits say, from one PUT and from an upload in parts."""

import os
import time
from collections.abc import Collection
from dataclasses import replace

import pytest

from dev.stores.ceph import TIERS as CEPH_TIERS
from imagestore.core.objects import ObjectAttributes, ObjectHead, ObjectLockState, ObjectUpload, UploadedPart
from tests.objects.stores import NOTHING, REAL, Held, backend, bucket_of

HEADERS = {
    "content-type": "image/jpeg",
    "content-encoding": "gzip",
    "content-language": "de",
    "content-disposition": 'attachment; filename="a b.jpg"',
    "cache-control": "max-age=5",
}
EXPIRES = {"expires": "Wed, 21 Oct 2026 07:28:00 GMT"}
REDIRECT = {"x-amz-website-redirect-location": "/other"}
METADATA = {"plain": "x", "inside": "a  b", "umlaut": "größe ✓", "latin": "é", "emoji": "😀"}
EMPTY = {"nothing": ""}
TAGS = {"kind": "photo", "a b": "c+d=e/f"}
PART = 5 * 1024**2
ALL = ["MinIO", "Ceph", "SeaweedFS", "AWS"]


def expected(held: Held) -> ObjectAttributes:
    """All of it that the store carries."""
    carries = held.store.traits.carries
    headers = (
        HEADERS | (EXPIRES if "expires" in carries else {}) | (REDIRECT if "redirect" in carries else {})
    )
    return ObjectAttributes(headers, METADATA | (EMPTY if "emptyMetadata" in carries else {}))


def given() -> ObjectAttributes:
    """All that there is but lock and class."""
    return ObjectAttributes(HEADERS | EXPIRES | REDIRECT, METADATA | EMPTY, TAGS)


def in_parts(held: Held, key: str, attributes: ObjectAttributes = NOTHING) -> tuple[str, list[UploadedPart]]:
    """An object of two parts; the upload's id and its parts."""
    upload = held.store.begin(held.bucket, key, attributes)
    bodies = [os.urandom(PART), b"end"]
    parts = [
        held.store.write_part(held.bucket, key, upload, number, ObjectUpload(body))
        for number, body in enumerate(bodies, 1)
    ]
    held.store.complete(held.bucket, key, upload, parts)
    return upload, parts


def same(found: ObjectHead, held: Held, lost: Collection[str] = ()) -> None:
    """Compare what the store tells with what it is declared to keep."""
    wanted = expected(held)
    assert dict(found.attributes.headers) == {n: v for n, v in wanted.headers.items() if n not in lost}
    # SeaweedFS keeps values of no length of an upload in parts, and of no other.
    kept = {n: v for n, v in found.attributes.metadata.items() if v or n in wanted.metadata}
    assert kept == dict(wanted.metadata)


@pytest.mark.parametrize("provider", REAL)
def test_attributes_come_back(provider: str, request: pytest.FixtureRequest) -> None:
    held = bucket_of(backend(provider, request))
    held.write("one", b"abc", given())
    in_parts(held, "parts", given())
    held.store.copy((held.bucket, "one", ""), held.bucket, "copied")
    held.store.copy((held.bucket, "one", ""), held.bucket, "replaced", given())
    for key in ("one", "parts", "copied", "replaced"):
        found = held.store.head(held.bucket, key)
        lost = held.store.traits.copy_loses if key == "copied" else ()
        same(found, held, lost)
        with held.store.read(held.bucket, key) as body:
            same(body.head, held, lost)
            assert sum(map(len, body)) == body.head.size == found.size
    assert held.store.tags(held.bucket, "one") == TAGS
    assert held.store.head(held.bucket, "one").tag_count == 2


@pytest.mark.parametrize("provider", REAL)
@pytest.mark.parametrize("way", ["parts", "copied", "replaced", "kept"])
def test_tags_are_kept_or_known_to_be_set_afterwards(
    provider: str, way: str, request: pytest.FixtureRequest
) -> None:
    held = bucket_of(backend(provider, request))
    if way == "parts":
        in_parts(held, way, given())
    else:
        held.write("one", b"abc", given())
        replaced = {"replaced": given(), "kept": replace(given(), tags=None)}.get(way)
        held.store.copy((held.bucket, "one", ""), held.bucket, way, replaced)
    if held.store.traits.tags_after:
        held.store.set_tags(held.bucket, way, TAGS)
    assert held.store.tags(held.bucket, way) == TAGS


@pytest.mark.parametrize("provider", REAL)
def test_lock_and_holds_come_back(provider: str, request: pytest.FixtureRequest) -> None:
    held = bucket_of(backend(provider, request), locked=True)
    until = (int(time.time()) + 60) * 1000
    lock = ObjectLockState("GOVERNANCE", until, hold=True)
    held.write("locked", b"x", ObjectAttributes(lock=lock))
    held.write("later", b"x")
    assert held.store.lock(held.bucket, "locked") == lock
    assert held.store.lock(held.bucket, "later") == ObjectLockState()
    held.store.set_lock(held.bucket, "later", ObjectLockState("GOVERNANCE", until + 1000))
    assert held.store.lock(held.bucket, "later") == ObjectLockState("GOVERNANCE", until + 1000)
    version = held.store.head(held.bucket, "locked").version
    refused = held.store.delete_many(held.bucket, [("locked", version)])
    assert list(refused) == [("locked", version)]
    assert held.read("locked") == b"x"
    held.store.set_lock(held.bucket, "locked", ObjectLockState(hold=False))
    assert not held.store.lock(held.bucket, "locked").hold


@pytest.mark.parametrize("provider", ALL)
def test_a_versioned_bucket_is_told_and_its_versions_are(
    provider: str, request: pytest.FixtureRequest
) -> None:
    found = backend(provider, request)
    plain, held = bucket_of(found), bucket_of(found, versioned=True)
    assert (plain.store.versioned(plain.bucket), held.store.versioned(held.bucket)) == (False, True)
    first, second = (held.store.write(held.bucket, "k", ObjectUpload(b), NOTHING) for b in (b"1", b"2"))
    marker = held.store.delete(held.bucket, "k")
    items = held.store.versions(held.bucket, {}).items
    assert [(i.version, i.marker, i.latest) for i in items] == [
        (marker.version, True, True), (second.version, False, False), (first.version, False, False),
    ]  # fmt: skip
    assert (held.read("k", first.version), held.read("k", second.version)) == (b"1", b"2")
    assert held.keys() == []
    held.store.delete(held.bucket, "k", version=marker.version)
    assert held.read("k") == b"2"
    now = held.store.now(held.bucket)
    assert abs(now - items[0].modified) < 60_000
    assert all(i.modified % 1000 == 0 for i in items) or not held.store.traits.coarse_times


@pytest.mark.parametrize("provider", ALL)
def test_a_checksum_is_of_the_whole_object_or_not_told(provider: str, request: pytest.FixtureRequest) -> None:
    held = bucket_of(backend(provider, request))
    etag = held.write("k", b"hello")
    head = held.store.head(held.bucket, "k")
    assert (etag, head.etag) == ("5d41402abc4b2a76b9719d911017c592",) * 2
    wrong = ObjectUpload(b"hello", md5="0" * 32)
    with pytest.raises(Exception, match=r"BadDigest|InvalidDigest|other bytes"):
        held.store.write(held.bucket, "other", wrong, NOTHING)
    assert held.keys() == ["k"] or provider == "AWS"  # moto does not check


CLASSES = {
    "MinIO": "REDUCED_REDUNDANCY",
    "Ceph": CEPH_TIERS["Cool"],
    "SeaweedFS": "STANDARD_IA",
    "AWS": "STANDARD_IA",
}


@pytest.mark.parametrize("provider", ALL)
def test_a_class_is_kept_where_declared(provider: str, request: pytest.FixtureRequest) -> None:
    held = bucket_of(backend(provider, request))
    held.write("k", b"x", ObjectAttributes(storage_class=CLASSES[provider]))
    kept = "storageClass" in held.store.traits.carries
    assert (held.store.head(held.bucket, "k").attributes.storage_class == CLASSES[provider]) == kept
    (listed,) = held.store.objects(held.bucket, {}).items
    assert (listed.storage_class == CLASSES[provider]) == kept


@pytest.mark.parametrize("provider", REAL)
def test_metadata_of_the_declared_size_is_kept(provider: str, request: pytest.FixtureRequest) -> None:
    held = bucket_of(backend(provider, request))
    size = held.store.traits.metadata_bytes
    metadata = {f"name{n}": "v" * (size // 4 - 5 - len("x-amz-meta-")) for n in range(4)}
    assert sum(len(f"x-amz-meta-{n}{v}") for n, v in metadata.items()) == size
    held.write("k", b"x", ObjectAttributes(metadata=metadata))
    assert dict(held.store.head(held.bucket, "k").attributes.metadata) == metadata
