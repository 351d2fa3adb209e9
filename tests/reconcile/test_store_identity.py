"""When missing buckets mean that the store is another one, to the bucket."""

from dataclasses import replace
from typing import Any

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.memory import MemoryBackend, MemoryBucket, MemoryStore
from imagestore.core.errors import Denied
from imagestore.reconcile.shared.situation import Served, StoreStanding
from imagestore.reconcile.shared.store_identity import Roll, another, roll_call, sample
from tests.reconcile.world import backend_spec

HERE = "memory://"


def limited(**limits: Any) -> StorageBackendSpec:
    said = backend_spec().to_json() | {"limits": {"missingBuckets": limits} if limits else {}}
    return StorageBackendSpec.model_validate(said)


def called(count: int, missing: int, *, moved: bool = False) -> Roll:
    names = tuple(f"b{n}" for n in range(count))
    return Roll(names, names[:missing], moved)


@pytest.mark.parametrize("spec", [None, backend_spec(), limited()])
@pytest.mark.parametrize(
    ("count", "missing", "alarming"),
    [
        (1, 1, False),
        (2, 2, True),
        (10, 2, False),
        (9, 2, True),
        (15, 3, False),
        (14, 3, True),
        (11, 0, False),
    ],
)
def test_without_limits_two_and_more_than_a_fifth_are_too_many(
    spec: StorageBackendSpec | None, count: int, missing: int, *, alarming: bool
) -> None:
    assert called(count, missing).alarming(spec) is alarming


@pytest.mark.parametrize(
    ("limits", "missing", "alarming"),
    [
        ({"atLeast": 3}, 2, False),
        ({"atLeast": 3}, 3, True),
        ({"percent": 50}, 2, False),
        ({"percent": 49}, 2, True),
        ({"percent": 0}, 1, False),
        ({"percent": 0, "atLeast": 1}, 1, True),
    ],
)
def test_the_administrators_numbers_prevail_each_by_itself(
    limits: dict[str, int], missing: int, *, alarming: bool
) -> None:
    assert called(4, missing).alarming(limited(**limits)) is alarming


def test_one_that_was_last_seen_at_another_endpoint_is_enough() -> None:
    assert called(1, 1, moved=True).alarming(None)
    assert called(10, 1, moved=True).alarming(limited(percent=99))
    assert not called(10, 10, moved=True).alarming(limited(percent=100)), "100 switches the doubt off"


def test_a_missing_bucket_has_moved_if_its_status_names_another_endpoint() -> None:
    one = Served("shop/a", "a", made=True)
    assert not Roll().with_missing(one, HERE).moved, "a status of an older version names none"
    assert not Roll().with_missing(replace(one, endpoint=HERE), HERE).moved
    moved = Roll().with_missing(replace(one, endpoint="memory://before"), HERE)
    assert moved.moved
    assert moved.with_missing(one, HERE).moved, "one of them is enough"
    assert moved == Roll(("a",), ("a",), moved=True)


def test_those_that_are_refused_count_neither_way() -> None:
    store = MemoryStore({"there": MemoryBucket()})

    def fault(operation: str, bucket: str) -> None:
        if bucket == "secret":
            raise Denied("no")

    store.fault = fault
    asked = [Served(f"shop/{n}", n, made=True) for n in ("there", "gone", "secret")]
    assert roll_call(MemoryBackend(store, FACETS), asked) == Roll(("gone", "there"), ("gone",))


def test_ten_of_those_that_existed_are_asked_and_others_for_another_bucket() -> None:
    fleet = [Served(f"shop/b{n}", f"b{n}", made=n % 2 == 0) for n in range(60)]
    chosen = sample(fleet, "mine")
    assert len(chosen) == 10
    assert all(b.made for b in chosen)
    assert chosen == sample(fleet[::-1], "mine"), "whatever the order"
    assert chosen != sample(fleet, "another")
    assert len(sample(fleet[:8], "mine")) == 4


@pytest.mark.parametrize(
    ("known", "told", "other"),
    [(None, "b", False), ("a", None, False), ("a", "a", False), ("a", "b", True)],
)
def test_a_store_is_another_only_if_both_identities_are_known_and_differ(
    known: str | None, told: str | None, *, other: bool
) -> None:
    store = MemoryStore(identity=told)
    assert another(MemoryBackend(store, FACETS), StoreStanding(known), anew=False) is other
    assert store.calls == ([("Identity", "")] if known else []), "asked only where one is known"
