"""A run that is carried out by a Job: begun once, found again, finished, given up; pods that really copy, in memory."""

import json
from dataclasses import replace

import pytest

from imagestore.controller.by_jobs import shared
from imagestore.controller.jobs import JobOrder, JobsUnusable
from imagestore.controller.watching import GONE, UNREADY, JobTrouble
from imagestore.core.errors import Denied
from imagestore.core.reasons import Reason
from imagestore.transfer.description import run_of
from tests.k8s.carried import KEYS, POLICY, Stage, grown_stage, stopping


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return grown_stage(monkeypatch)


def test_three_pods_copy_and_the_operator_finishes(stage: Stage) -> None:
    told: list[int] = []
    found = stage.run(progress=lambda p: told.append(p.copied.objects))
    assert found is not None
    assert (found.complete, found.copied.objects, found.deleted) == (True, len(KEYS), 1)
    assert stage.equal()
    (order,) = stage.board.orders.values()
    assert (order.indexes, order.uid, order.key) == (3, "u1", POLICY)
    assert stage.board.all() == [], "the Job is deleted"
    assert stage.left() == []


def test_pods_share_the_rates_of_the_policy_and_of_the_backends(stage: Stage) -> None:
    stage.w.limits = replace(stage.w.limits, bytes_per_second=9000, requests_per_second=30)
    stage.board.held = {0, 1, 2}
    assert stage.run(stop=stopping(2)) is None
    (order,) = stage.board.orders.values()
    assert json.loads(order.files["run.json"])["limits"]["bytesPerSecond"] == 3000
    assert json.loads(order.files["run.json"])["limits"]["requestsPerSecond"] == 10
    backends = [json.loads(m) for m in order.files["backends.yaml"].decode().split("---")]
    assert {m["spec"]["limits"]["requestsPerSecond"] for m in backends if m["kind"] == "StorageBackend"} == {
        50
    }
    assert shared(stage.w.job, 100_000).limits.bytes_per_second == 1


def test_pods_are_told_of_the_keys_that_a_store_named_as_far_as_a_secret_holds_them(stage: Stage) -> None:
    named = frozenset(f"{n:04}/{'é' * 500}" for n in range(300))
    job = replace(stage.w.job, options=replace(stage.w.job.options, named=named))
    kept = shared(job, 3).options.named
    assert 100 < len(kept) < 300
    assert kept < named
    stage.w.options = replace(stage.w.options, named=frozenset({"k001", "é"}))
    stage.board.held = {0, 1, 2}
    assert stage.run(stop=stopping(2)) is None
    (order,) = stage.board.orders.values()
    run = run_of(order.files["run.json"].decode(), stage.board.stores)
    assert run.job.options.named == {"k001", "é"}


def test_progress_is_read_from_the_destination(stage: Stage) -> None:
    told: list[tuple[int, int]] = []
    stage.board.held = {2}
    tell = lambda p: told.append((p.copied.objects, p.backlog.objects))  # noqa: E731
    assert stage.run(progress=tell, stop=stopping(15)) is None
    copied, left = told[-1]
    assert 0 < copied < len(KEYS)
    assert copied + left == len(KEYS) - 1, "as it was estimated: what there is, less what the journal has"


def test_a_small_backlog_is_copied_by_the_operator(stage: Stage) -> None:
    stage.job = replace(stage.job, shards=None)
    found = stage.run()
    assert found is not None
    assert (found.complete, stage.board.begun) == (True, [])
    assert stage.equal()


def test_a_large_backlog_is_a_job(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagestore.transfer.sharded.SHARD_OBJECTS", 20)
    stage.job = replace(stage.job, shards=None)
    found = stage.run()
    assert found is not None
    assert found.complete
    (order,) = stage.board.orders.values()
    assert order.indexes == 3


def test_a_job_outlives_the_operator_and_is_found_again(stage: Stage) -> None:
    stage.board.held = {0, 1, 2}
    assert stage.run(stop=stopping(5)) is None
    assert len(stage.board.jobs) == 1
    stage.board.held = set()
    stage.replica()
    found = stage.run()
    assert found is not None
    assert (found.complete, len(stage.board.begun)) == (True, 1)
    assert stage.equal()


def test_a_job_that_ended_while_no_operator_was_there_is_finished(stage: Stage) -> None:
    stage.board.held = {0, 1, 2}
    assert stage.run(stop=stopping(5)) is None
    stage.board.held = set()
    for _ in range(4):
        stage.board.all()
    stage.board.jobs.clear()  # its time to live is over
    stage.replica()
    found = stage.run()
    assert found is not None
    assert (found.complete, len(stage.board.begun)) == (True, 1), "no second Job"
    assert stage.equal()


def test_a_stop_while_the_run_is_finished_leaves_the_job_to_the_next_one(stage: Stage) -> None:
    deleting = lambda: any(c[0] == "Delete" for c in stage.w.far.calls)  # noqa: E731
    for n in range(20):
        stage.w.remove(KEYS[10 + n])
    stage.w.calls()
    assert stage.run(stop=deleting) is None
    assert [j.ended for j in stage.board.jobs.values()] == [True]
    stage.replica()
    found = stage.run()
    assert found is not None
    assert found.complete
    assert stage.equal()


def test_a_shard_that_may_not_go_on_is_told_with_its_stores_reason(stage: Stage) -> None:
    def fails(operation: str, _bucket: str, _key: str) -> None:
        if operation == "ListObjects" and any(stage.board.done.values()):
            raise Denied("ListObjects: AccessDenied")

    stage.w.near.fault = fails
    before = len(stage.w.held())
    found = stage.run()
    assert found is not None
    assert found.trouble is not None
    assert (found.complete, found.trouble.side, found.trouble.error.reason) == (
        False,
        "source",
        Reason.DENIED,
    )
    assert len(stage.w.held()) >= before, "nothing is deleted"
    stage.w.near.fault = None
    again = stage.run()
    assert again is not None
    assert (again.complete, len(stage.board.begun)) == (True, 2)
    assert stage.equal()


def test_a_failed_index_without_a_word_is_a_failed_job_and_the_rest_is_not_copied_again(stage: Stage) -> None:
    stage.board.lost = {1}
    with pytest.raises(JobTrouble, match=r"1 of 3 shards of the Job u1-.* failed: FailedIndexes") as failed:
        stage.run()
    assert (failed.value.trouble.side, failed.value.trouble.reason) == (None, Reason.JOB_FAILED)
    copied = {k for k in stage.w.held() if k.endswith(".new")}
    assert 0 < len(copied) < len(KEYS)
    assert KEYS[5] in stage.w.held(), "nothing is deleted"
    stage.board.lost = set()
    stage.w.calls()
    found = stage.run()
    assert found is not None
    assert found.complete
    read = {c[2] for c in stage.w.near.calls if c[0] == "Get"}
    assert not read & copied
    assert stage.equal()


def test_a_job_of_other_options_is_deleted_and_its_pods_have_ended_before_the_next_one(stage: Stage) -> None:
    stage.board.held = {0, 1, 2}
    assert stage.run(stop=stopping(5)) is None
    stage.board.held, stage.board.ending = set(), 3
    stage.job = replace(stage.job, deletes="Mirror")
    found = stage.run()
    assert found is not None
    assert found.complete
    first, second = stage.board.begun
    assert first != second
    assert stage.board.order_of_events[:3] == [f"begin {first}", f"gone {first}", f"begin {second}"]


def test_pods_that_do_not_end_are_waited_for_and_told_of(stage: Stage) -> None:
    stage.board.held = {0, 1, 2}
    assert stage.run(stop=stopping(5)) is None
    stage.board.ending = 10_000
    stage.job = replace(stage.job, deletes="Mirror")
    with pytest.raises(JobTrouble, match="pods of an earlier Job of this object have not ended"):
        stage.run()
    assert stage.now >= GONE
    assert len(stage.board.begun) == 1
    assert stage.run(stop=stopping(1)) is None, "a stop is obeyed meanwhile"


def test_without_the_right_the_operator_copies_and_says_why_once(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.board.unusable = JobsUnusable("the operator cannot list Jobs: 403", refused=True)
    for _ in range(2):
        found = stage.run()
        assert found is not None
        assert found.complete
    assert stage.equal()
    said = [r.getMessage() for r in caplog.records if "no Job for the run" in r.getMessage()]
    assert len(said) == 1
    assert "cannot list Jobs: 403" in said[0]


def test_an_api_server_that_does_not_answer_begins_no_second_copy(stage: Stage) -> None:
    stage.board.unusable = JobsUnusable("the API server does not answer")
    with pytest.raises(JobTrouble, match="does not answer"):
        stage.run()
    assert len(stage.w.held()) == len(KEYS)


def test_one_backend_has_one_job(stage: Stage) -> None:
    stage.board.begin(JobOrder(POLICY, "u2", "d", "r", 3, (), {}, backends=frozenset({"far", "third"})))
    stage.board.held = {0, 1, 2}
    found = stage.run()
    assert found is not None
    assert (found.complete, stage.board.begun) == (True, ["u2-d"])


def test_ambient_credentials_stay_with_the_operator(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.spec |= {"credentials": {"ambient": {}}}
    found = stage.run()
    assert found is not None
    assert (found.complete, stage.board.begun) == (True, [])
    assert "ambient credentials, which only the operator's pod has" in caplog.text


def test_a_job_none_of_whose_pods_runs_is_given_up_and_auto_does_without(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imagestore.transfer.sharded.SHARD_OBJECTS", 20)
    stage.job = replace(stage.job, shards=None)
    stage.board.held = {0, 1, 2}
    with pytest.raises(JobTrouble, match=r"no pod of the Job u1-.* has run for 15 minutes"):
        stage.run()
    assert stage.now >= UNREADY
    stage.board.all()
    assert stage.board.jobs == {}
    found = stage.run()
    assert found is not None
    assert (found.complete, len(stage.board.begun)) == (True, 1)
    assert stage.left() == []


def test_one_shard_is_the_operator_whatever_was_begun_before(stage: Stage) -> None:
    stage.board.lost = {1}
    with pytest.raises(JobTrouble):
        stage.run()
    stage.job = replace(stage.job, shards=1)
    found = stage.run()
    assert found is not None
    assert (found.complete, len(stage.board.begun)) == (True, 1)
    assert stage.left() == []
    assert stage.equal()


def test_a_job_whose_notes_are_gone_is_deleted(stage: Stage) -> None:
    stage.board.held = {0, 1, 2}
    assert stage.run(stop=stopping(5)) is None
    for key in stage.left():
        stage.w.remove(key, side="far")
    with pytest.raises(JobTrouble, match="does not tell any more what the Job was to copy"):
        stage.run()
    stage.board.held = set()
    found = stage.run()
    assert found is not None
    assert found.complete
    assert stage.equal()


def test_a_job_goes_on_though_its_backends_changed_meanwhile(stage: Stage) -> None:
    """With ambient credentials no Secret can be made; the run ended as one with a bug, and again and again."""
    stage.board.held = {0, 1, 2}
    assert stage.run(stop=stopping(5)) is None
    stage.spec |= {"credentials": {"ambient": {}}}
    stage.board.held = set()
    stage.replica()
    found = stage.run()
    assert found is not None
    assert (found.complete, len(stage.board.begun)) == (True, 1)
    assert stage.equal()


def test_a_job_of_another_run_than_the_destination_tells_is_deleted(stage: Stage) -> None:
    """Its pods' checkpoints are of that run: it was waited for until its deadline."""
    stage.board.held = {0, 1, 2}
    assert stage.run(stop=stopping(5)) is None
    ((name, job),) = stage.board.jobs.items()
    stage.board.jobs[name] = replace(job, run="another")
    with pytest.raises(JobTrouble, match="does not tell any more what the Job was to copy"):
        stage.run()
    assert stage.board.jobs[name].going
