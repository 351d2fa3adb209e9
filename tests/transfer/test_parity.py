"""What a sample finds is copied, though sizes, times and ETags say that nothing changed."""

from dataclasses import replace
from random import SystemRandom

import pytest

from imagestore.core.errors import Unavailable
from imagestore.core.objects import ObjectAttributes
from imagestore.transfer.job import DeleteMode, TransferHooks, TransferLimits
from imagestore.transfer.parity import ParityResult, parity_sample
from tests.transfer.world import World, filled, world

PARTS = "d" * 32 + "-2"  # the ETag of an upload in parts, which says nothing of another one
MANY = [f"k{i:02}" for i in range(9)]


def sample(w: World) -> ParityResult:
    return parity_sample(w.job, TransferHooks("sample", w.clock.seconds), 20, SystemRandom())


def rotten(*, two_way: bool = False) -> World:
    """One object was never compared, and the bytes of a copy are others by now, with its ETag and time."""
    w = filled(world(two_way=two_way, versioned=not two_way), MANY)  # else what no run wrote is held
    w.limits = TransferLimits(workers=1, segment=3)
    w.near.put("b", "unverified", b"AAAA", ObjectAttributes(), etag=PARTS)
    if not two_way:
        w.put("unverified", b"BBBB", side="far")
    assert w.run().unverified == (not two_way)
    (copy,) = w.far.buckets["b"].keys["k04"]
    w.far.buckets["b"].keys["k04"] = [replace(copy, data=b"bits have flipped...")]
    return w


def test_what_a_sample_found_to_differ_is_copied_by_the_next_run() -> None:
    """Run after run took it for equal, and nothing but writing the object again cleared it."""
    w = rotten()
    assert sample(w) == ParityResult(11 - 1, 2)
    w.calls()
    found = w.run()
    assert (found.copied.objects, found.unverified, found.complete) == (2, 0, True)
    assert w.held() == w.held("near")
    assert sample(w).mismatched == 0
    assert w.run().equal == len(MANY) + 1


def test_a_difference_that_could_not_be_copied_is_not_forgotten() -> None:
    w = rotten()
    sample(w)
    w.near.fault = unreadable
    assert w.run().failed == {"Unavailable": 1}
    w.near.fault = None
    assert w.run().copied.objects == 1
    assert w.held() == w.held("near")


def unreadable(operation: str, _bucket: str, key: str) -> None:
    if (operation, key) == ("Get", "k04"):
        raise Unavailable("no answer")


def test_two_ways_a_difference_is_a_conflict_whose_loser_is_kept() -> None:
    w = rotten(two_way=True)
    w.options = replace(w.options, deletes=DeleteMode.MIRROR)
    assert sample(w).mismatched == 1
    found = w.run()
    assert found.conflicts == 1
    assert w.held() == w.held("near")
    kept = [v for k, v in w.far.current("b").items() if k.startswith(".imagestore/conflicts/")]
    kept += [v for k, v in w.near.current("b").items() if k.startswith(".imagestore/conflicts/")]
    assert len(kept) == 1


@pytest.mark.parametrize("side", ["near", "far"])
def test_two_ways_of_objects_that_differ_neither_goes_with_the_other(side: str) -> None:
    w = rotten(two_way=True)
    w.options = replace(w.options, deletes=DeleteMode.MIRROR)
    sample(w)
    w.remove("k04", side=side)
    assert w.run().deleted == 0
    assert "k04" in w.held("far" if side == "near" else "near")


def test_a_comparison_changes_no_journal() -> None:
    """The store replicates by itself: the operator writes nothing."""
    w = rotten()
    w.options = replace(w.options, dry_run=True)
    before = dict(w.far.current("b"))
    assert sample(w).mismatched == 2
    assert w.far.current("b") == before
