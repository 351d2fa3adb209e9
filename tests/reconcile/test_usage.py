"""How much a bucket holds: said without a status for every object, and in time where a quota is to be warned of."""

from typing import Any

import pytest

from imagestore.backends.base import HeldUsage
from imagestore.core.errors import Unavailable
from tests.reconcile.world import BUCKET, World

GIB = 2**30
WARNED = {"hard": "10Gi", "warnPercent": 80}


def holding(held: int, quota: dict[str, Any] | None = None) -> World:
    """A bucket with so much in it."""
    world = World()
    world.store.usages[BUCKET] = HeldUsage(1000, held)
    return world.apply(quota=quota or WARNED).settle()


def fill(world: World, held: int, **delta: float) -> World:
    world.store.usages[BUCKET] = HeldUsage(1000, held)
    return world.later(**delta).settle()


@pytest.mark.parametrize(("held", "warned"), [(8 * GIB - 1, False), (8 * GIB, True), (11 * GIB, True)])
def test_it_warns_at_the_percentage(held: int, *, warned: bool) -> None:
    world = holding(held)
    assert (world.condition("QuotaNearlyFull") is not None) is warned
    assert world.ready == ("True", "InSync"), "that is no reason not to be Ready"
    assert world.reasons().count("QuotaNearlyFull") == warned


def test_it_says_how_much_and_what_to_do() -> None:
    found = holding(9 * GIB).condition("QuotaNearlyFull")
    assert found is not None
    assert found.message.startswith("9.0 GiB of 10.0 GiB are used, and quota.warnPercent is 80;")
    assert "raise quota.hard" in found.message


def test_a_quota_without_a_percentage_warns_of_nothing() -> None:
    assert holding(20 * GIB, {"hard": "10Gi"}).condition("QuotaNearlyFull") is None


def test_it_is_noticed_at_the_next_look_however_little_it_moved() -> None:
    """Usage is written by steps of five percent and hourly: 79.9 to 80.1 percent was neither."""
    world = holding(8 * GIB - 1000)
    fill(world, 8 * GIB + 1000, minutes=10)
    assert world.condition("QuotaNearlyFull") is not None
    fill(world, 8 * GIB + 2000, minutes=10)
    assert world.reasons().count("QuotaNearlyFull") == 1, "one Event"
    writes = world.writes
    fill(world, 9 * GIB, minutes=10)
    assert world.writes == writes, "how much above it is, is told hourly"
    fill(world, 7 * GIB, minutes=10)
    assert world.condition("QuotaNearlyFull") is None
    fill(world, 9 * GIB, minutes=10)
    assert world.reasons().count("QuotaNearlyFull") == 2


def test_an_edit_of_the_quota_counts_at_once() -> None:
    world = holding(5 * GIB)
    world.edit(quota={"hard": "6Gi", "warnPercent": 80}).settle()
    assert world.condition("QuotaNearlyFull") is not None
    world.edit(quota={"hard": "60Gi", "warnPercent": 80}).settle()
    assert world.condition("QuotaNearlyFull") is None


def test_it_stays_while_nobody_looks() -> None:
    world = holding(9 * GIB)
    world.edit(suspend=True).settle()
    assert world.condition("QuotaNearlyFull") is not None
    assert world.reasons().count("QuotaNearlyFull") == 1


def test_without_a_warning_usage_is_asked_for_hourly() -> None:
    world = holding(5 * GIB, {"hard": "10Gi"})
    assert "Usage" not in world.calls(lambda: world.later(minutes=30).settle())
    assert "Usage" in world.calls(lambda: world.later(minutes=30).settle())


def test_a_lost_bucket_is_not_full() -> None:
    world = holding(9 * GIB)
    del world.store.buckets[BUCKET]
    world.store.usages[BUCKET] = HeldUsage(0, 0)
    world.later().settle()
    assert world.condition("ContentLost") is not None
    assert world.condition("QuotaNearlyFull") is None


@pytest.mark.parametrize("wrong", [-1, 2**64 - 1])
def test_a_count_that_cannot_be_is_no_count(wrong: int) -> None:
    """Of -1 the status was refused in every pass, and 2^64-1 was shown."""
    world = holding(wrong)
    assert world.ready == ("True", "InSync")
    assert "usage" not in world.status
    assert fill(world, 5, hours=1).status["usage"] == {"objects": 1000, "bytes": 5}


@pytest.mark.parametrize(
    ("objects", "held", "written"),
    [(1049, 1000, False), (1050, 1000, True), (1000, 1050, True), (1000, 951, False), (950, 1000, True)],
)
def test_five_percent_more_or_less_are_written_hourly(objects: int, held: int, *, written: bool) -> None:
    """Of objects or of bytes."""
    world = World()
    world.store.usages[BUCKET] = HeldUsage(1000, 1000)
    world.apply().settle()
    world.store.usages[BUCKET] = HeldUsage(objects, held)
    world.later(hours=1).settle()
    assert (world.status["usage"] == {"objects": objects, "bytes": held}) is written


def test_an_empty_bucket_holds_nothing_and_its_first_object_is_news() -> None:
    world = World()
    world.store.usages[BUCKET] = HeldUsage(0, 0)
    world.apply().settle()
    assert world.status["usage"] == {"objects": 0, "bytes": 0}
    writes = world.writes
    world.later(hours=1).settle()
    assert world.writes == writes, "nothing moved"
    world.store.usages[BUCKET] = HeldUsage(1, 0)
    world.later(hours=1).settle()
    assert world.status["usage"] == {"objects": 1, "bytes": 0}


def test_as_much_as_a_status_can_hold_is_told() -> None:
    world = World()
    world.store.usages[BUCKET] = HeldUsage(2**63 - 1, 2**63 - 1)
    world.apply().settle()
    assert world.status["usage"]["bytes"] == 2**63 - 1
    world.store.usages[BUCKET] = HeldUsage(2**63, 5)
    world.later(hours=1).settle()
    assert world.status["usage"]["objects"] == 2**63 - 1


def test_its_warning_is_an_event_that_warns() -> None:
    world = holding(9 * GIB)
    told = next(e for e in world.events if e.reason == "QuotaNearlyFull")
    found = world.condition("QuotaNearlyFull")
    assert found is not None
    assert (told.warning, told.message) == (True, found.message)
    assert found.reason == "AboveWarnPercent"


def test_a_store_that_does_not_tell_is_asked_again_an_hour_later() -> None:
    world = holding(5, {"hard": "10Gi"})

    def fault(operation: str, bucket: str) -> None:
        if operation == "Usage":
            raise Unavailable("no")

    world.store.fault = fault
    assert "Usage" in world.calls(lambda: world.later(hours=1).settle())
    assert world.ready == ("True", "InSync"), "a bucket is in sync whatever it holds"
    world.store.fault = None
    assert "Usage" not in world.calls(lambda: world.later(minutes=59).settle())
    assert "Usage" in world.calls(lambda: world.later(minutes=1).settle())
