"""Runs one after the other: what they write while nothing changes, and what they read again."""

import json
from dataclasses import replace

import pytest

from imagestore.core.objects import ObjectLockState
from imagestore.transfer.job import TransferLimits
from tests.transfer.world import body, filled, world


@pytest.mark.parametrize("size", [1, 3, 4])
def test_a_run_without_changes_writes_nothing_however_full_segments_are(size: int) -> None:
    """Buckets that were equal from the start, with more keys than two segments have, got a new journal in each run."""
    for keys in range(0, 30, 3):
        w = filled(world(), [f"k{i:02}" for i in range(keys)])
        for key, data in w.held("near").items():
            w.put(key, data, side="far")
        w.limits = TransferLimits(workers=1, segment=size)
        w.run()
        for _ in range(2):
            w.calls()
            assert w.run().equal == keys
            assert [c["Put"] for c in w.calls()] == [0, 0], keys


def test_segments_that_grow_are_parted() -> None:
    """A key comes in each run, behind, before and between those that are there."""
    w = filled(world(), [f"k{i:02}" for i in range(0, 40, 2)])
    w.limits = TransferLimits(workers=1, segment=2)
    for key in w.held("near"):
        w.put(key, w.held("near")[key], side="far")
    w.run()
    for i in [*range(1, 40, 2), *(f"05{n:02}" for n in range(20)), *range(50, 70)]:
        w.put(f"k{i:02}" if isinstance(i, int) else f"k{i}", body(i))
        w.run()
        w.calls()
        assert w.run().copied.objects == 0
        assert [c["Put"] for c in w.calls()] == [0, 0], i
    journal = json.loads(w.far.current("b")[".imagestore/transfer/job/journal.json"])
    assert max(s["count"] for s in journal["segments"]) <= 4


def test_every_key_is_read_again_within_so_many_runs() -> None:
    """By chance, some keys were not read for a long time. What is told is the moment before which all changes were found."""
    share = 5
    w = filled(world(reread=share), [f"k{i:02}" for i in range(40)])
    assert w.run().attributes_since is None
    for turn in range(1, share):
        assert (w.run().attributes_since is None) is (turn < share - 1)
    for key in w.held("near"):
        held = w.near.buckets["b"].keys[key]
        held[0] = replace(held[0], attributes=replace(held[0].attributes, metadata={"x": "1"}))
    changed, seen = w.clock.ms(), []
    for turn in range(share):
        w.calls()
        found = w.run()
        seen.append(w.calls()[1]["Head"])
        assert found.attributes_since is not None
        assert (found.attributes_since > changed) is (turn == share - 1)
    assert sum(seen) == 40
    assert max(seen) < 20
    assert all(w.far.buckets["b"].keys[k][-1].attributes.metadata == {"x": "1"} for k in w.held("near"))


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"share": 2, "turn": 1}', b'{"share": 3, "turn": 0, "readAt": [1, 2, 3]}']
)
def test_a_rotation_that_is_damaged_or_of_another_share_begins_anew(content: bytes) -> None:
    w = filled(world(reread=2))
    w.put(".imagestore/transfer/job/rotation.json", content, side="far")
    assert (w.run().attributes_since, w.run().attributes_since is None) == (None, False)


def test_in_a_locked_bucket_the_clock_tells_whose_turn_it_is() -> None:
    """Each version that is written stays for years there, and a run every five minutes would write a hundred thousand of them."""
    w = filled(world(reread=2, versioned=True))
    w.run()
    name = ".imagestore/transfer/job/rotation.json"
    (held,) = w.far.buckets["b"].keys[name]
    lock = ObjectLockState("COMPLIANCE", w.clock.ms() + 10**10)
    w.far.buckets["b"].keys[name] = [replace(held, attributes=replace(held.attributes, lock=lock))]
    w.calls()
    assert w.run().attributes_since is None
    assert w.calls()[1]["Put"] == 0
    assert len(w.far.buckets["b"].keys[name]) == 1
