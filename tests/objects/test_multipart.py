"""Uploads in parts: completed twice, aborted until nothing is left, of blocks that are read as they are sent."""

import hashlib
import os
from collections.abc import Iterator

import pytest

from imagestore.core.errors import Unavailable
from imagestore.core.objects import ObjectUpload
from tests.objects.stores import NOTHING, REAL, backend, bucket_of
from tests.objects.test_attributes import ALL, PART, in_parts


@pytest.mark.parametrize("provider", REAL)
def test_completing_twice_is_no_error(provider: str, request: pytest.FixtureRequest) -> None:
    """The answer to the first may be lost. Of Ceph the first one's has no ETag."""
    held = bucket_of(backend(provider, request))
    upload, parts = in_parts(held, "k")
    again = held.store.complete(held.bucket, "k", upload, parts)
    assert again.etag == held.store.head(held.bucket, "k").etag
    assert again.etag.endswith("-2")
    assert held.store.head(held.bucket, "k").size == PART + 3


@pytest.mark.parametrize("provider", ALL)
def test_an_aborted_upload_leaves_nothing(provider: str, request: pytest.FixtureRequest) -> None:
    held = bucket_of(backend(provider, request))
    odd = "a b/ü"
    for key in ("k", odd):
        upload = held.store.begin(held.bucket, key, NOTHING)
        held.store.write_part(held.bucket, key, upload, 1, ObjectUpload(b"x"))
        assert [(u.key, u.upload) for u in held.store.uploads(held.bucket)] == [(key, upload)]
        held.store.abort(held.bucket, key, upload)
        held.store.abort(held.bucket, key, upload)
        assert list(held.store.uploads(held.bucket)) == []


@pytest.mark.parametrize("provider", REAL)
def test_the_size_of_parts_is_told_or_not(provider: str, request: pytest.FixtureRequest) -> None:
    held = bucket_of(backend(provider, request))
    in_parts(held, "parts")
    held.write("one", b"abc")
    told = {"MinIO": PART, "Ceph": 0, "SeaweedFS": PART}[provider]
    assert held.store.part_size(held.bucket, "parts") == told
    assert held.store.part_size(held.bucket, "one") in (0, 3)


def md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


class Blocks:
    """Made as they are read, as often as they are asked for."""

    def __init__(self, count: int) -> None:
        self.count, self.read = count, 0

    def __iter__(self) -> Iterator[bytes]:
        self.read += 1
        return iter([b"%065536d" % number for number in range(self.count)])


@pytest.mark.parametrize("provider", REAL)
def test_blocks_are_sent_as_they_are_read(provider: str, request: pytest.FixtureRequest) -> None:
    """Without a digest beforehand the store's ETag is compared with what was sent."""
    held = bucket_of(backend(provider, request))
    blocks = Blocks(80)
    body = ObjectUpload(blocks, 80 * 65536)
    held.store.write(held.bucket, "k", body, NOTHING)
    digest = md5(b"".join(blocks))
    assert held.store.head(held.bucket, "k").etag == digest
    assert md5(held.read("k")) == digest
    with pytest.raises(Unavailable, match="sent whole"):
        held.store.write(held.bucket, "short", ObjectUpload(Blocks(2), 65536 * 3), NOTHING)
    assert held.keys() == ["k"]


@pytest.mark.parametrize("provider", REAL)
def test_parts_are_copied_inside_the_store(provider: str, request: pytest.FixtureRequest) -> None:
    held = bucket_of(backend(provider, request))
    body = os.urandom(PART + 7)
    held.write("source key/ü", body)
    upload = held.store.begin(held.bucket, "copy", NOTHING)
    source, target = (held.bucket, "source key/ü", ""), (held.bucket, "copy", upload)
    parts = [
        held.store.copy_part(source, span, target, number)
        for number, span in ((1, (0, PART)), (2, (PART, PART + 7)))
    ]
    held.store.complete(held.bucket, "copy", upload, parts)
    assert held.read("copy") == body
