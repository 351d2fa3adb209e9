"""Two ways: a model of two sides under random edits, and what becomes of conflicts."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dev.testing.examples import examples
from imagestore.core.errors import Denied
from imagestore.core.objects import KeyProblem, KeyVerdict, ObjectAttributes
from imagestore.transfer.clocks import Clocks
from imagestore.transfer.job import DeleteMode, Direction, TransferEnd, TransferHooks
from tests.transfer.world import LISTING, World, body, world

KEYS = ["a", "a/b", "b", "é"]
EDITS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["near", "far"]), st.sampled_from(KEYS), st.integers(0, 3)),
        st.tuples(st.sampled_from(["near", "far"]), st.sampled_from(KEYS), st.none()),
        st.just(None),  # a run
    ),
    max_size=25,
)


@dataclass
class Model:
    """By brute force: what each side holds with the time of the last write, and what both held after the last run."""

    sides: dict[str, dict[str, tuple[bytes, int]]] = field(default_factory=lambda: {"near": {}, "far": {}})
    base: dict[str, bytes] = field(default_factory=dict)
    conflicts: int = 0
    now: int = 0

    def edit(self, side: str, key: str, data: bytes | None) -> None:
        self.now += 1
        if data is None:
            self.sides[side].pop(key, None)
        else:
            self.sides[side][key] = (data, self.now)

    def run(self) -> None:
        for key in KEYS:
            (near, at), (far, then) = (self.sides[s].get(key, (None, 0)) for s in ("near", "far"))
            base = self.base.get(key)
            if near == far:
                won = near
            elif near == base:
                won = far
            elif far == base:
                won = near
            elif near is None or far is None:
                won = near or far  # deleted here, changed there: brought back
            else:
                won = near if at > then else far
                self.conflicts += 1
            self.now += 1
            for side, held in (("near", near), ("far", far)):
                if held != won:
                    self.edit(side, key, won)
            self.base = {k: v for k, v in {**self.base, key: won}.items() if v is not None}

    def held(self, side: str) -> dict[str, bytes]:
        return {k: v for k, (v, _) in self.sides[side].items()}


def two_ways(*, versioned: bool = False) -> World:
    return world(two_way=True, deletes=DeleteMode.MIRROR, versioned=versioned)


@given(EDITS)
@settings(deadline=None, max_examples=examples(150))
def test_both_sides_are_as_a_model_says(edits: list[tuple[str, str, int | None] | None]) -> None:
    w, model, conflicts = two_ways(), Model(), 0
    for edit in [*edits, None]:
        if edit is None:
            approve_all(w)
            found = w.run()
            conflicts += found.conflicts
            if found.held is not None:  # a side that is empty now
                approve_all(w, found.held.digest)
                found = w.run()
            assert found.complete
            model.run()
            assert w.held("near") == model.held("near")
            assert w.held("far") == model.held("far") == w.held("near")
        else:
            side, key, number = edit
            data = None if number is None else body(number)
            model.edit(side, key, data)
            if data is None:
                w.remove(key, side=side)
            else:
                w.put(key, data, side=side)
    assert conflicts == model.conflicts
    w.calls()
    w.run()
    assert [c["Put"] for c in w.calls()] == [0, 0]  # our own writes do not bounce


def approve_all(w: World, *digests: str) -> None:
    w.options = replace(w.options, guard=replace(w.options.guard, approved=frozenset(digests)))


@pytest.mark.parametrize("versioned", [False, True])
@pytest.mark.parametrize("winner", ["near", "far"])
def test_the_newer_wins_and_is_copied_and_the_loser_is_kept(winner: str, versioned: bool) -> None:  # noqa: FBT001
    """rclone#9417: the loser won, or the winner was not copied."""
    w = two_ways(versioned=versioned)
    w.near.buckets["b"].versioned = versioned
    w.put("k", b"base")
    w.run()
    loser = "far" if winner == "near" else "near"
    w.put("k", b"old!", side=loser)
    w.put("k", b"new!", side=winner)
    found = w.run()
    assert found.conflicts == 1
    assert w.held("near") == w.held("far") == {"k": b"new!"}
    content = w.server(loser).buckets["b"]
    aside = [vs[-1].data for k, vs in content.keys.items() if k.startswith(".imagestore/conflicts/")]
    versions = [v.data for v in content.keys["k"]]
    assert aside == ([] if versioned else [b"old!"])
    assert (b"old!" in versions) is versioned
    assert w.run().conflicts == 0


def test_one_way_becomes_two_ways_on_the_same_journal() -> None:
    """A failover: what reached the old primary late is brought over, though sizes are equal and ETags say nothing."""
    w = world(deletes=DeleteMode.MIRROR)
    w.far.traits = replace(w.far.traits, md5_etags=False)
    w.put("k", b"1111")
    w.put("l", b"1111")
    w.run()
    w.options = replace(w.options, direction=Direction.TWO_WAY)
    w.put("k", b"2222")
    w.put("l", b"3333", side="far")
    found = w.run()
    assert (found.copied.objects, found.conflicts) == (2, 0)
    assert w.held("near") == w.held("far") == {"k": b"2222", "l": b"3333"}


@pytest.mark.parametrize("back", [0, 5000])
def test_of_two_ways_that_agree_a_run_lists_and_asks_for_nothing_else(back: int) -> None:
    """Also where a side was brought back by its store, so that its times are older than those that were noted."""
    w = two_ways()
    for key in KEYS:
        w.put(key, b"one")
    for _ in range(3):
        assert w.run().complete
    for held in w.near.buckets["b"].keys.values():
        held[-1] = replace(held[-1], modified=held[-1].modified - back)
    w.calls()
    assert w.run().complete
    near, far = w.calls()
    assert near.keys() <= LISTING, "no HEAD of an object whose attributes may have changed"
    assert far.keys() - LISTING <= {"Put", "Delete"}, "the journal and the checkpoint"


def test_deletes_that_are_ignored_leave_the_other_side_as_it_is() -> None:
    w = world(two_way=True)
    w.put("k", b"1")
    w.run()
    w.remove("k", side="far")
    w.run()
    assert (w.held("near"), w.held("far")) == ({"k": b"1"}, {})


def test_what_was_there_before_stays_on_its_side_where_only_new_objects_are_wanted() -> None:
    w = world(two_way=True)
    w.put("old near", b"1")
    w.put("old far", b"1", side="far")
    w.options = replace(w.options, since=w.clock.ms())
    w.put("new near", b"2")
    w.put("new far", b"2", side="far")
    found = w.run()
    assert (found.copied.objects, found.excluded) == (2, 2)
    assert set(w.held("near")) == {"new near", "new far", "old near"}
    assert set(w.held("far")) == {"new near", "new far", "old far"}


@pytest.mark.parametrize("fraction", [0, 1, 400, 999])
def test_two_clocks_that_agree_are_not_taken_for_apart(fraction: int) -> None:
    """A Date has whole seconds. The time that it cut off counted as skew, so the older of two edits within a second won."""
    now = 1_800_000_000_000 + fraction

    @dataclass
    class Dated:
        ahead: int = 0

        def now(self, _bucket: str) -> int:
            return (now + self.ahead) // 1000 * 1000

    clocks = Clocks(TransferHooks("r", lambda: now / 1000))
    for ahead in (0, 60_000, -60_000):
        store: Any = Dated(ahead)
        clocks.read("source", TransferEnd(store, "b"))
        assert clocks.skew["source"] == 0 if ahead == 0 else abs(clocks.skew["source"] - ahead) < 1000


@pytest.mark.parametrize("unmappable", [False, True])
def test_what_cannot_be_brought_back_ages_as_any_other_change(unmappable: bool) -> None:  # noqa: FBT001
    """While promoted nothing written at the destination reached the source, and WithinObjective stayed True with a lag of 0."""
    w = two_ways()
    w.far.clock = lambda: w.clock.ms() + 3_600_000
    w.put("a", b"1")
    w.run()
    before = w.clock.ms()
    w.put("late", b"2", side="far")

    def refuse(operation: str, _bucket: str, key: str) -> None:
        if (operation, key) == ("Put", "late"):
            raise Denied("read-only", code="AccessDenied")

    if unmappable:
        w.near.verdict = lambda key: KeyVerdict(key, KeyProblem.UNMAPPABLE if key == "late" else None)
    else:
        w.near.fault = refuse
    for found in (w.run(), w.run()):
        assert len(found.failed) == 1
        assert found.oldest_unequal is not None
        assert before - 1000 <= found.oldest_unequal <= w.clock.ms(), "by the source's clock"
    w.options = replace(w.options, dry_run=True)
    compared = w.run().oldest_unequal
    assert compared is not None
    assert before - 1000 <= compared <= w.clock.ms()


PARTS = "d" * 32 + "-2"  # the ETag of an upload in parts, which says nothing of another one


@pytest.mark.parametrize("newer", ["near", "far"])
def test_two_pictures_of_one_size_are_read_before_they_are_taken_for_equal(newer: str) -> None:
    """They were never compared, and when one was deleted, the other picture was deleted on the other side."""
    w = two_ways()
    older = "far" if newer == "near" else "near"
    w.server(older).put("b", "x", b"AAAA", ObjectAttributes(), etag=PARTS)
    w.put("same", b"1234", side=newer)
    w.server(older).put("b", "same", b"1234", ObjectAttributes(), etag=PARTS)
    w.put("x", b"BBBB", side=newer)
    found = w.run()
    assert (found.conflicts, found.copied.objects, found.equal, found.unverified) == (1, 1, 1, 0)
    assert w.held("near") == w.held("far") == {"x": b"BBBB", "same": b"1234"}
    aside = [v for k, v in w.server(older).current("b").items() if k.startswith(".imagestore/conflicts/")]
    assert aside == [b"AAAA"]
    w.calls()
    assert w.run().equal == 2
    assert [c["Put"] for c in w.calls()] == [0, 0]
    w.remove("same")
    assert w.run().deleted == 1


@pytest.mark.parametrize("side", ["near", "far"])
@pytest.mark.parametrize("refreshed", [False, True])
def test_what_size_and_time_made_equal_is_neither_deleted_nor_overwritten_after_a_failover(
    side: str,
    refreshed: bool,  # noqa: FBT001
) -> None:
    other = "far" if side == "near" else "near"
    w = world(deletes=DeleteMode.MIRROR)
    for key in ("deleted", "edited"):
        w.near.put("b", key, b"AAAA", ObjectAttributes(), etag=PARTS)
        w.put(key, b"BBBB", side="far")
    assert w.run().unverified == 2
    if refreshed:  # attributes were brought over, and the bytes still not compared
        w.options = replace(w.options, named=frozenset({"deleted", "edited"}))
        w.near.put("b", "deleted", b"AAAA", ObjectAttributes(metadata={"a": "1"}), etag=PARTS)
        w.run()
    w.options = replace(w.options, direction=Direction.TWO_WAY, named=frozenset())
    kept = w.held(other)
    w.remove("deleted", side=side)
    w.put("edited", b"CCCC", side=side)
    found = w.run()
    assert (found.deleted, found.conflicts) == (0, 1)
    assert w.held(other) == {**kept, "edited": b"CCCC"}
    assert "deleted" not in w.held(side)
    aside = [v for k, v in w.server(other).current("b").items() if k.startswith(".imagestore/conflicts/")]
    assert aside == [kept["edited"]]
    assert w.run().deleted == 0
