"""A side whose store or bucket was lost deleted nothing: the other one brings it all back."""

from dataclasses import replace

import pytest

from imagestore.transfer.description import described, run_of
from imagestore.transfer.differences import differences
from imagestore.transfer.job import DeleteMode, Direction, TransferHooks
from imagestore.transfer.report import TransferSide
from tests.transfer.world import World, body, world

KEYS = [f"k{n:02}" for n in range(20)]


def lost(side: str, deletes: DeleteMode) -> World:
    """Two equal sides, of which one was made anew, empty; the other one got an object since."""
    w = world(two_way=True, deletes=deletes)
    for key in KEYS:
        w.put(key, body(key))
    w.run()
    w.server(side).buckets["b"].keys.clear()
    w.put("new", b"new", side="far" if side == "near" else "near")
    return w


@pytest.mark.parametrize("deletes", list(DeleteMode))
@pytest.mark.parametrize("side", ["near", "far"])
def test_what_was_lost_is_brought_back_and_nothing_is_deleted(side: str, deletes: DeleteMode) -> None:
    w = lost(side, deletes)
    named: TransferSide = "source" if side == "near" else "destination"
    w.options = replace(w.options, lost=frozenset({named}))
    found = w.run()
    assert (found.complete, found.held, found.deleted) == (True, None, 0)
    assert w.held("near") == w.held("far") == {**{k: body(k) for k in KEYS}, "new": b"new"}


def test_a_failback_brings_back_what_one_way_runs_had_copied() -> None:
    """Applications were led to a primary that had 1 of 101 objects."""
    w = world()
    for key in KEYS:
        w.put(key, body(key))
    w.run()
    w.near.buckets["b"].keys.clear()
    w.put("new", b"new", side="far")
    w.options = replace(w.options, direction=Direction.TWO_WAY, lost=frozenset({"source"}))
    assert w.run().complete
    assert w.held("near") == w.held("far")
    assert len(w.held("near")) == 21


def test_what_the_other_side_deletes_is_deleted_all_the_same() -> None:
    w = world(two_way=True, deletes=DeleteMode.MIRROR)
    for key in KEYS:
        w.put(key, body(key))
    w.run()
    w.remove(KEYS[0], side="far")
    w.options = replace(w.options, lost=frozenset({"source"}))
    assert w.run().deleted == 1
    assert KEYS[0] not in w.held("near")


def test_a_run_that_began_before_the_loss_was_known_is_not_gone_on_with() -> None:
    w = lost("near", DeleteMode.IGNORE)
    before = w.job.digest()
    w.options = replace(w.options, lost=frozenset({"source"}))
    assert w.job.digest() != before


def test_the_pods_of_a_job_and_transfer_diff_know_it() -> None:
    w = lost("near", DeleteMode.IGNORE)
    w.options = replace(w.options, lost=frozenset({"source"}))
    stores = {e.store.name: e.store for e in (w.job.source, w.job.destination)}
    told = run_of(described(w.job, "r", [], {}), lambda name: stores[name]).job
    assert told.options.lost == {"source"}
    steps = {d.chosen.step for d in differences(told, TransferHooks("d", w.clock.seconds))}
    assert steps == {"CopyBack"}
