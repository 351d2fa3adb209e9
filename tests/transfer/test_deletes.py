"""What a run never deletes, and what it deletes when nothing speaks against it."""

from dataclasses import dataclass, replace

import pytest

from imagestore.backends.memory_content import CAPABLE
from imagestore.core.errors import Denied, NotFound, StoreError, Unavailable
from imagestore.transfer.copies import NotCopied
from imagestore.transfer.job import DeleteGuard, DeleteMode, TransferFilter
from imagestore.transfer.performing import CopyOutcome, CopyTask
from tests.transfer.world import PlainCopier, body, filled, world


@pytest.mark.parametrize("error", [Denied("no"), Unavailable("cut off"), NotFound("gone")])
@pytest.mark.parametrize("side", ["near", "far"])
def test_a_fault_at_any_page_of_either_listing_deletes_nothing(side: str, error: StoreError) -> None:
    """s5cmd#695, mc#4047, azcopy#1380: a listing failed, and all of the destination was deleted."""
    keys = [f"k{i:02}" for i in range(20)]
    for page in range(4):
        w = filled(world(page=5, deletes=DeleteMode.MIRROR), keys)
        w.run()
        for key in keys[::2]:
            w.remove(key)
        w.put("new", b"1")
        before = w.held()
        seen: list[int] = []

        def fail(operation: str, bucket: str, key: str, page: int = page, seen: list[int] = seen) -> None:
            if operation == "ListObjects":
                seen.append(1)
                if len(seen) == page + 1:
                    raise error

        w.server(side).fault = fail
        found = w.run()
        if len(seen) <= page:  # so many pages there are not: 10 keys in 5
            assert found.complete
            continue
        assert (found.complete, found.deleted) == (False, 0)
        assert found.trouble is not None
        assert (found.trouble.side == "source") is (side == "near")
        assert before.items() <= w.held().items()
        w.server(side).fault = None
        assert w.run().deleted == 10
        assert w.held() == w.held("near")


def test_a_source_that_is_gone_or_empty_deletes_nothing() -> None:
    w = filled(world(deletes=DeleteMode.MIRROR))
    w.run()
    kept = w.near.buckets.pop("b")
    found = w.run()
    assert found.trouble is not None
    assert found.trouble.side == "source"
    assert len(w.held()) == 10
    w.near.buckets["b"] = replace(kept, keys={})
    found = w.run()
    assert found.held is not None
    assert found.held.why == "SourceEmpty"
    assert len(w.held()) == 10
    guard = replace(w.options.guard, approved=frozenset({found.held.digest}))
    w.options = replace(w.options, guard=guard)
    assert w.run().deleted == 10
    assert w.held() == {}


def test_too_many_deletes_wait_for_exactly_their_approval() -> None:
    w = filled(world(deletes=DeleteMode.MIRROR, guard=DeleteGuard(max_percent=5)))
    w.run()
    w.remove("a")
    held = w.run().held
    assert held is not None
    assert (held.why, held.count, held.percent) == ("TooMany", 1, 10.0)
    w.calls()
    assert w.run().held == held
    assert w.calls()[1]["Put"] == 0
    w.options = replace(w.options, guard=DeleteGuard(max_percent=5, approved=frozenset({held.digest})))
    w.remove("a-b")
    other = w.run().held
    assert other is not None
    assert other.count == 2
    assert len(w.held()) == 10
    w.options = replace(w.options, guard=DeleteGuard(max_percent=5, approved=frozenset({other.digest})))
    assert w.run().deleted == 2
    assert w.held() == w.held("near")


@pytest.mark.parametrize(
    ("mode", "versioned", "matching", "deleted"),
    [
        (DeleteMode.IGNORE, True, True, 0),
        (DeleteMode.MARKERS, True, False, 1),
        (DeleteMode.MARKERS, False, True, 0),
        (DeleteMode.MIRROR, False, True, 1),
        (DeleteMode.MIRROR, False, False, 0),
        (DeleteMode.MIRROR, True, False, 1),
    ],
)
def test_what_is_deleted_where(mode: DeleteMode, versioned: bool, matching: bool, deleted: int) -> None:  # noqa: FBT001
    w = filled(world(far=replace(CAPABLE, delete_matching=matching), versioned=versioned, deletes=mode))
    w.run()
    w.remove("a")
    found = w.run()
    assert found.deleted == deleted
    assert ("a" not in w.held()) is bool(deleted)
    if versioned:
        assert [v.data for v in w.far.buckets["b"].keys["a"] if not v.marker] == [body("a")]


def test_what_came_back_at_the_source_since_the_listing_is_not_deleted() -> None:
    """mc#2439."""
    w = filled(world(deletes=DeleteMode.MIRROR))
    w.run()
    w.remove("a")
    w.remove("é")

    def writer(operation: str, bucket: str, key: str) -> None:
        if operation == "Head" and "a" not in w.held("near"):
            w.put("a", b"back")

    w.near.fault = writer
    found = w.run()
    assert (found.deleted, found.kept) == (1, {"BackAtSource": 1})
    assert w.held()["a"] == body("a")
    w.near.fault = None
    w.run()
    assert w.held() == w.held("near")


def test_a_source_deleted_between_listing_and_deletes_deletes_nothing() -> None:
    """A bucket that is gone answers 404 for each object."""
    w = filled(world(deletes=DeleteMode.MIRROR))
    w.run()
    w.remove("a")

    def vanish(operation: str, bucket: str, key: str) -> None:
        if operation == "Head":
            w.near.buckets["b"].keys.clear()

    w.near.fault = vanish
    found = w.run()
    assert (found.deleted, found.kept) == (0, {"SourceEmpty": 1})
    assert len(w.held()) == 10


def test_what_changed_at_the_destination_is_not_deleted() -> None:
    w = filled(world(deletes=DeleteMode.MIRROR))
    w.run()
    w.remove("a")
    w.put("a", b"edited", side="far")
    found = w.run()
    assert (found.deleted, found.kept) == (0, {"Changed": 1})
    assert w.held()["a"] == b"edited"


def test_another_filter_pauses_deletes_for_a_run() -> None:
    w = filled(world(deletes=DeleteMode.MIRROR))
    w.run()
    w.remove("a")
    w.options = replace(w.options, filter=TransferFilter(suffixes=("a", "b")))
    found = w.run()
    assert found.held is not None
    assert found.held.why == "FilterChanged"
    assert "a" in w.held()
    assert w.run().deleted == 1


def test_an_object_that_cannot_be_copied_holds_deletes_until_a_person_approves_them() -> None:
    """The source renamed an object and the destination refused the new key: the only copy of its bytes was deleted."""
    w = filled(world(deletes=DeleteMode.MIRROR))
    w.run()
    w.put("new", body("a"))
    w.remove("a")
    w.options = replace(w.options, guard=DeleteGuard(max_percent=5))
    before = w.run()
    assert before.held is not None
    w.put("newer", body("newer"))
    approved = replace(w.options.guard, approved=frozenset({before.held.digest}))
    w.options = replace(w.options, guard=approved)

    def denied(operation: str, _bucket: str, key: str) -> None:
        if (operation, key) == ("Put", "newer"):
            raise Denied("quota", code="AccessDenied")

    w.far.fault = denied
    found = w.run()
    assert (found.failed, found.deleted, w.held()["a"]) == ({"Denied": 1}, 0, body("a"))
    assert found.held is not None
    assert found.held.why == "NotCopied"
    w.options = replace(w.options, guard=replace(approved, approved=frozenset({found.held.digest})))
    assert w.run().deleted == found.held.count


def test_many_archived_objects_in_a_row_do_not_end_the_run() -> None:
    """They say nothing of the store, and what comes behind them is copied."""
    w = filled(world(), [f"k{i:03}" for i in range(150)])
    w.copier = Archived()
    found = w.run()
    assert (found.complete, found.failed, found.copied.objects) == (True, {"Archived": 120}, 30)


@dataclass(frozen=True)
class Archived(PlainCopier):
    """Most objects must be restored before they can be read."""

    def copy(self, task: CopyTask) -> CopyOutcome:
        if task.key < "k120":
            raise NotCopied("Archived", "it is archived")
        return super().copy(task)


@pytest.mark.parametrize("matching", [False, True])
def test_what_changes_at_the_destination_after_the_listing_is_not_deleted(matching: bool) -> None:  # noqa: FBT001
    w = filled(
        world(far=replace(CAPABLE, delete_matching=matching), versioned=True, deletes=DeleteMode.MIRROR)
    )
    w.run()
    w.remove("a")

    def writer(operation: str, bucket: str, key: str) -> None:
        if operation == "Head" and key == "a" and w.held("far")["a"] != b"edited":
            w.put("a", b"edited", side="far")

    w.far.fault = writer
    found = w.run()
    assert (found.deleted, found.kept) == (0, {"Changed": 1})
    assert w.held()["a"] == b"edited"
