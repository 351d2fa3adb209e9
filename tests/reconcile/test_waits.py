"""When a bucket is reconciled again, and for how long what was read or missed is believed."""

from datetime import timedelta

import pytest

from imagestore.backends.memory import MemoryBucket
from imagestore.core.errors import Denied, NotFound, Rejected, StoreError, Throttled, Unavailable
from tests.reconcile.test_lifecycle_of_a_bucket import ON, made
from tests.reconcile.test_removals import ALL as EXPIRES
from tests.reconcile.test_removals import library
from tests.reconcile.world import BUCKET, World, backend_spec


def failing(world: World, error: StoreError, *operations: str) -> World:
    """Answer these operations, or all, with this error."""

    def fault(operation: str, bucket: str) -> None:
        if not operations or operation in operations:
            raise error

    world.store.fault = fault
    return world


@pytest.mark.parametrize(
    ("asked", "least", "seconds"),
    [(None, None, 600), ("1s", None, 1), ("30m", None, 1800), ("1s", "2s", 2), (None, "20m", 1200)],
)
def test_a_bucket_in_sync_is_checked_at_the_interval(
    asked: str | None, least: str | None, seconds: int
) -> None:
    world = World(backend_spec=backend_spec(**({"minDriftInterval": least} if least else {})))
    world.apply(**ON, **({"drift": {"interval": asked}} if asked else {}))
    for _ in range(3):
        world.step()
    assert world.ready == ("True", "InSync")
    assert world.stepped() == seconds


def test_failures_in_a_row_double_the_wait_up_to_ten_minutes() -> None:
    world = failing(World().apply(**ON), Denied("no"))
    waits = []
    for _ in range(8):
        waits.append(world.stepped())
        world.later(seconds=world.wait or 0)
    assert waits == [15, 30, 60, 120, 240, 480, 600, 600]
    world.store.fault = None
    world.settle()
    assert failing(world.later(), Denied("no")).stepped() == 15, "a success ends the row"


def test_a_setting_that_fails_is_tried_again_ever_less() -> None:
    world = failing(World().apply(**ON), Rejected("no"), "Put:versioning")
    for _ in range(2):
        world.step()
    first = world.wait
    waits = [world.later(seconds=world.wait or 0).stepped() for _ in range(3)]
    assert [first, *waits] == [15, 30, 60, 120]


@pytest.mark.parametrize("error", [Throttled("SlowDown", retry_after=77), Unavailable("503", retry_after=77)])
def test_what_one_setting_is_asked_to_wait_holds_for_the_bucket(error: StoreError) -> None:
    world = failing(World().apply(**ON), error, "Put:versioning")
    for _ in range(2):
        world.step()
    assert world.wait == 77
    world = failing(World().apply(**ON), Throttled("SlowDown", retry_after=3), "Put:versioning")
    for _ in range(2):
        world.step()
    assert world.wait == 15, "its own backoff is longer"


def test_a_bucket_that_is_counted_is_reported_each_minute() -> None:
    world = library()
    world.store.page = 4
    world.edit(lifecycle={"rules": [EXPIRES]}).step()
    assert world.ready == ("False", "Counting")
    assert world.stepped() == 60
    world.edit(drift={"interval": "20s"})
    assert world.stepped() == 20, "or as often as it is checked"


def test_a_bucket_that_vanishes_under_a_reconcile_is_looked_for_at_once_and_then_ever_less() -> None:
    world = failing(made().later(), NotFound("NoSuchBucket"), "Get:versioning")
    waits = []
    for _ in range(4):
        waits.append(world.stepped())
        world.later(seconds=world.wait or 0)
    assert waits == [0, 30, 60, 120]
    assert world.ready == ("True", "InSync"), "it is neither lost nor unreachable yet"


@pytest.mark.parametrize(("seconds", "read"), [(4.9, False), (5, True)])
def test_what_was_read_is_trusted_for_five_seconds(seconds: float, *, read: bool) -> None:
    """A new setting is recorded in the status first; the reconcile that writes it goes on with what was read."""
    world = made()
    world.edit(cors={"rules": [{"allowedOrigins": ["*"], "allowedMethods": ["GET"]}]}).step()
    assert world.progress is not None
    world.later(seconds=seconds)
    assert ("Check" in world.calls(world.step)) is read
    assert world.ready == ("True", "InSync")


@pytest.mark.parametrize(("seconds", "checked"), [(59, 1), (60, 2)])
def test_that_a_bucket_is_missing_is_trusted_for_a_minute(seconds: float, checked: int) -> None:
    """Once before it is created, unless a moment ago, and once after: the store's 200 proves nothing."""
    world = World().apply(**ON)
    world.step()
    world.later(seconds=seconds)
    assert world.calls(world.step).count("Check") == checked
    assert world.bucket.tags["team"] == "shop"


def test_a_bucket_that_came_while_its_creation_waited_is_found() -> None:
    world = World().apply(**ON)
    world.step()
    world.later(seconds=60)
    world.store.buckets[BUCKET] = MemoryBucket(versions={"theirs.jpg": ""})
    assert "Create" not in world.calls(world.step)
    assert world.ready == ("False", "CreationNotProven")


def test_a_reconcile_that_was_asked_for_forgives_repeats() -> None:
    world = made()
    for _ in range(6):
        world.bucket.facets.pop("versioning", None)
        world.later().settle()
    assert world.ready == ("False", "NotConverging")
    assert world.facet("versioning")["message"].startswith("written 3 times and it does not last")
    world.edit(reconcileRequest="again").settle()
    assert world.ready == ("True", "InSync")


def test_a_write_that_is_not_shown_is_checked_when_drift_would_be() -> None:
    world = made(versioning={"state": "Suspended"})
    before = world.bucket.facets["versioning"]
    world.store.alters = lambda name, value: before if name == "versioning" else value
    world.edit(versioning={"state": "Enabled"}).step()
    assert world.ready == ("False", "NotYetVisible")
    assert world.wait == 15
    assert world.later(seconds=15).stepped() == 30, "45 seconds after it was written"
    assert world.calls(world.later(seconds=29).step) == ["Check", "Get:versioning"]
    assert world.wait == 1
    assert "Put:versioning" in world.calls(world.later(seconds=1).step)


def test_another_value_is_written_though_the_one_before_is_not_shown_yet() -> None:
    world = made(tags={"team": "shop"})
    before = world.bucket.facets["tags"]
    world.store.alters = lambda name, value: before if name == "tags" else value
    world.edit(tags={"team": "press"}).step()
    assert "Put:tags" not in world.calls(world.later(seconds=1).step)
    world.edit(tags={"team": "news"})
    assert "Put:tags" in world.calls(world.step)


def test_drift_is_confirmed_after_its_delay_and_not_before() -> None:
    world = made()
    world.bucket.facets.pop("versioning", None)
    assert world.later().stepped() == 45
    world.later(seconds=44)
    assert world.stepped() == 1
    assert world.ready == ("True", "InSync")
    world.now += timedelta(seconds=1)
    world.step()
    assert world.ready == ("False", "Drifted")


def test_what_an_edit_asks_for_is_not_believed_of_a_store_that_does_not_answer() -> None:
    """The grace is for what was observed: Ready of the old spec would be told of the new one."""
    world = failing(made(), Unavailable("no"))
    world.later().edit(tags={"team": "press"}).step()
    assert world.ready == ("Unknown", "StoreUnreachable")
    assert world.status["observedGeneration"] == world.generation
