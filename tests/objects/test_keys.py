"""A key is bytes: what a store can hold comes back byte for byte, and what it cannot is known before it is written."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from imagestore.core.errors import Denied, NotFound, Rejected, StoreError
from imagestore.core.keys import raw
from imagestore.core.objects import KeyOrder, KeyProblem
from tests.objects.corpus import LEGAL, NUL, ODD
from tests.objects.stores import REAL, backend, bucket_of


def moto_takes(key: str) -> bool:
    """Its routes know no line breaks."""
    return "\n" not in key


@pytest.mark.parametrize("provider", [*REAL, "AWS"])
def test_every_legal_key_comes_back(provider: str, request: pytest.FixtureRequest) -> None:
    """In pages of 3 and of 1000; in the declared order; with its own bytes; and none is left after one delete of all."""
    held = bucket_of(backend(provider, request))
    keys = [key for key in LEGAL if provider != "AWS" or moto_takes(key)]
    assert {held.store.key_verdict(key).problem for key in keys} == {None}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: held.write(key, raw(key)), keys))
    for limit in (3, 1000):
        found = held.keys(limit)
        assert sorted(found) == sorted(keys)
        if held.store.traits.order is KeyOrder.BYTES:
            assert found == sorted(keys, key=raw)
        else:
            assert found == sorted(keys, key=lambda key: raw(key).split(b"/"))
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(held.read, keys)) == [raw(key) for key in keys]
    assert held.store.delete_many(held.bucket, [(key, "") for key in keys]) == {}
    assert held.keys() == []


@pytest.mark.parametrize("provider", REAL)
def test_a_verdict_is_what_the_store_does(provider: str, request: pytest.FixtureRequest) -> None:
    found = backend(provider, request)
    held = bucket_of(found)
    for key in [*ODD, *([] if provider == "Ceph" else [NUL])]:
        verdict = held.store.key_verdict(key)
        if verdict.problem is KeyProblem.UNMAPPABLE:
            # SeaweedFS writes a key of slashes over the bucket itself, and says 200.
            if not (provider == "SeaweedFS" and not key.strip("/")):
                with pytest.raises((Rejected, Denied)):
                    held.write(key)
                assert held.keys() == [], key
            continue
        held.write(key, b"" if key.endswith("/") else b"x")
        assert held.keys() == [verdict.stored], key
        assert (verdict.problem is None) == (verdict.stored == key)
        held.store.delete(held.bucket, verdict.stored)


def test_nul_is_refused_by_cephs_http_server(request: pytest.FixtureRequest) -> None:
    """Its answer is not S3's. A connection of its own: it looks as if the store did not answer."""
    held = bucket_of(backend("Ceph", request))
    assert held.store.key_verdict(NUL).problem is KeyProblem.UNMAPPABLE
    with pytest.raises(StoreError):
        held.write(NUL)


def test_the_unknown_store_is_held_to_s3s_own_rule(request: pytest.FixtureRequest) -> None:
    held = bucket_of(backend("AWS", request))
    assert held.store.key_verdict("k" * 1025).problem is KeyProblem.UNMAPPABLE
    assert held.store.key_verdict("bad\udcff").problem is KeyProblem.UNMAPPABLE
    assert held.store.key_verdict("a//../b").problem is None


@pytest.mark.parametrize("provider", REAL)
def test_a_listing_goes_on_after_any_key(provider: str, request: pytest.FixtureRequest) -> None:
    """SeaweedFS skips a whole folder after an object of its name: pages that ended there lost what was in it."""
    held = bucket_of(backend(provider, request))
    below = ["a/b", "a/c/d", "b/x", "c/d/e"] if held.store.traits.nested else []
    keys = ["a", *below, "a-b", "a.b", "b", "c/d", "c-", "d\x07", "d\x07\x07", "d\x08", "é"]
    for key in keys:
        held.write(key)
    order = held.keys()
    assert sorted(order) == sorted(keys)
    for place, key in enumerate(order):
        page = held.store.objects(held.bucket, held.store.start_after(key), limit=1000)
        assert [item.key for item in page.items] == order[place + 1 :]
    for limit in (1, 2, 3):
        assert held.keys(limit) == order


@pytest.mark.parametrize("provider", REAL)
def test_an_object_below_another_is_listed_where_declared(
    provider: str, request: pytest.FixtureRequest
) -> None:
    """MinIO takes a/b beside a, gives its bytes, and tells of it in no listing."""
    held = bucket_of(backend(provider, request))
    held.write("a")
    held.write("a/b", b"below")
    assert held.read("a/b") == b"below"
    assert held.keys() == (["a", "a/b"] if held.store.traits.nested else ["a"])


@pytest.mark.parametrize("provider", REAL)
def test_of_a_missing_object_and_a_missing_bucket(provider: str, request: pytest.FixtureRequest) -> None:
    """HEAD's 404 has no body: taken for a missing object, a missing bucket let its copies be deleted."""
    held = bucket_of(backend(provider, request))
    with pytest.raises(NotFound) as missing:
        held.store.head(held.bucket, "nothing")
    assert missing.value.code == "NoSuchKey"
    with pytest.raises(NotFound) as gone:
        held.store.head("objects-there-is-no-such", "nothing")
    assert gone.value.code == "NoSuchBucket"
