"""What a later process finds of an earlier one: its checkpoint, its shards, a damaged journal, and keys that failed."""

import json
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count
from threading import Event

import pytest
from backports import zstd

from imagestore.core.errors import Denied, Unavailable
from imagestore.core.keys import is_reserved
from imagestore.transfer.job import DeleteMode, TransferLimits
from imagestore.transfer.listings import KeyRange
from imagestore.transfer.shards import finish_shards, ranges, run_shard
from imagestore.transfer.state import Superseded
from tests.transfer.test_crashes import JOURNAL, changed
from tests.transfer.test_shards import finish, grown, hooks, shard
from tests.transfer.world import Killed, World, body, filled, world

CHECKPOINT = ".imagestore/transfer/job/checkpoint"


def damaged(w: World) -> None:
    """The first segment of the journal is not readable any more."""
    first = min(k for k in w.far.current("b") if "/segments/" in k)
    w.put(first, b"", side="far")


@pytest.mark.parametrize("at", range(6, 30, 2))
def test_a_process_of_an_edited_job_stops_the_one_before(at: int) -> None:
    """Both overwrote the other's checkpoint in turn: it was only compared with that of the same job."""
    w, calls = changed(), count()
    left: list[bytes] = []
    over = Event()  # whichever thread of the first process it is in, also one that lists ahead

    def meanwhile(operation: str, bucket: str, key: str) -> None:
        if next(calls) == at:
            w.far.fault = None
            edited = replace(w, options=replace(w.options, deletes=DeleteMode.IGNORE))
            assert not edited.run(stop=partial(next, iter([False] * 2), True)).complete
            left.append(w.far.current("b")[CHECKPOINT])
            over.set()

    w.far.fault = meanwhile
    with pytest.raises(Superseded):
        w.run()
    assert over.wait(10)
    assert [w.far.current("b")[CHECKPOINT]] == left
    w.options = replace(w.options, deletes=DeleteMode.IGNORE)
    assert w.run().complete
    assert w.held().items() >= w.held("near").items()


@pytest.mark.parametrize("at", ["Get", "Put"])
def test_a_process_that_saves_while_it_is_taken_over_does_not_stop_the_later_one(at: str) -> None:
    """Both had stopped: the later one's first save met one of the process before (seen once, on a busy machine)."""
    w, saved = changed(), count()
    assert w.killed_at(24, w.run)

    def meanwhile(operation: str, _bucket: str, key: str) -> None:
        if (operation, key) == (at, CHECKPOINT) and next(saved) == (1 if at == "Get" else 0):
            told = json.loads(w.far.current("b")[CHECKPOINT])
            w.put(CHECKPOINT, json.dumps(told | {"made": told["made"] + 7}).encode(), side="far")

    w.far.fault = meanwhile
    assert w.run().complete
    assert w.held().items() >= w.held("near").items()


def test_a_process_that_ends_while_it_is_taken_over_is_not_run_again() -> None:
    """The journal that was read is not the one that is there by now."""
    w, seen = changed(), count()
    assert w.killed_at(24, w.run)

    def meanwhile(operation: str, _bucket: str, key: str) -> None:
        if (operation, key) == ("Get", CHECKPOINT) and next(seen) == 1:
            w.remove(CHECKPOINT, side="far")

    w.far.fault = meanwhile
    with pytest.raises(Superseded):
        w.run()
    assert w.run().complete


def test_a_journal_that_was_damaged_is_known_after_a_crash() -> None:
    """The next process begins behind the damaged segment, so only the checkpoint tells it that the journal is not whole."""
    for call in range(12, 200):
        w = grown()
        damaged(w)
        before = w.far.current("b")[JOURNAL]
        if not w.killed_at(call, w.run) or w.far.current("b")[JOURNAL] != before:  # it is whole again
            break
        found = w.run()
        assert found.deleted == 0, call
        assert found.held is None or found.held.why == "JournalLost", call
    assert call > 30


def test_the_end_of_shards_knows_of_a_journal_that_one_of_them_found_damaged() -> None:
    w = grown()
    parts = ranges(["k20"])
    damaged(w)
    for number in range(2):
        assert shard(w, parts, number).complete
    found = finish(w, parts)
    assert found.held is not None
    assert (found.held.why, found.deleted) == ("JournalLost", 0)


def test_a_shard_that_ended_in_an_earlier_run_is_listed_again() -> None:
    """It reported the listing of that run, of long ago, and copied nothing that came since."""
    w = grown()
    parts = ranges(["k20"])
    assert shard(w, parts, 0, "r1").complete
    w.put("k00z", b"since then")
    assert shard(w, parts, 0, "r2").complete
    assert w.held()["k00z"] == b"since then"
    w.put("k39z", b"since then")
    assert not finish(w, parts, "r2").complete, "shard 1 is missing"
    assert shard(w, parts, 1, "r2").complete
    assert finish(w, parts, "r2").complete
    assert w.held() == w.held("near")


def test_a_shard_of_the_same_run_that_has_ended_is_not_listed_again() -> None:
    """A Job may start the pod of an index that has succeeded once more."""
    w = grown()
    parts = ranges(["k20"])
    assert shard(w, parts, 0).complete
    w.calls()
    assert shard(w, parts, 0).complete
    assert [c["ListObjects"] for c in w.calls()] == [0, 0]


def test_the_end_of_a_run_does_not_take_shards_of_another_one() -> None:
    w = grown()
    parts: list[KeyRange] = ranges(["k20"])
    for number in range(2):
        run_shard(w.job, hooks(w, "r1"), w.making, parts[number], number)
    found = finish_shards(w.job, hooks(w, "r2"), w.making, parts)
    assert (found.complete, found.deleted) == (False, 0)


def test_a_run_that_ends_in_trouble_tells_which_keys_had_failed() -> None:
    """They were in no object: only a run that came to its end wrote the report."""
    w = filled(world(page=4), [f"k{i:03}" for i in range(20)])
    w.limits = TransferLimits(workers=1, segment=4)
    listed = count()

    def refuse(operation: str, bucket: str, key: str) -> None:
        if operation == "Get" and key == "k001":
            raise Denied("this one")
        if operation == "ListObjects" and next(listed) == 4:
            raise Unavailable("cut off")

    w.near.fault = refuse
    found = w.run()
    assert found.trouble is not None
    assert (found.complete, found.failed) == (False, {"Denied": 1})
    lines = zstd.decompress(w.far.current("b")[found.report_key]).splitlines()
    assert [json.loads(line)["key"] for line in lines] == ["k001"]


def test_a_destination_that_takes_no_report_ends_the_run_all_the_same() -> None:
    w = filled(world(), [f"k{i:03}" for i in range(5)])

    def refuse(operation: str, bucket: str, key: str) -> None:
        if operation == "Put":
            raise Denied("read-only")

    w.far.fault = refuse
    found = w.run()
    assert found.trouble is not None
    assert (found.trouble.side, found.report_key, found.complete) == ("destination", "", False)
    w.far.fault = None
    assert w.run().complete
    assert not [k for k in w.far.current("b") if is_reserved(k) and k.endswith("checkpoint")]


def test_uploads_of_a_process_that_still_works_are_aborted_after_it_is_fenced() -> None:
    """Aborted before, it would have begun the upload anew."""
    w = world()
    w.copier = replace(w.copier, part=30)
    w.put("large", body("large", 70))
    with suppress(Killed):
        w.killed_at(14, w.run)
    calls: list[tuple[str, str]] = []

    def note(operation: str, bucket: str, key: str) -> None:
        calls.append((operation, key))

    w.far.fault = note
    assert w.run().complete
    assert calls.index(("Put", CHECKPOINT)) < [o for o, _ in calls].index("Abort")
