"""Each guard by itself, and the fence of the journal."""

from dataclasses import replace
from typing import Any

import pytest

from imagestore.backends.memory_content import CAPABLE
from imagestore.core.fencing import permitted
from imagestore.core.objects import KeyOrder
from imagestore.transfer.guards import DeleteFacts, held_deletes
from imagestore.transfer.job import DeleteGuard, DeleteMode, TransferLimits
from imagestore.transfer.segments import JournalManifest, SegmentRef, open_journal, replace_journal
from imagestore.transfer.state import StateObjects, Superseded
from tests.transfer.world import body, filled, world

FINE = DeleteFacts(waiting=5, known=1000, source=900, complete=True)
NEVER: dict[str, dict[str, Any]] = {
    "NotComplete": {"complete": False},
    "JournalLost": {"journal_lost": True},
    "FirstRun": {"first": True},
}
UNLESS_APPROVED: dict[str, dict[str, Any]] = {
    "SourceEmpty": {"source": 0},
    "FilterChanged": {"filter_changed": True},
    "TooMany": {"waiting": 51},
    "NotCopied": {"uncopied": True},
}


@pytest.mark.parametrize("why", [*NEVER, *UNLESS_APPROVED])
def test_each_reason_alone_holds_deletes(why: str) -> None:
    facts = replace(FINE, **{**NEVER, **UNLESS_APPROVED}[why])
    held = held_deletes(facts, DeleteGuard(), "d")
    assert held is not None
    assert (held.why, held.count) == (why, facts.waiting)
    assert bool(held.digest) is (why in UNLESS_APPROVED), "a token was offered for deletes that none lets go"
    guard = DeleteGuard(approved=frozenset({held.digest}))
    assert (held_deletes(facts, guard, "d") is None) is (why in UNLESS_APPROVED)
    assert held_deletes(facts, guard, "other") is not None


def test_nothing_holds_what_is_fine_but_the_caller() -> None:
    assert held_deletes(FINE, DeleteGuard(), "d") is None
    refused = held_deletes(FINE, DeleteGuard(refused="ContentLost", approved=frozenset({"d"})), "d")
    assert refused is not None
    assert refused.why == "Refused"
    assert held_deletes(replace(FINE, waiting=0, complete=False), DeleteGuard(), "d") is None


def test_a_part_of_the_journal_that_is_lost_holds_all_deletes() -> None:
    w = filled(world(deletes=DeleteMode.MIRROR), [f"k{i}" for i in range(9)])
    w.limits = TransferLimits(workers=1, segment=3)
    w.run()
    w.remove("k0")
    lost = sorted(k for k in w.far.buckets["b"].keys if "/segments/" in k)[-1]
    w.put(lost, b"", side="far")
    held = w.run().held
    assert held is not None
    assert (held.why, held.count) == ("JournalLost", 1)
    assert w.held()["k0"] == body("k0")
    assert w.run().deleted == 1  # the journal is whole again


def test_a_journal_that_another_process_wrote_is_not_replaced() -> None:
    """On a store without conditional writes, too."""
    w = world(far=replace(CAPABLE, put_matching=False))
    state = StateObjects(w.job.destination.store, "b", "state/", permitted)
    mine, theirs = (open_journal(state, "ends", KeyOrder.BYTES) for _ in range(2))
    made = JournalManifest("ends", "filter", KeyOrder.BYTES, segments=(SegmentRef("s", "z", 1, 0, ""),))
    replace_journal(state, theirs, replace(made, run="theirs"), permitted)
    with pytest.raises(Superseded):
        replace_journal(state, mine, replace(made, run="mine"), permitted)
    assert open_journal(state, "ends", KeyOrder.BYTES).manifest == replace(made, run="theirs")
