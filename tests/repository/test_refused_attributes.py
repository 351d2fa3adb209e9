"""A restore to a store that takes fewer attributes than the source had: the bytes come back, and what is left out is counted."""

from dataclasses import replace
from typing import Any

import pytest

from imagestore.core.errors import Rejected
from imagestore.core.objects import ObjectAttributes
from imagestore.repository.format.names import LARGE_BYTES
from imagestore.repository.restoring.options import RestoreReport, RestoreState
from imagestore.repository.restoring.selection import ExistingPolicy
from tests.repository.world import World

MANY = 120  # more than a store may refuse in a row before a restore gives up
LONG = {"exif": "x" * 3000}


def filled(**attributes: Any) -> World:
    """Objects that a store refuses or does not take wholly, and some behind them."""
    world = World()
    for n in range(MANY):
        world.put(f"m/{n:03}", bytes([n]), **attributes)
    for n in range(10):
        world.put(f"z/{n:03}", bytes([n]), metadata={"a": "b"}, tags={"c": "d"})
    return world


def attributes_of(world: World, key: str) -> ObjectAttributes:
    return world.target_server.buckets["restored"].keys[key][-1].attributes


def restored(world: World, **options: Any) -> RestoreReport:
    report = world.restore(world.back_up(), **options)
    assert world.restored().items() <= world.content().items()
    return report


def strict(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The destination takes 2 KB of metadata, and refuses an object with more."""
    put = world.target_server.put

    def refusing(bucket: str, key: str, data: bytes, attributes: ObjectAttributes, *rest: Any) -> Any:
        if sum(map(len, attributes.metadata.values())) > 2048:
            raise Rejected("too much metadata", code="MetadataTooLarge")
        return put(bucket, key, data, attributes, *rest)

    monkeypatch.setattr(world.target_server, "put", refusing)


@pytest.mark.parametrize("known", [2048, 8000])
def test_an_object_with_too_much_metadata_comes_back_without_it(
    monkeypatch: pytest.MonkeyPatch, known: int
) -> None:
    """Also where the store takes less than its profile tells. 100 in a row ended a restore that could never end."""
    world = filled(metadata=LONG, tags={"c": "d"}, headers={"content-type": "image/png"})
    strict(world, monkeypatch)
    world.target_server.traits = replace(world.target_server.traits, metadata_bytes=known)
    report = restored(world)
    assert (report.state, report.counts.restored, report.counts.lost) == (
        RestoreState.SUCCEEDED, MANY + 10, MANY,
    )  # fmt: skip
    found = attributes_of(world, "m/000")
    assert (found.metadata, found.headers) == ({}, {"content-type": "image/png"})
    assert attributes_of(world, "z/000").metadata == {"a": "b"}
    again = restored(world, existing=ExistingPolicy.OVERWRITE)
    assert again.counts.failed == 0


def test_tags_that_a_store_does_not_take_are_left_out_and_counted() -> None:
    world = filled(tags={"was": "größer"})
    world.target_server.traits = replace(world.target_server.traits, ascii_tags=True)
    report = restored(world)
    assert (report.state, report.counts.lost) == (RestoreState.SUCCEEDED, MANY)
    assert attributes_of(world, "m/000").tags == {}
    assert attributes_of(world, "z/000").tags == {"c": "d"}
    assert restored(world, existing=ExistingPolicy.OVERWRITE).counts.equal == MANY + 10, (
        "what could not be kept is no difference"
    )


def test_objects_that_a_store_refuses_do_not_keep_the_others_from_coming_back() -> None:
    world = filled()

    def fault(operation: str, _bucket: str, key: str) -> None:
        if operation == "Put" and key.startswith("m/"):
            raise Rejected("no", code="InvalidArgument")

    world.target_server.fault = fault
    report = restored(world)
    assert (report.state, report.counts.failed, report.counts.restored) == (RestoreState.FAILED, MANY, 10)


def test_a_large_object_keeps_the_tags_that_an_upload_in_parts_loses() -> None:
    """Ceph loses them. No count said so."""
    world = World()
    world.put("large", bytes(LARGE_BYTES * 2 + 1), tags={"c": "d"}, metadata=LONG)
    world.target_server.traits = replace(world.target_server.traits, tags_after=True)
    report = restored(world)
    assert (report.state, report.counts.lost) == (RestoreState.SUCCEEDED, 1)
    found = attributes_of(world, "large")
    assert (found.tags, found.metadata) == ({"c": "d"}, {})
