"""What no run wrote and is newer than the source's is not copied over before a person has said so."""

from dataclasses import replace
from itertools import count

import pytest

from imagestore.transfer.job import DeleteGuard, DeleteMode, TransferJob, TransferLimits
from imagestore.transfer.overwriting import approved_until, held_overwrites
from imagestore.transfer.report import TransferReport
from tests.transfer.world import World, world

KEYS = [f"k{n:02}" for n in range(20)]


def mixed_up(*, versioned: bool = False) -> World:
    """The old pictures are at the source, and the real, newer ones at the destination."""
    w = world(versioned=versioned)
    for key in KEYS:
        w.put(key, b"old")
    for key in KEYS:
        w.put(key, b"real, and newer", side="far")
    w.put("new", b"new")
    return w


def approved(w: World, report: TransferReport) -> TransferReport:
    assert report.held is not None
    w.options = replace(w.options, guard=DeleteGuard(approved=frozenset({report.held.digest})))
    return w.run()


def test_newer_objects_of_others_stay_and_all_else_is_copied() -> None:
    w = mixed_up()
    found = w.run()
    assert found.held is not None
    assert (found.held.count, found.held.why, found.failed) == (20, "Overwrites", {"NewerAtDestination": 20})
    assert found.complete
    assert w.held() == {**dict.fromkeys(KEYS, b"real, and newer"), "new": b"new"}
    assert w.run().held == found.held, "the same token"


def test_the_token_lets_those_go_that_were_there_and_no_later_ones() -> None:
    w = mixed_up()
    found = w.run()
    w.put("late", b"old")
    w.put("late", b"newer", side="far")
    again = approved(w, found)
    assert {w.held()[k] for k in KEYS} == {b"old"}
    assert w.held()["late"] == b"newer"
    assert again.held is not None
    assert again.held.count == 1
    assert approved(w, again).held is None
    assert w.held()["late"] == b"old"


def test_where_the_bucket_keeps_versions_nothing_is_held() -> None:
    w = mixed_up(versioned=True)
    assert (w.run().held, w.held()["k00"]) == (None, b"old")


def test_what_the_source_changed_last_is_copied() -> None:
    w = mixed_up()
    for key in KEYS:
        w.put(key, b"changed since")
    assert (w.run().held, w.held()["k00"]) == (None, b"changed since")


def test_an_equal_object_that_others_wrote_and_changed_is_theirs_and_a_copy_is_not() -> None:
    w = world()
    w.put("theirs", b"same")
    w.put("theirs", b"same", side="far")
    w.put("ours", b"a copy")
    w.run()
    w.put("theirs", b"changed", side="far")
    w.put("ours", b"damaged", side="far")
    found = w.run()
    assert found.failed == {"NewerAtDestination": 1}
    assert w.held() == {"theirs": b"changed", "ours": b"a copy"}


def test_nothing_is_deleted_while_that_is_not_decided() -> None:
    w = world(deletes=DeleteMode.MIRROR, guard=DeleteGuard(100.0, 1000))
    for key in KEYS:
        w.put(key, b"x")
    w.run()
    w.remove(KEYS[0])
    w.put("other", b"old")
    w.put("other", b"newer", side="far")
    found = w.run()
    assert found.held is not None
    assert (found.held.why, found.deleted) == ("Overwrites", 0)


def test_an_interrupted_run_forgets_none_of_them() -> None:
    w = mixed_up()
    w.limits = TransferLimits(workers=1, segment=4)
    found = w.run()
    w2 = mixed_up()
    w2.limits = w.limits
    turns = count()
    w2.run(stop=lambda: next(turns) > 12)
    again = w2.run()
    assert found.held is not None
    assert again.held is not None
    assert again.held.count == found.held.count == 20


@pytest.mark.parametrize("token", ["over-", "over-12-00", "over-x-0", "over-²-0", "0123456789abcdef", ""])
def test_a_token_of_another_hold_approves_nothing(token: str) -> None:
    assert approved_until(approving(mixed_up().job, token)) == 0


def approving(job: TransferJob, token: str) -> TransferJob:
    return replace(job, options=replace(job.options, guard=DeleteGuard(approved=frozenset({token}))))


@pytest.mark.parametrize("moment", [10**18, 10**19])
def test_a_moment_of_more_digits_than_any_store_tells_approves_nothing(moment: int) -> None:
    job = mixed_up().job
    held = held_overwrites(job, 1, moment)
    assert held is not None
    assert approved_until(approving(job, held.digest)) == (moment if moment < 10**19 else 0)
