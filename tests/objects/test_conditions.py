"""Each condition decides exactly where the store's traits say so: a copy relies on nothing else."""

import os
from collections.abc import Callable

import pytest

from imagestore.core.errors import Conflict, Rejected
from imagestore.core.objects import ObjectUpload, WriteCondition
from tests.objects.stores import NOTHING, Held, backend, bucket_of

PART = 5 * 1024**2
WRONG = "0" * 32
# What moto ignores and Amazon S3 honours, by its documentation.
MOTO_IGNORES = {"complete_absent", "copy_matching", "part_copy_matching", "delete_matching", "put_matching"}
MOTO_IGNORES |= {"complete_matching"}


def decides(attempt: Callable[[], object]) -> bool:
    """Whether the condition, which does not hold, stopped it."""
    try:
        attempt()
    except Conflict:
        return True
    return False


def put(held: Held, condition: WriteCondition) -> None:
    held.store.write(held.bucket, "k", ObjectUpload(b"2"), NOTHING, condition)


def complete(held: Held, condition: WriteCondition) -> None:
    upload = held.store.begin(held.bucket, "k", NOTHING)
    parts = [held.store.write_part(held.bucket, "k", upload, 1, ObjectUpload(os.urandom(9)))]
    held.store.complete(held.bucket, "k", upload, parts, condition)


def found_out(held: Held) -> dict[str, bool]:
    """What the store does with conditions that do not hold."""
    store, bucket, source = held.store, held.bucket, (held.bucket, "large", "")
    held.write("k", b"1")
    held.write("large", os.urandom(PART))
    upload = store.begin(bucket, "part", NOTHING)
    return {
        "put_absent": decides(lambda: put(held, WriteCondition(absent=True))),
        "put_matching": decides(lambda: put(held, WriteCondition(etag=WRONG))),
        "complete_absent": decides(lambda: complete(held, WriteCondition(absent=True))),
        "complete_matching": decides(lambda: complete(held, WriteCondition(etag=WRONG))),
        "copy_matching": decides(lambda: store.copy(source, bucket, "copied", source_etag=WRONG)),
        "part_copy_matching": decides(
            lambda: store.copy_part(source, (0, PART), (bucket, "part", upload), 1, source_etag=WRONG)
        ),
    }


@pytest.mark.parametrize("versioned", [False, True], ids=["plain", "versioned"])
@pytest.mark.parametrize("provider", ["MinIO", "Ceph", "SeaweedFS", "AWS"])
def test_conditions_decide_as_declared(
    provider: str, *, versioned: bool, request: pytest.FixtureRequest
) -> None:
    held = bucket_of(backend(provider, request), versioned=versioned)
    traits, found = held.store.traits, found_out(held)
    declared = {
        "put_absent": traits.put_absent_versioned if versioned else traits.put_absent,
        "put_matching": traits.put_matching_versioned if versioned else traits.put_matching,
        "complete_absent": traits.complete_absent,
        "complete_matching": traits.complete_matching,
        "copy_matching": traits.copy_matching,
        "part_copy_matching": traits.copy_matching,
    }
    if provider == "Ceph" and versioned:  # it refuses every If-Match there, also one that holds
        found["put_matching"] = False
    if provider == "AWS":
        found = {name: found[name] or name in MOTO_IGNORES for name in found}
    assert found == declared


@pytest.mark.parametrize("versioned", [False, True], ids=["plain", "versioned"])
@pytest.mark.parametrize("provider", ["MinIO", "Ceph", "SeaweedFS"])
def test_a_condition_that_holds_lets_write(
    provider: str, *, versioned: bool, request: pytest.FixtureRequest
) -> None:
    held = bucket_of(backend(provider, request), versioned=versioned)
    put(held, WriteCondition(absent=True))
    traits = held.store.traits
    if traits.put_matching_versioned if versioned else traits.put_matching:
        put(held, WriteCondition(etag=held.store.head(held.bucket, "k").etag))
    if traits.complete_matching:
        complete(held, WriteCondition(etag=held.store.head(held.bucket, "k").etag))
        put(held, WriteCondition(etag=held.store.head(held.bucket, "k").etag))
    assert held.read("k") == b"2"


@pytest.mark.parametrize("provider", ["MinIO", "Ceph", "SeaweedFS"])
def test_a_conditional_delete_is_sent_only_where_it_decides(
    provider: str, request: pytest.FixtureRequest
) -> None:
    """Ceph and MinIO delete anyway: asked there, it would destroy what had changed."""
    held = bucket_of(backend(provider, request))
    etag = held.write("k")
    with pytest.raises(Conflict if held.store.traits.delete_matching else Rejected):
        held.store.delete(held.bucket, "k", etag=WRONG)
    assert held.read("k") == b"x"
    if held.store.traits.delete_matching:
        held.store.delete(held.bucket, "k", etag=etag)
        assert held.keys() == []


@pytest.mark.parametrize("provider", ["MinIO", "Ceph", "SeaweedFS"])
def test_a_read_of_another_etag_is_a_conflict(provider: str, request: pytest.FixtureRequest) -> None:
    held = bucket_of(backend(provider, request))
    etag = held.write("k", b"0123456789")
    with held.store.read(held.bucket, "k", etag=etag, span=(2, 5)) as body:
        assert (body.head.size, b"".join(body)) == (10, b"234")
    with pytest.raises(Conflict), held.store.read(held.bucket, "k", etag=WRONG, span=(2, 5)):
        pass
