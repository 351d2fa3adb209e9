"""One way: what the destination holds after a run, what a run costs, and what it never deletes."""

from contextlib import suppress
from dataclasses import replace
from itertools import count

import pytest

from imagestore.backends.memory_content import CAPABLE
from imagestore.core.census import Amount
from imagestore.core.errors import Denied
from imagestore.core.objects import KeyOrder, KeyProblem, KeyVerdict, ObjectAttributes, ObjectTraits
from imagestore.transfer.job import DeleteGuard, DeleteMode, TransferFilter, TransferLimits, TransferOptions
from imagestore.transfer.report import BothSides
from tests.transfer.world import KEYS, LISTING, Killed, World, body, filled, ordered, world

NO_EVIDENCE = replace(CAPABLE, md5_etags=False)


def test_all_is_copied_and_the_second_run_lists_and_writes_nothing() -> None:
    w = filled(world(page=4))
    first = w.run()
    assert (first.complete, first.copied, first.listed) == (True, Amount(10, 200), BothSides(10, 0))
    assert w.held() == w.held("near")
    assert len(w.held()) == 10
    w.calls()
    second = w.run()
    assert (second.complete, second.equal, second.copied.objects) == (True, 10, 0)
    near, far = w.calls()
    assert set(near) <= LISTING
    assert near["Get"] == 0
    assert set(far) <= LISTING
    assert far["Get"] == 3
    assert near["ListObjects"] == 3


@pytest.mark.parametrize("far", [CAPABLE, NO_EVIDENCE])
def test_an_edit_of_the_same_size_is_copied(far: ObjectTraits) -> None:
    """s5cmd and juicefs miss it: they compare sizes, or sizes and times."""
    w = filled(world(far=far))
    w.run()
    w.put("a", body("new"))
    found = w.run()
    assert (found.copied.objects, found.equal) == (1, 9)
    assert w.held() == w.held("near")
    assert w.run().copied.objects == 0


def test_what_changed_or_vanished_at_the_destination_is_brought_back() -> None:
    w = filled(world())
    w.run()
    w.put("a", b"foreign", side="far")
    w.remove("a/b", side="far")
    assert w.run().copied.objects == 2
    assert w.held() == w.held("near")


def test_equal_objects_are_noted_and_not_copied() -> None:
    w = filled(filled_far(world()))
    assert w.run().equal == 10
    assert w.calls()[1]["Put"] == 2  # a segment and the journal


def filled_far(w: World) -> World:
    for key in KEYS:
        w.put(key, body(key), side="far")
    return w


def test_without_evidence_an_older_copy_is_taken_for_unverified_and_a_newer_original_is_copied() -> None:
    w = world(far=NO_EVIDENCE)
    w.put("old", b"1111")
    w.put("old", b"2222", side="far")
    w.put("new", b"1111", side="far")
    w.put("new", b"2222")
    found = w.run()
    assert (found.unverified, found.copied.objects) == (1, 1)
    assert w.held() == {"new": b"2222", "old": b"2222"}
    assert w.run().unverified == 1  # it stays told until it is proven


def test_a_lost_journal_makes_a_run_slower_and_not_wrong() -> None:
    w = filled(world(deletes=DeleteMode.MIRROR))
    w.run()
    w.remove("a")
    for key in [k for k in w.far.buckets["b"].keys if "journal.json" in k]:
        w.put(key, b"cut off", side="far")
    found = w.run()
    assert (found.equal, found.copied.objects, found.deleted, found.kept) == (9, 0, 0, {"NotOurs": 1})
    assert "a" in w.held()


def test_a_lost_segment_deletes_nothing() -> None:
    w = filled(world(deletes=DeleteMode.MIRROR))
    w.run()
    w.remove("a")
    for key in [k for k in w.far.buckets["b"].keys if "/segments/" in k]:
        w.put(key, w.far.current("b")[key][:-3], side="far")
    found = w.run()
    assert (found.deleted, found.equal) == (0, 9)
    assert "a" in w.held()


@pytest.mark.parametrize("near", list(KeyOrder))
@pytest.mark.parametrize("far", list(KeyOrder))
def test_stores_of_any_two_orders_agree(near: KeyOrder, far: KeyOrder) -> None:
    w = filled(
        world(near=ordered(CAPABLE, near), far=ordered(CAPABLE, far), page=3, deletes=DeleteMode.MIRROR)
    )
    w.put("foreign", b"x", side="far")
    assert w.run().copied.objects == 10
    assert w.held() == {**w.held("near"), "foreign": b"x"}
    w.remove("a-b")
    w.put("a/b", body("other"))
    found = w.run()
    assert (found.copied.objects, found.deleted, found.equal) == (1, 1, 8)
    assert w.held() == {**w.held("near"), "foreign": b"x"}


def test_prefixes_of_both_ends_and_the_filter() -> None:
    w = filled(
        world(filter=TransferFilter(("a", "a/"), (".jpg",))),
        ["in/a.jpg", "in/a/c.jpg", "in/b.jpg", "in/a.png", "a.jpg"],
    )
    w.prefixes = ("in/", "out/")
    w.run()
    assert w.held() == {"out/a.jpg": body("in/a.jpg"), "out/a/c.jpg": body("in/a/c.jpg")}


def test_tags_are_read_once() -> None:
    w = world(filter=TransferFilter(tags={"keep": "yes"}))
    w.put("yes", b"1", tags={"keep": "yes", "more": "1"})
    w.put("no", b"2", tags={"keep": "no"})
    found = w.run()
    assert (found.excluded, found.copied.objects, list(w.held())) == (1, 1, ["yes"])
    w.calls()
    assert w.run().excluded == 1
    assert w.calls()[0]["GetTags"] == 0
    w.options = replace(w.options, filter=TransferFilter(tags={"keep": "no"}))
    w.run()
    assert w.held()["no"] == b"2"  # another filter reads them again


def test_only_new_objects_are_copied_where_existing_ones_are_not_wanted() -> None:
    w = filled(world())
    w.options = replace(w.options, since=w.clock.ms())
    w.put("new", b"1")
    found = w.run()
    assert (found.excluded, list(w.held())) == (10, ["new"])


@pytest.mark.parametrize("problem", list(KeyProblem))
def test_a_key_that_the_destination_cannot_hold_is_a_named_failure(problem: KeyProblem) -> None:
    """rclone skipped keys with // and exited with 0 (rclone#9383)."""
    w = filled(world())
    w.far.verdict = lambda key: KeyVerdict(key.replace("//", "/"), problem if "//" in key else None, "why")
    found = w.run()
    assert found.failed == {problem: 1}
    assert found.backlog == Amount(1, 20)
    assert found.oldest_unequal == w.near.buckets["b"].keys["a//b"][-1].modified
    assert found.report_key in w.far.buckets["b"].keys
    assert sorted(w.held()) == sorted(k for k in KEYS if k != "a//b")


def test_a_dry_run_writes_nothing() -> None:
    w = filled(world(deletes=DeleteMode.MIRROR))
    w.options = replace(w.options, dry_run=True)
    found = w.run()
    assert found.backlog.objects == 10
    assert w.calls()[1]["Put"] == 0
    assert w.held() == {}


def test_a_destination_that_refuses_every_write_ends_the_run_early() -> None:
    w = filled(world(), [f"k{i:03}" for i in range(500)])

    def full(operation: str, bucket: str, key: str) -> None:
        if operation == "Put" and key.startswith("k"):
            raise Denied("quota exceeded", code="QuotaExceeded")

    w.far.fault = full
    found = w.run()
    assert found.trouble is not None
    assert (found.trouble.side, type(found.trouble.error)) == ("destination", Denied)
    assert found.failed["Denied"] < 200
    assert not found.complete
    w.far.fault = None
    assert w.run().complete
    assert w.held() == w.held("near")


def test_changed_attributes_are_found_in_time() -> None:
    """Tags move nothing in the listings of some stores; one in n keys is read again."""
    w = filled(world(reread=1))
    w.run()
    w.near.buckets["b"].keys["a"][0] = replace(
        w.near.buckets["b"].keys["a"][0],
        attributes=replace(w.near.buckets["b"].keys["a"][0].attributes, metadata={"x": "1"}),
    )
    w.run()
    assert w.far.buckets["b"].keys["a"][-1].attributes.metadata == {"x": "1"}
    w.calls()
    w.run()
    assert w.calls()[1]["Put"] == 1  # whose turn it is next


def test_changed_attributes_of_a_named_key_are_found_at_once() -> None:
    """And of no other one: the attributes of the others cost no call."""
    w = filled(world())
    w.run()
    for key in ("a", "a-b"):
        w.near.buckets["b"].keys[key][0] = replace(
            w.near.buckets["b"].keys[key][0],
            attributes=replace(w.near.buckets["b"].keys[key][0].attributes, metadata={"x": "1"}),
        )
    w.options = replace(w.options, named=frozenset({"a", "not-there"}))
    w.run()
    assert w.far.buckets["b"].keys["a"][-1].attributes.metadata == {"x": "1"}
    assert w.far.buckets["b"].keys["a-b"][-1].attributes.metadata == {}


def test_options_are_what_a_person_expects() -> None:
    assert TransferOptions().deletes is DeleteMode.IGNORE
    assert DeleteGuard() == DeleteGuard(5.0, 1000, frozenset(), "")


@pytest.mark.parametrize("kill", range(0, 60, 3))
def test_an_object_below_another_is_a_named_failure_where_the_store_would_hide_it(kill: int) -> None:
    """MinIO lists no ``a/b`` beside an object ``a`` (minio#19754). It is found after a resume, too."""
    w = filled(world(far=replace(CAPABLE, nested=False)), ["a", "a-b", "a/b", "a/c/d", "b/c", "c", "c/d/e"])
    w.limits = TransferLimits(workers=1, segment=1)
    looks = count()

    def crash(operation: str, bucket: str, key: str) -> None:
        if next(looks) >= kill > 0:
            raise Killed

    w.far.fault = crash
    with suppress(Killed):
        w.run()
    w.far.fault = None
    found = w.run()
    assert found.failed == {"Collides": 3}
    assert list(w.held()) == ["a", "a-b", "b/c", "c"]


def test_an_object_that_is_deleted_while_the_run_goes_is_no_failure() -> None:
    """rclone#3594: deletes then never happened."""
    w = filled(world(deletes=DeleteMode.MIRROR))
    w.run()
    w.put("a", body("edited"))
    w.remove("a-b")

    def vanish(operation: str, bucket: str, key: str) -> None:
        if operation == "Get" and key == "a":
            w.near.buckets["b"].keys.pop("a", None)

    w.near.fault = vanish
    found = w.run()
    assert (found.failed, found.deleted, found.equal) == ({}, 1, 8)
    w.near.fault = None
    assert w.run().deleted == 1
    assert w.held() == w.held("near")


@pytest.mark.parametrize("ahead", [-3_600_000, 0, 3_600_000])
def test_what_is_older_is_told_by_one_clock(ahead: int) -> None:
    """A store an hour behind: what was written in the hour after the policy was made was never copied."""
    w = world()
    w.near.clock = lambda: w.clock.ms() + ahead
    w.put("before", b"1")
    for _ in range(200):  # two seconds, of which a Date tells whole ones
        since = w.clock.ms()
    w.options = replace(w.options, since=since)
    for _ in range(200):
        w.clock.ms()
    w.put("after", b"2")
    found = w.run()
    assert (set(w.held()), found.excluded) == ({"after"}, 1)


def test_an_upload_in_parts_that_was_under_way_is_not_older() -> None:
    """AWS dates it by its beginning, so it was never copied."""
    w = world()
    parts = "d" * 32 + "-2"
    for key, days in (("old", 2.0), ("under way", 0.5)):
        made = w.near.put("b", key, b"1", ObjectAttributes(), etag=parts)
        old = replace(made, modified=made.modified - int(days * 86_400_000))
        w.near.buckets["b"].keys[key] = [old]
    w.options = replace(w.options, since=w.clock.ms())
    assert (w.run().excluded, set(w.held())) == (1, {"under way"})
