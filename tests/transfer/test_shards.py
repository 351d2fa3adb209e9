"""A run in shards ends where one process ends, whatever happens to a shard."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagestore.backends.memory_content import CAPABLE, MemoryContent, MemoryObjectServer
from imagestore.backends.memory_objects import MemoryObjectStore
from imagestore.core.keys import raw
from imagestore.core.objects import KeyOrder, ObjectAttributes
from imagestore.transfer.job import DeleteMode, TransferEnd, TransferHooks, TransferLimits
from imagestore.transfer.listings import KeyRange
from imagestore.transfer.report import TransferReport
from imagestore.transfer.sampling import sampled_boundaries
from imagestore.transfer.shards import boundaries, finish_shards, ranges, run_shard
from tests.transfer.world import Killed, World, body, ordered, world

MANY = [f"photos/2027/{d:03}/{n:02}.jpg" for d in range(60) for n in range(50)]


def hooks(w: World, run: str) -> TransferHooks:
    return TransferHooks(run, w.clock.seconds)


def shard(w: World, parts: Sequence[KeyRange], number: int, run: str = "r1") -> TransferReport:
    return run_shard(w.job, hooks(w, run), w.making, parts[number], number)


def finish(w: World, parts: Sequence[KeyRange], run: str = "r1") -> TransferReport:
    return finish_shards(w.job, hooks(w, run), w.making, parts)


def grown() -> World:
    """A pair with a journal of many segments, and changes since then."""
    w = world(deletes=DeleteMode.MIRROR, page=7)
    w.limits = TransferLimits(workers=1, segment=4)
    for i in range(40):
        w.put(f"k{i:02}", body(i))
    w.run()
    for i in range(0, 40, 9):
        w.put(f"k{i:02}", body("new"))
        w.put(f"k{i:02}x", body(i))
        w.remove(f"k{i + 1:02}")
    return w


def test_three_shards_of_which_one_is_killed_end_equal() -> None:
    for call in count(2):
        w = grown()
        parts = ranges(boundaries(w.job, hooks(w, "r1"), 3))
        assert len(parts) == 3
        shard(w, parts, 2)
        calls, died = count(), False

        def kill(
            operation: str, bucket: str, key: str, calls: "count[int]" = calls, call: int = call
        ) -> None:
            if next(calls) >= call:
                raise Killed

        w.far.fault = kill
        try:
            shard(w, parts, 1)
        except Killed:
            died = True
        w.far.fault = None
        assert not finish(w, parts).complete  # the first one has not begun
        assert shard(w, parts, 0).complete
        if died:
            assert not finish(w, parts).complete
            assert len(w.held()) > 40  # nothing was deleted
            assert shard(w, parts, 1).complete
        found = finish(w, parts)
        assert (found.complete, found.deleted) == (True, 5)
        assert found.copied.objects + found.equal == len(w.held("near")) == 40
        assert w.held() == w.held("near")
        w.calls()
        assert w.run().copied.objects == 0
        assert [c["Put"] for c in w.calls()] == [0, 0]
        if not died:
            return


def test_a_shard_with_other_bounds_begins_anew() -> None:
    """What an aborted Job left does not make the next one skip keys."""
    w = grown()
    parts = ranges(boundaries(w.job, hooks(w, "r1"), 3))
    shard(w, parts, 0)
    parts = ranges(boundaries(w.job, hooks(w, "r2"), 2))
    for number in range(2):
        shard(w, parts, number, "r2")
    assert finish(w, parts, "r2").complete
    assert w.held() == w.held("near")


def test_a_side_that_must_be_sorted_is_not_split() -> None:
    w = world(near=ordered(CAPABLE, KeyOrder.DIRECTORY))
    w.put("a", b"1")
    assert boundaries(w.job, hooks(w, "r1"), 4) == []
    assert ranges([]) == [KeyRange()]


@pytest.mark.parametrize("prefix", ["", "deep/"])
def test_a_sample_parts_keys_evenly_and_every_boundary_exists(prefix: str) -> None:
    server = MemoryObjectServer({"b": MemoryContent()})
    for key in MANY:
        server.put("b", prefix + key, b"", ObjectAttributes())
    server.put("b", "before", b"", ObjectAttributes())
    found = sampled_boundaries(TransferEnd(MemoryObjectStore(server), "b", prefix), 4)
    assert set(found) <= set(MANY)
    edges = [-1, *(MANY.index(k) for k in found), len(MANY) - 1]
    sizes = [b - a for a, b in pairwise(edges)]
    assert len(sizes) == 4
    assert max(sizes) < 2.5 * len(MANY) / 4
    assert len(server.calls) < 300


@given(st.sets(st.text(min_size=1, max_size=4), max_size=30), st.integers(2, 5))
@settings(deadline=None)
def test_boundaries_of_any_keys_are_keys_in_order(keys: set[str], shards: int) -> None:
    server = MemoryObjectServer({"b": MemoryContent()}, page=3)
    held = [k for k in keys if k < "\ud800" or k > "\udfff"]
    for key in held:
        server.put("b", key, b"", ObjectAttributes())
    found = sampled_boundaries(TransferEnd(MemoryObjectStore(server), "b"), shards)
    assert set(found) <= set(held)
    assert [raw(k) for k in found] == sorted({raw(k) for k in found})


def test_an_end_of_shards_that_is_stopped_among_its_deletes_goes_on() -> None:
    """Its checkpoint named the shards' segments, and a run that was not in shards had each of them twice."""
    w = grown()
    for i in range(2, 40, 3):
        w.remove(f"k{i:02}")
    parts = ranges(boundaries(w.job, hooks(w, "r1"), 3))
    for number in range(len(parts)):
        assert shard(w, parts, number).complete
    w.calls()
    stopping = replace(hooks(w, "r1"), stop=lambda: any(c[0] == "Delete" for c in w.far.calls))
    assert not finish_shards(w.job, stopping, w.making, parts).complete
    assert ".imagestore/transfer/job/checkpoint" not in w.far.current("b")
    found = finish(w, parts)
    assert (found.complete, w.held()) == (True, w.held("near"))
    w.calls()
    assert w.run().deleted == 0
    assert w.calls()[1]["Put"] == 0, "the journal is whole"
