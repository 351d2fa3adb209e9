"""No key is passed over: neither by a checkpoint that is ahead of the work, nor by a comparison that goes on from a copy."""

from dataclasses import replace
from random import SystemRandom

from imagestore.backends.memory_content import CAPABLE
from imagestore.core.errors import Denied, Unavailable
from imagestore.core.objects import KeyOrder
from imagestore.transfer.checkpoint import checkpoint_of
from imagestore.transfer.job import DeleteGuard, DeleteMode, TransferHooks, TransferLimits
from imagestore.transfer.parity import parity_sample
from tests.transfer.world import World, filled, ordered, world

PLACE = ".imagestore/transfer/job/"
MANY = [f"k{i:02}" for i in range(24)]


def refusing(w: World, *, segments: int = 0, key: str = "") -> None:
    """The source does not hand out ``key``, and the destination does not take the first ``segments`` segments."""
    left = [segments]

    def fault(_operation: str, _bucket: str, asked: str) -> None:
        if asked == key:
            raise Unavailable("no answer")
        if asked.startswith(f"{PLACE}segments/") and left[0] > 0:
            left[0] -= 1
            raise Unavailable("no answer")

    w.near.fault = w.far.fault = fault


def test_a_segment_that_cannot_be_stored_stops_the_low_water_mark() -> None:
    """Stretches behind it were closed, so the next run began behind a key that was never copied, and called all equal."""
    w = filled(world(), MANY)
    w.limits = TransferLimits(workers=1, segment=4)
    refusing(w, segments=1, key="k00")
    assert w.run().trouble is not None
    refusing(w, key="k00")
    found = w.run()
    assert found.complete
    assert (found.failed, found.listed.source) == ({"Unavailable": 1}, len(MANY))
    w.near.fault = w.far.fault = None
    assert w.run().copied.objects == 1
    assert set(w.held()) == set(MANY)
    assert w.run().equal == len(MANY)


def test_a_comparison_does_not_go_on_from_the_checkpoint_of_a_copy() -> None:
    """After Copy was stopped and the method became Native, keys before the checkpoint were never compared again."""
    w = filled(world(), MANY)
    w.limits = TransferLimits(workers=1, segment=4)
    assert not w.run(stop=lambda: sum(c[0] == "Get" for c in w.near.calls) >= 8).complete
    assert any("checkpoint" in key for key in w.far.current("b"))
    for key in MANY:
        if key in w.held():
            w.remove(key, side="far")
    w.options = replace(w.options, dry_run=True)
    assert w.run().backlog.objects == len(MANY)


def test_nothing_is_copied_onto_what_the_operator_keeps() -> None:
    """Below a prefix such a key is a person's content; without the prefix it is the operator's journal."""
    w = world(two_way=True)
    w.prefixes = ("", "p/")
    w.put("p/.imagestore/transfer/job/journal.json", b"theirs", side="far")
    w.put(f"{PLACE}journal.json", b"ours")
    found = w.run()
    assert w.near.current("b")[f"{PLACE}journal.json"] == b"ours"
    assert found.failed == {"Unmappable": 1}


def test_an_approval_does_not_hold_for_objects_that_came_back() -> None:
    """The same keys with the same bytes, deleted once more, are other deletes: spec.approve still has the old token."""
    w = filled(world(deletes=DeleteMode.MIRROR, guard=DeleteGuard(5.0, 1000)), MANY)
    w.run()
    for key in MANY[:20]:
        w.remove(key)
    held = w.run().held
    assert held is not None
    approved = DeleteGuard(5.0, 1000, frozenset({held.digest}))
    w.options = replace(w.options, guard=approved)
    assert w.run().deleted == 20
    filled(w, MANY)
    w.run()
    for key in MANY[:20]:
        w.remove(key)
    again = w.run()
    assert (again.deleted, again.held is not None) == (0, True)


def test_a_checkpoint_does_not_keep_what_it_meant_to_copy_and_could_not() -> None:
    """A million archived objects would be in it, written again for each stretch."""
    w = filled(world(), MANY)
    w.limits = TransferLimits(workers=1, segment=4)
    sizes: list[int] = []

    def fault(operation: str, _bucket: str, asked: str) -> None:
        if operation == "Get" and asked in MANY:
            raise Unavailable("no answer")
        if asked == f"{PLACE}checkpoint" and asked in w.far.current("b"):
            kept = checkpoint_of(w.far.current("b")[asked])
            sizes.append(len(kept.intents) if kept else 0)

    w.near.fault = w.far.fault = fault
    assert w.run().failed == {"Unavailable": len(MANY)}
    assert 0 < max(sizes) <= 4 * 5


def test_a_store_that_quotes_keys_does_not_bring_them_into_the_status() -> None:
    """Stores say of a denied call on which object it was; a hundred of them in a row are what a condition tells."""
    keys = [f"patients/anna-{i:03}" for i in range(150)]
    w = filled(world(), keys)

    def denied(operation: str, _bucket: str, asked: str) -> None:
        if operation == "Put" and asked in keys:
            raise Denied(f"no room to perform s3:PutObject on arn:aws:s3:::b/{asked}", code="QuotaExceeded")

    w.far.fault = denied
    trouble = w.run().trouble
    assert trouble is not None
    assert (type(trouble.error), trouble.error.code) == (Denied, "QuotaExceeded")
    assert "100 objects in a row could not be copied" in str(trouble.error)
    assert "anna" not in str(trouble.error)


def test_a_copy_that_outlives_its_source_is_no_difference() -> None:
    """With deletes: Ignore, the default, each object deleted at the source made ParityVerified False for ever."""
    w = filled(world(), MANY)
    w.run()
    w.remove("k03")
    w.run()
    w.put("k05", b"altered behind the journal", side="far")
    found = parity_sample(w.job, TransferHooks("parity", w.clock.seconds), len(MANY), SystemRandom())
    assert (found.sampled, found.mismatched) == (len(MANY) - 1, 1)


def test_what_is_gone_on_both_sides_proves_nothing() -> None:
    """Two reads that found no object were counted as two equal ones."""
    w = filled(world(), MANY)
    w.run()
    w.remove("k03")
    w.remove("k03", side="far")
    found = parity_sample(w.job, TransferHooks("parity", w.clock.seconds), len(MANY), SystemRandom())
    assert (found.sampled, found.mismatched) == (len(MANY) - 1, 0)


def test_a_run_is_not_stopped_before_a_side_is_sorted() -> None:
    """All that was listed was listed again in the next turn, which was over at the same place: nothing was ever copied."""
    w = filled(world(far=ordered(CAPABLE, KeyOrder.NONE), page=5), MANY)
    for key in MANY:
        w.put(f"far {key}", b"1", side="far")
    asked: list[str] = []
    listed: list[int] = []

    def ready() -> None:
        asked.append("ready")
        listed.append(sum(c[0] == "ListObjects" for c in w.far.calls))

    def stop() -> bool:
        asked.append("stop")
        return False

    assert w.run(ready=ready, stop=stop).complete
    assert (asked[0], listed[0]) == ("ready", 5)


def test_deletes_that_are_under_way_end_when_the_run_is_stopped() -> None:
    """The status of a suspended policy said that it deletes nothing, while thousands of deletes went on."""
    w = filled(world(deletes=DeleteMode.MIRROR, guard=DeleteGuard(5.0, 1000)), MANY)
    w.limits = TransferLimits(workers=1, segment=4)
    w.run()
    for key in MANY[:20]:
        w.remove(key)
    held = w.run().held
    assert held is not None
    w.options = replace(w.options, guard=DeleteGuard(5.0, 1000, frozenset({held.digest})))
    w.calls()
    stopped = w.run(stop=lambda: any(c[0] == "Delete" for c in w.far.calls))
    assert (stopped.complete, stopped.trouble) == (False, None)
    assert len(MANY) - 4 <= len(w.held()) < len(MANY)
    again = w.run()
    assert (again.complete, again.held) == (True, None), "the approval holds for the rest"
    assert set(w.held()) == set(MANY[20:])
    assert w.run().deleted == 0
