"""Attributes that changed alone: which side they are taken from, and what is never overwritten by them."""

from dataclasses import replace
from typing import Any

import pytest

from imagestore.core.errors import Throttled
from imagestore.core.objects import ListedObject, ObjectAttributes, ObjectTraits
from imagestore.transfer.attributes import carried
from imagestore.transfer.decide import DecisionRules, decision, equal_entry
from imagestore.transfer.job import TransferFilter, TransferHooks
from imagestore.transfer.journal import EntryFlag
from imagestore.transfer.pairs import KeyPair
from imagestore.transfer.report import TransferReport
from imagestore.transfer.run import transfer
from tests.transfer.world import World, filled, world


def run(w: World) -> TransferReport:
    """A run with the copier that the operator uses."""
    return transfer(w.job, TransferHooks(f"run{next(w.runs)}", w.clock.seconds))


def tag(w: World, key: str, value: str, side: str = "near") -> None:
    """Change one tag; the listing does not show it."""
    ends = w.job.source, w.job.destination
    ends[side == "far"].store.set_tags("b", key, {"team": value})


def team(w: World, key: str, side: str = "far") -> str:
    tags = w.server(side).buckets["b"].keys[key][-1].attributes.tags or {}
    return tags.get("team", "")


@pytest.mark.parametrize(
    ("header", "attribute"),
    [
        ("expires", "expires"),
        ("x-amz-website-redirect-location", "redirect"),
        ("content-type", "headers"),
    ],
)
def test_a_header_that_the_destination_does_not_keep_is_told_by_its_attribute(
    header: str, attribute: str
) -> None:
    found = ObjectAttributes({header: "x"})
    others = frozenset({"headers", "expires", "redirect"}) - {attribute}
    assert carried(found, {}, ObjectTraits(carries=others), "").lost == {attribute}
    kept = carried(found, {}, ObjectTraits(carries=frozenset({attribute})), "")
    assert (kept.lost, kept.attributes.headers) == (frozenset(), {header: "x"})


def test_two_ways_nothing_takes_the_tags_of_the_other_side_away() -> None:
    """The application writes to the promoted side, and no listing tells which of two tags is the newer one."""
    w = world(two_way=True, reread=1)
    w.put("a", b"x", tags={"team": "old"})
    for _ in range(3):
        run(w)
    tag(w, "a", "new", "far")
    assert run(w).complete
    assert (team(w, "a", "near"), team(w, "a")) == ("old", "new")


@pytest.mark.parametrize(
    ("near", "far", "step"), [(5, 8, "RefreshBack"), (4, 8, "RefreshBack"), (6, 8, "Refresh"), (5, 7, "Keep")]
)
def test_two_ways_the_side_that_was_written_later_gives_its_attributes(
    near: int, far: int, step: str
) -> None:
    """The bytes are those that the journal has, of the times 5 and 7."""
    source, destination = ListedObject("a", 1, "e", 5), ListedObject("a", 1, "e", 7)
    entry = equal_entry("a", source, destination)
    rules = DecisionRules(ObjectTraits(), ObjectTraits(), two_way=True)
    pair = KeyPair("a", source._replace(modified=near), destination._replace(modified=far), entry, b"a")
    assert decision(pair, rules).step == step


def test_what_is_written_at_the_destination_meanwhile_is_not_taken_for_a_copy() -> None:
    """It had the same size, was noted as equal, and the source never got it."""
    w = world(two_way=True)
    w.put("a", b"v1v1", tags={"team": "a"})
    run(w)
    w.put("a", b"v1v1", tags={"team": "b"})  # the same bytes at a later time
    written: list[str] = []

    def fault(operation: str, _bucket: str, key: str) -> None:
        if operation == "Head" and key == "a" and not written:
            written.append(key)
            w.far.put("b", "a", b"v2v2", ObjectAttributes(tags={"team": "theirs"}))

    w.far.fault = fault
    assert run(w).failed == {"Changing": 1}
    assert (team(w, "a"), written) == ("theirs", ["a"])
    for _ in range(2):
        assert run(w).complete
    assert w.held("near") == w.held() == {"a": b"v2v2"}


PRIVATE = {"team": "private"}


def public(**more: Any) -> World:
    """Only objects with the tag team=public are copied, and all attributes are read in each run."""
    return world(filter=TransferFilter(tags={"team": "public"}), reread=1, **more)


def test_what_the_filter_excludes_is_not_written_over_at_the_destination() -> None:
    """It got the source's metadata, and was noted as equal."""
    w = public()
    w.put("a", b"BBBB", side="far", tags={"team": "theirs"}, metadata={"m": "theirs"})
    w.put("a", b"AAAA", tags=PRIVATE, metadata={"m": "ours"})
    for _ in range(3):
        found = run(w)
        assert (found.excluded, found.equal, team(w, "a"), w.held()) == (1, 0, "theirs", {"a": b"BBBB"})
    assert w.far.buckets["b"].keys["a"][-1].attributes.metadata == {"m": "theirs"}


def test_an_equal_object_that_the_filter_excludes_keeps_its_attributes() -> None:
    w = public()
    w.put("a", b"AAAA", tags=PRIVATE, metadata={"m": "ours"})
    w.put("a", b"AAAA", side="far", tags={"team": "theirs"})
    for _ in range(3):
        run(w)
    assert team(w, "a") == "theirs"
    tag(w, "a", "public")
    run(w)
    assert team(w, "a") == "public"


@pytest.mark.parametrize("theirs", [b"BBBB", None])
def test_an_object_that_is_tagged_to_match_is_copied(theirs: bytes | None) -> None:
    """It never was, where the destination lacked it; where not, the other bytes were taken for equal."""
    w = public()
    if theirs is not None:
        w.put("a", theirs, side="far")
    w.put("a", b"AAAA", tags=PRIVATE)
    run(w)
    tag(w, "a", "public")
    assert run(w).copied.objects == 1
    assert (w.held(), team(w, "a")) == ({"a": b"AAAA"}, "public")


def test_a_named_object_that_is_tagged_to_match_is_copied() -> None:
    w = public()
    w.options = replace(w.options, reread=0)
    w.put("a", b"AAAA", tags=PRIVATE)
    run(w)
    tag(w, "a", "public")
    assert run(w).copied.objects == 0
    w.options = replace(w.options, named=frozenset("a"))
    assert run(w).copied.objects == 1


def refusing_tags(operation: str, _bucket: str, _key: str) -> None:
    if operation == "PutTags":
        raise Throttled("slow down")


def test_attributes_that_could_not_be_brought_over_are_tried_in_the_next_run() -> None:
    """The turn was over and the notification forgotten: a day later they were still the old ones, and nothing was late."""
    w = world(reread=4)
    for key in "abcd":
        w.put(key, b"x", tags={"team": "old"})
    for _ in range(5):
        run(w)
    for key in "abcd":
        tag(w, key, "new")
    w.options = replace(w.options, named=frozenset("abcd"))
    w.far.fault = refusing_tags
    assert run(w).failed == {"Throttled": 4}
    w.options = replace(w.options, named=frozenset())
    assert run(w).failed == {"Throttled": 4}
    w.far.fault = None
    assert (run(w).failed, {team(w, key) for key in "abcd"}) == ({}, {"new"})
    run(w)
    assert run(w).equal == 4


def test_a_part_that_was_not_read_as_a_whole_is_not_noted_as_read() -> None:
    w = world(reread=1)
    w.put("a", b"x", tags={"team": "old"})
    run(w)
    before = run(w).attributes_since
    tag(w, "a", "new")
    w.far.fault = refusing_tags
    assert run(w).attributes_since == before
    w.far.fault = None
    after = run(w).attributes_since
    assert before is not None
    assert after is not None
    assert after > before


def test_a_run_that_goes_on_with_another_share_has_not_read_its_part() -> None:
    """An interval was edited while it ran: the keys before its checkpoint were of another part."""
    w = filled(world(reread=3), [f"k{i:02}" for i in range(12)])
    w.limits = replace(w.limits, segment=2)
    run(w)
    stopped = transfer(
        w.job,
        TransferHooks(
            "stopped", w.clock.seconds, stop=lambda: sum(c[0] == "ListObjects" for c in w.near.calls) > 1
        ),
    )
    assert not stopped.complete
    w.options = replace(w.options, reread=1)
    assert run(w).attributes_since is None
    assert run(w).attributes_since is not None


def test_two_ways_no_time_that_is_as_noted_is_a_change() -> None:
    """Of what size and time alone made equal each run decides anew."""
    source, destination = ListedObject("a", 1, "e", 5), ListedObject("a", 1, "f", 7)
    entry = equal_entry("a", source, destination, EntryFlag.UNVERIFIED)
    rules = DecisionRules(ObjectTraits(), ObjectTraits(), two_way=True)
    assert decision(KeyPair("a", source, destination, entry, b"a"), rules).step == "Keep"


def test_metadata_that_is_lost_is_told_apart_from_what_is_empty() -> None:
    """SeaweedFS loses an empty value only."""
    nothing = ObjectTraits(carries=frozenset())
    for value, name in (("v", "metadata"), ("", "emptyMetadata")):
        assert carried(ObjectAttributes(metadata={"a": value}), {}, nothing, "").lost == {name}
