"""Into how many shards a run goes, and what the destination keeps of that between two attempts."""

from dataclasses import replace

import pytest

from imagestore.backends.memory_content import CAPABLE
from imagestore.core.census import Amount
from imagestore.core.errors import Denied, StoreError, Unavailable
from imagestore.core.objects import KeyOrder
from imagestore.core.reasons import Reason
from imagestore.transfer.job import TransferHooks, TransferLimits
from imagestore.transfer.sharded import (
    KEPT_SHARDS,
    MOST_SHARDS,
    SHARD_BYTES,
    SHARD_OBJECTS,
    SHARDS_LAST,
    KeptShards,
    begin_shards,
    expected_backlog,
    forget_shards,
    kept_of,
    kept_shards,
    shard_count,
    shards_seen,
)
from imagestore.transfer.shards import finish_shards, run_shard
from imagestore.transfer.state import Superseded
from tests.transfer.world import World, body, ordered, world

MANY = [f"photos/{d:03}/{n:02}.jpg" for d in range(60) for n in range(50)]


def hooks(w: World, run: str = "r1") -> TransferHooks:
    return TransferHooks(run, w.clock.seconds)


def large() -> World:
    """A pair with a journal of many segments, and as many objects again since then."""
    w = world()
    w.limits = TransferLimits(workers=1, segment=10)
    for key in MANY[:60]:
        w.put(key, body(key))
    w.run()
    for key in MANY[:60]:
        w.put(f"{key}.new", body(key))
    return w


def begun(w: World, shards: int = 3, run: str = "r1") -> KeptShards:
    kept = begin_shards(w.job, hooks(w, run), shards)
    assert kept is not None
    return kept


@pytest.mark.parametrize(
    ("asked", "backlog", "count"),
    [
        (None, None, 1),
        (None, Amount(), 1),
        (None, Amount(SHARD_OBJECTS, SHARD_BYTES), 1),
        (None, Amount(SHARD_OBJECTS + 1, 0), 2),
        (None, Amount(1, 5 * SHARD_BYTES), 5),
        (None, Amount(10**12, 0), MOST_SHARDS),
        (1, Amount(10**12, 0), 1),
        (64, None, 64),
    ],
)
def test_shards_are_as_many_as_asked_or_as_the_backlog_is_worth(
    asked: int | None, backlog: Amount | None, count: int
) -> None:
    assert shard_count(asked, backlog) == count


def test_the_backlog_is_what_the_journal_has_not() -> None:
    w = world()
    assert expected_backlog(w.job, hooks(w)) == Amount(0, 0)
    for key in MANY:
        w.put(key, body(key, 100))
    w.calls()
    found = expected_backlog(w.job, hooks(w))
    assert found is not None
    assert 0.5 * len(MANY) < found.objects < 2 * len(MANY)
    assert found.bytes == 100 * found.objects
    assert w.calls()[0]["ListObjects"] < 60
    w.run()
    w.put("photos/999", body("new"))
    after = expected_backlog(w.job, hooks(w))
    assert after is not None
    assert after.objects < len(MANY)


def test_a_policy_that_is_made_anew_finds_what_the_one_before_has_copied() -> None:
    """It has another uid and so no journal: all objects were its backlog, and pods were started to list equal buckets."""
    w = world()
    for key in MANY:
        w.put(key, body(key))
    w.run()
    found = expected_backlog(replace(w.job, name="anew"), hooks(w))
    assert found is not None
    assert found.objects < 0.1 * len(MANY)


def test_what_the_source_keeps_for_the_operator_is_no_end_of_its_keys() -> None:
    """A bucket that another policy writes to has its journal first, and was taken for one that is almost empty."""
    w = world()
    for n in range(990):
        w.put(f".imagestore/transfer/other/segments/{n:04}", b"")
    for key in MANY:
        w.put(key, body(key))
    found = expected_backlog(w.job, hooks(w))
    assert found is not None
    assert 0.5 * len(MANY) < found.objects < 2 * len(MANY)
    assert len(begun(w).parts) == 3


def test_of_a_store_that_has_to_be_sorted_no_backlog_is_known() -> None:
    w = world(near=ordered(CAPABLE, KeyOrder.DIRECTORY))
    w.put("a", b"1")
    assert expected_backlog(w.job, hooks(w)) is None
    assert begin_shards(w.job, hooks(w), 3) is None


def test_who_goes_on_has_the_same_ranges_and_run() -> None:
    w = large()
    kept = begun(w)
    assert len(kept.parts) == 3
    assert run_shard(w.job, hooks(w), w.making, kept.parts[1], 1).complete
    w.put("photos/000/00a.jpg", body("while nobody looks"))
    again = kept_shards(w.job, hooks(w, "r2"))
    assert again == kept
    assert [s.ended for s in shards_seen(w.job, hooks(w, "r2"), kept)] == [False, True, False]
    for number in (0, 2):
        assert run_shard(w.job, hooks(w), w.making, kept.parts[number], number).complete
    seen = shards_seen(w.job, hooks(w), kept)
    assert sum((s.copied for s in seen), Amount()).objects == 61
    assert finish_shards(w.job, hooks(w), w.making, kept.parts).complete
    assert w.held() == w.held("near")
    assert kept_shards(w.job, hooks(w)) is None, "the journal is that run's: it is finished"
    forget_shards(w.job, hooks(w))
    left = [k for k in w.server("far").current("b") if "shard" in k and "/segments/" not in k]
    assert left == []


def test_another_job_an_old_run_and_a_damaged_note_begin_anew() -> None:
    w = large()
    kept = begun(w)
    w.options = replace(w.options, since=5)
    assert kept_shards(w.job, hooks(w)) is None
    w.options = replace(w.options, since=None)
    assert kept_shards(w.job, TransferHooks("r2", lambda: (kept.began + SHARDS_LAST + 1000) / 1000)) is None
    assert kept_shards(w.job, hooks(w)) == kept
    name = w.job.place + KEPT_SHARDS
    w.put(name, kept.to_bytes()[:-9], side="far")
    assert kept_shards(w.job, hooks(w)) is None


@pytest.mark.parametrize("damaged", [b"", b"[]", b"{}", b'{"form": 3}', b'{"form": 2, "job": "a"}', b"\xff"])
def test_a_note_of_another_program_is_none(damaged: bytes) -> None:
    assert kept_of(damaged) is None


def test_keys_of_any_bytes_are_kept() -> None:
    kept = KeptShards("d", "r", 5, ("a//b c%", "\udc80", "é"))
    assert kept_of(kept.to_bytes()) == kept


def test_a_run_that_was_interrupted_goes_on_without_shards() -> None:
    w = large()
    w.run(stop=iter([*[False] * 20, *[True] * 10_000]).__next__)
    assert f"{w.job.place}checkpoint" in w.server("far").current("b")
    assert begin_shards(w.job, hooks(w), 3) is None


@pytest.mark.parametrize(
    ("error", "reason"), [(Denied("no"), Reason.DENIED), (Unavailable("silent"), Reason.UNAVAILABLE)]
)
def test_a_shard_says_why_it_ended_early(error: StoreError, reason: Reason) -> None:
    w = large()
    kept = begun(w)

    def fails(operation: str, _bucket: str, _key: str) -> None:
        if operation == "ListObjects":
            raise error

    w.near.fault = fails
    assert not run_shard(w.job, hooks(w), w.making, kept.parts[0], 0).complete
    w.near.fault = None
    first, second, _ = shards_seen(w.job, hooks(w), kept)
    assert first.trouble is not None
    assert (first.trouble.side, first.trouble.error.reason, str(first.trouble.error)) == (
        "source", reason, str(error),
    )  # fmt: skip
    assert second.trouble is None
    assert run_shard(w.job, hooks(w), w.making, kept.parts[0], 0).complete
    assert shards_seen(w.job, hooks(w), kept)[0].trouble is None, "it is over"


@pytest.mark.parametrize(
    "wrong",
    [tuple(f"x{n:04}" for n in range(64)), ("b", "a"), ("a", "a"), ("", "a\ue000", "a\U0001f600", "a")],
)
def test_boundaries_that_a_tenant_wrote_are_no_more_pods(wrong: tuple[str, ...]) -> None:
    """5000 of them in the bucket were 5000 indexes; ranges that overlap are copied twice, or not at all."""
    w = large()
    kept = begun(w)
    name = w.job.place + KEPT_SHARDS
    w.put(name, replace(kept, boundaries=wrong).to_bytes(), side="far")
    assert kept_shards(w.job, hooks(w)) is None
    most = replace(kept, boundaries=tuple(f"x{n:02}" for n in range(63)))
    w.put(name, most.to_bytes(), side="far")
    assert kept_shards(w.job, hooks(w)) == most


def test_shards_of_before_another_run_are_not_taken_up_again() -> None:
    """What the other run had mirrored as deleted came back from the shards' old listing."""
    w = large()
    kept = begun(w)
    for number, part in enumerate(kept.parts):
        assert run_shard(w.job, hooks(w), w.making, part, number).complete
    assert kept_shards(w.job, hooks(w, "r2")) == kept
    assert w.run().complete
    assert kept_shards(w.job, hooks(w, "r2")) is None
    with pytest.raises(Superseded):
        finish_shards(w.job, hooks(w), w.making, kept.parts, kept.journal)
    assert w.run().copied.objects == 0, "the journal is still that of the other run"
