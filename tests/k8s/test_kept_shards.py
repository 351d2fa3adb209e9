"""What the pods of a Job have done is kept for whoever goes on, and what is known of one destination says nothing of another one."""

from dataclasses import replace

import pytest

from imagestore.controller.by_process import AskedRun
from imagestore.controller.jobs import JobOrder
from imagestore.controller.watching import JobTrouble
from imagestore.core.errors import Denied
from imagestore.reconcile.shared.runs import JobEnd
from imagestore.transfer.job import TransferHooks
from tests.k8s.carried import KEYS, POLICY, Stage, grown_stage, stopping


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return grown_stage(monkeypatch)


def one_lost(stage: Stage) -> set[str]:
    """A Job of which one shard failed; what the others have copied."""
    stage.board.lost = {1}
    with pytest.raises(JobTrouble):
        stage.run()
    stage.board.lost = set()
    return {key for key in stage.w.held() if key.endswith(".new")}


def of_another(stage: Stage) -> None:
    """A Job of another policy that uses the same StorageBackend, and does not end."""
    stage.board.begin(JobOrder(POLICY, "u2", "d", "r", 3, (), {}, backends=frozenset({"far", "third"})))
    stage.board.held = {0, 1, 2}


def test_a_job_of_another_policy_does_not_throw_the_shards_away(stage: Stage) -> None:
    """The operator copied by itself then, and forgot hours of what the pods had listed and copied."""
    copied = one_lost(stage)
    kept = set(stage.left())
    assert {name.rpartition("/")[2] for name in kept} >= {"shard-000000", "shard-000002", "shards.json"}
    of_another(stage)
    stage.replica()
    assert stage.run(stop=stopping(1)) is None
    assert set(stage.left()) >= kept
    stage.w.calls()
    found = stage.run()
    assert found is not None
    assert (found.complete, found.copied.objects) == (True, len(KEYS))
    assert not {c[2] for c in stage.w.near.calls if c[0] == "Get"} & copied
    assert (stage.equal(), stage.left()) == (True, [])
    assert [name.partition("-")[0] for name in stage.board.begun] == ["u1", "u2"], "without a Job"


def test_the_next_job_goes_on_with_the_same_shards(stage: Stage) -> None:
    one_lost(stage)
    of_another(stage)
    assert stage.run(stop=stopping(1)) is None
    stage.board.held = set()
    stage.board.jobs.clear()
    stage.board.orders, before = {}, next(iter(stage.board.orders.values())).run
    found = stage.run()
    assert found is not None
    assert found.complete
    assert [order.run for order in stage.board.orders.values()] == [before]
    assert stage.equal()


def failing(operation: str, _bucket: str, _key: str) -> None:
    if operation == "ListObjects":
        raise Denied("ListObjects: AccessDenied")


def test_a_store_that_fails_while_the_operator_goes_on_keeps_the_shards(stage: Stage) -> None:
    one_lost(stage)
    of_another(stage)
    kept = set(stage.left())
    stage.w.near.fault = failing
    found = stage.run()
    assert found is not None
    assert found.trouble is not None
    assert (found.complete, found.trouble.side) == (False, "source")
    assert KEYS[5] in stage.w.held(), "nothing is deleted"
    stage.w.near.fault = None
    assert set(stage.left()) >= kept


def test_another_destination_of_a_policy_is_not_known_to_be_equal(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For an hour after a run that ended, the operator copied to a new and empty destination by itself, however much that was."""
    stage.job = replace(stage.job, shards=None)
    assert stage.run() is not None
    monkeypatch.setattr("imagestore.transfer.sharded.SHARD_OBJECTS", 20)
    monkeypatch.setattr("imagestore.transfer.sampling.SAMPLE_PAGE", 10)
    assert stage.run() is not None
    assert stage.board.begun == [], "the backlog is small"
    there = stage.w.job.destination
    moved = replace(stage.w.job, destination=replace(there, prefix="elsewhere/"))
    job = replace(stage.job, destination=JobEnd("far", "b", "", "elsewhere/"))
    hooks = TransferHooks("job-elsewhere", stage.w.clock.seconds)
    found = stage.by(AskedRun(POLICY, job, moved), hooks)
    assert found is not None
    assert (found.complete, len(stage.board.begun)) == (True, 1)
