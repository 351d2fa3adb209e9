"""SIGKILL at every call to either store: the next run goes on and ends where an undisturbed one ends."""

from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count

import pytest

from dev.testing.examples import each_call
from imagestore.backends.memory_content import HeldUpload
from imagestore.core.keys import is_reserved
from imagestore.core.objects import ObjectAttributes
from imagestore.transfer.checkpoint import RunCheckpoint, checkpoint_of
from imagestore.transfer.differences import differences
from imagestore.transfer.job import DeleteMode, TransferHooks, TransferLimits
from imagestore.transfer.state import Superseded
from tests.transfer.world import PlainCopier, World, body, world

JOURNAL = ".imagestore/transfer/job/journal.json"
NEW = [f"n{i}" for i in range(6)]


def changed(*, versioned: bool = False, two_way: bool = False) -> World:
    """A pair that was equal, and since then: new, edited and deleted objects, some in parts."""
    w = world(deletes=DeleteMode.MIRROR, page=3, versioned=versioned, two_way=two_way)
    w.limits = TransferLimits(workers=1, segment=4)
    w.copier = PlainCopier(part=30)
    for i in range(8):
        w.put(f"k{i}", body(i))
    w.put("foreign", b"x", side="far") if not two_way else None
    w.run()
    w.remove("k1")
    w.remove("k5")
    w.put("k2", body("edited"))
    for key in NEW:
        w.put(key, body(key, 70 if key == "n3" else 10))
    if two_way:
        w.put("k7", body("far"), side="far")
        w.remove("k6", side="far")
    w.far.buckets["b"].uploads["not-ours"] = HeldUpload("n3", ObjectAttributes(), 0, {1: b"theirs"})
    return w


@pytest.mark.parametrize("two_way", [False, True])
@pytest.mark.parametrize("versioned", [False, True])
def test_killed_at_any_call_the_next_run_ends_alike(versioned: bool, two_way: bool) -> None:  # noqa: FBT001
    undisturbed = changed(versioned=versioned, two_way=two_way)
    assert undisturbed.run().deleted == (3 if two_way else 2)
    expected = undisturbed.held()
    for call in each_call():
        w = changed(versioned=versioned, two_way=two_way)
        if not w.killed_at(call, w.run):
            break
        found = w.run()
        assert found.complete, call
        assert (w.held(), w.held("near")) == (expected, undisturbed.held("near")), call
        # One that was begun in the very call has no part, and no checkpoint could have it yet.
        assert [u for u, held in w.far.buckets["b"].uploads.items() if held.parts] == ["not-ours"], call
        kept = [k for k in w.far.current("b") if is_reserved(k)]
        assert sum("checkpoint" in k and "/segments/" not in k for k in kept) == 0, call
        w.calls()
        again = w.run()
        assert again.copied.objects == again.deleted == 0, call
        assert [c["Put"] for c in w.calls()] == [0, 0], call
    assert call > 40


@pytest.mark.parametrize("two_way", [False, True])
def test_what_a_killed_run_left_is_proven_equal(two_way: bool) -> None:  # noqa: FBT001
    """It was whole, and its ETag, of three parts, proves nothing of an original that was sent in one."""
    for call in each_call():
        w = changed(two_way=two_way)
        if not w.killed_at(call, w.run):
            return
        w.run()
        both = [d for d in differences(w.job, TransferHooks("look", w.clock.seconds)) if d.pair.source]
        assert [d.pair.key for d in both if not d.is_equal] == [], call


def test_anothers_object_in_the_place_of_a_killed_copy_stays_until_it_is_approved() -> None:
    """It has the size of the original and was uploaded in parts, as the copy would have been."""
    theirs, met = body("theirs", 70), 0
    for call in each_call():
        w = changed()
        if not w.killed_at(call, w.run):
            break
        copied = "n3" in w.held()
        w.far.put("b", "n3", theirs, ObjectAttributes(), f"{'a' * 32}-3")
        met += w.run().failed.get("NewerAtDestination", 0)
        assert w.held()["n3"] == theirs or copied, call
    assert met > 10


def test_what_was_written_just_before_the_kill_is_known_as_ours() -> None:
    """Otherwise its deletion at the source would never be followed."""
    for call in each_call():
        w = changed()
        if not w.killed_at(call, w.run):
            return
        w.run()
        for key in NEW:
            w.remove(key)
        w.run()
        assert set(w.held()) == {"foreign", "k0", "k2", "k3", "k4", "k6", "k7"}, call


def test_a_run_that_is_told_to_stop_goes_on_later() -> None:
    for stops in range(1, 30):
        w = changed()
        looks = iter([False] * stops)
        found = w.run(stop=partial(next, looks, True))
        if found.complete:
            assert w.held() == {**w.held("near"), "foreign": b"x"}
            return
        assert found.deleted < 2, "deletes end, too"
        assert {"k1", "k5"} & set(w.held())
        assert w.run().complete
        assert w.held() == {**w.held("near"), "foreign": b"x"}


@pytest.mark.parametrize("at", range(4, 36))
def test_a_second_process_stops_the_first(at: int) -> None:
    """A Job's pod may run twice. Whatever the first one is at, it writes neither checkpoint nor journal any more."""
    w, calls = changed(), count()
    seen: list[bytes] = []

    def meanwhile(operation: str, bucket: str, key: str) -> None:
        if next(calls) == at:
            w.far.fault = None
            with suppress(Superseded):  # the first one's other threads go on
                assert w.run().complete
                seen.append(w.far.current("b")[JOURNAL])

    w.far.fault = meanwhile
    try:
        w.run()
    except Superseded:
        assert [w.far.current("b")[JOURNAL]] == seen
    w.far.fault = None
    assert w.run().complete
    assert w.held() == {**w.held("near"), "foreign": b"x"}
    w.calls()
    assert w.run().copied.objects == 0
    assert [c["Put"] for c in w.calls()] == [0, 0]


@pytest.mark.parametrize("cut", [0, 1, 20, -1])
def test_a_checkpoint_that_is_cut_off_is_none(cut: int) -> None:
    assert checkpoint_of(RunCheckpoint("job", "run").to_bytes()[:cut]) is None
    whole = RunCheckpoint("job", "run", low="\udc80", intents={"\udcff": "aa"})
    again = checkpoint_of(whole.to_bytes())
    assert again is not None
    assert (again.low, again.intents) == (whole.low, whole.intents)


def test_another_filter_begins_anew() -> None:
    w = changed()
    assert w.killed_at(40, w.run)
    w.options = replace(w.options, deletes=DeleteMode.IGNORE)
    assert w.run().complete
    assert set(w.held("near")) < set(w.held())
