"""Objects that fail one after the other: when they stop a run, and which store is told to be at fault."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from imagestore.core.errors import Denied, Rejected, StoreError, Unavailable
from imagestore.transfer.job import Direction
from tests.transfer.world import World, world

PRIVATE = [f"private/{n:03}" for n in range(250)]
PUBLIC = [f"public/{n:03}" for n in range(20)]
DENIED = Denied("GetObject: AccessDenied", code="AccessDenied")
REJECTED = Rejected("PutObject: MetadataTooLarge", code="MetadataTooLarge")


def filled() -> World:
    w = world(page=100)
    for key in (*PRIVATE, *PUBLIC):
        w.put(key, key.encode())
    return w


def failing(error: StoreError, *operations: str) -> Callable[[str, str, str], None]:
    """What a store says of everything below private/."""

    def fault(operation: str, _bucket: str, key: str) -> None:
        if operation in operations and key.startswith("private/"):
            raise error

    return fault


@pytest.mark.parametrize(
    ("side", "error", "operation"),
    [("near", DENIED, "Get"), ("far", DENIED, "Put"), ("far", REJECTED, "Put")],
)
def test_a_prefix_that_a_store_refuses_costs_its_objects_and_no_others(
    side: str, error: StoreError, operation: str
) -> None:
    w = filled()
    w.server(side).fault = failing(error, operation)
    found = w.run()
    assert (found.complete, found.trouble) == (True, None)
    assert sorted(w.held()) == PUBLIC
    assert found.failed == {str(error.reason): len(PRIVATE)}


def test_a_source_that_lists_and_gives_no_object_is_at_fault_itself() -> None:
    """The destination was blamed, and automatic failover did not see the source."""
    w = filled()
    w.near.fault = failing(Unavailable("GetObject: 503"), "Get")
    trouble = w.run().trouble
    assert trouble is not None
    assert (trouble.side, str(trouble.error)) == (
        "source",
        "100 objects in a row could not be copied; the last one: GetObject: 503",
    )


def test_both_ways_the_side_that_cannot_be_read_is_at_fault() -> None:
    w = world(page=100)
    w.options = replace(w.options, direction=Direction.TWO_WAY)
    for key in PRIVATE:
        w.put(key, b"x", side="far")
    w.far.fault = failing(Unavailable("GetObject: 503"), "Get")
    trouble = w.run().trouble
    assert trouble is not None
    assert trouble.side == "destination"


@pytest.mark.parametrize(
    "error",
    [Denied("PutObject: 403", code="QuotaExceeded"), Unavailable("PutObject: 507", code="XMinioStorageFull")],
)
def test_a_full_destination_stops_the_run(error: StoreError) -> None:
    """Each object would be read to its end, and not be taken."""
    w = filled()
    w.far.fault = failing(error, "Put")
    found = w.run()
    assert found.trouble is not None
    assert (found.complete, found.trouble.side) == (False, "destination")


def test_a_destination_that_takes_no_write_at_all_stops_the_run() -> None:
    """Credentials that were taken away while the run goes."""
    w = filled()
    refused: list[str] = []

    def fault(operation: str, _bucket: str, key: str) -> None:
        if operation == "Put" and (key in PRIVATE or len(refused) >= 100):
            refused.append(key)
            raise Denied("PutObject: AccessDenied", code="AccessDenied")

    w.far.fault = fault
    found = w.run()
    assert found.trouble is not None
    assert (found.complete, found.trouble.side) == (False, "destination")
    assert not isinstance(found.trouble.error, Unavailable)
