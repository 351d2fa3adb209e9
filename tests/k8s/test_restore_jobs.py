"""A restore that the pod of a Job writes: chosen and approved in the operator, written by the pod, in memory."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import repeat
from time import monotonic

import pytest

from imagestore.backends.memory_objects import MemoryObjectStore
from imagestore.controller.jobs import JobOrder, JobsUnusable
from imagestore.controller.watching import UNREADY
from imagestore.core.errors import Denied
from imagestore.core.reasons import Reason
from imagestore.reconcile.restore.runs import RestorePasses
from imagestore.reconcile.shared.runs import RunProgress
from imagestore.transfer.pace import MovingLimits
from tests.k8s.restore_stage import JOB, Stage, killed, objects
from tests.repository.test_kept_in_order import PLACE
from tests.repository.test_restore_agreed import written
from tests.repository.test_restore_runs import KEY, LIST, AskedBack, versioned
from tests.repository.world import SECRET, Killed, World


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr("imagestore.repository.restoring.running.BATCH_ROWS", 5)
    world = World()
    for n in range(20):
        world.put(f"p{n:02}", b"original %d" % n)
    world.back_up()
    return Stage(world)


def test_one_pod_writes_it_and_the_operator_reports_as_for_its_own_run(stage: Stage) -> None:
    found = stage.found()
    assert objects(stage.world) == stage.world.content()
    assert len(stage.board.begun) == 1
    assert stage.board.all() == [], "the Job is deleted"
    own = Stage(replace_target(stage.world), replace(JOB, runs_in="Operator"))
    same = own.found()
    assert own.board.begun == []
    assert (found.succeeded, found.counts, found.totals) == (True, same.counts, same.totals)
    assert (found.source, found.source_reason, found.backup) == (same.source, same.source_reason, same.backup)


def replace_target(world: World) -> World:
    """The same world with nothing restored."""
    world.target_server.buckets["restored"].keys.clear()
    return world


def test_its_files_have_what_it_needs_and_the_job_itself_no_key(stage: Stage) -> None:
    stage.found()
    order = stage.order()
    assert (order.indexes, order.uid, order.key, order.backends) == (1, "uid", KEY, frozenset({"eu2", "us"}))
    assert set(order.files) == {"run.json", "backends.yaml", "repository.key"}
    assert order.arguments[:2] == ("backup", "run-restore")
    assert order.arguments[-2:] == ("--key-file", "/run/imagestore/repository.key")
    assert SECRET.value.decode() not in str(order), "it is in no log"
    manifests = [json.loads(m) for m in order.files["backends.yaml"].decode().split("---")]
    assert sorted(m["kind"] for m in manifests) == ["Secret", "StorageBackend", "StorageBackend"]


def test_its_pod_keeps_to_the_limits(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty objects are written, and each is looked for before and after."""
    stage.job = replace(JOB, limits=MovingLimits(requests_per_second=20))
    took, write = list[float](), stage.board._written

    def timed(order: JobOrder) -> int:
        began = monotonic()
        code = write(order)
        took.append(monotonic() - began)
        return code

    monkeypatch.setattr(stage.board, "_written", timed)
    assert stage.found().succeeded
    assert took[0] >= 40 / 20 - 1, "a second's worth may be spent at once"


@pytest.mark.parametrize(
    ("conflict", "there", "jobs"), [("Skip", 0, 1), ("Skip", 10, 0), ("Fail", 0, 1), ("Fail", 1, 0)]
)
def test_a_large_restore_is_a_job_and_a_small_one_is_not(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, conflict: str, there: int, jobs: int
) -> None:
    stage.job = replace(JOB, runs_in=None, conflict=conflict)
    for n in range(there):
        written(stage.world, f"p{n:02}", b"%d" % n)
    monkeypatch.setattr("imagestore.controller.backup_size.SHARD_OBJECTS", 15)
    stage.found()
    assert len(stage.board.begun) == jobs


def test_pods_that_are_killed_go_on_from_the_checkpoint(stage: Stage) -> None:
    stage.job, stage.board.killed = replace(JOB, conflict="Fail"), iter((3, 9, 14))
    found = stage.found()
    assert (found.succeeded, found.counts.restored + found.counts.equal) == (True, 20)
    assert 0 < found.counts.equal < 20, "some were written behind a checkpoint, and found again"
    assert objects(stage.world) == stage.world.content()
    assert len(stage.board.begun) == 1


def test_the_next_pod_aborts_the_uploads_of_the_last_one_and_no_operator_does(stage: Stage) -> None:
    stage.world.put("large", bytes(40 * 1024**2))
    stage.world.back_up()
    stage.waiting()
    uploads = stage.world.target_server.buckets["restored"].uploads

    def fault(operation: str, _bucket: str, _key: str) -> None:
        if operation == "Complete":
            raise Killed

    stage.world.target_server.fault = fault
    with pytest.raises(Killed):
        stage.board._written(stage.order())
    stage.world.target_server.fault = None
    assert len(uploads) == 1
    stage.replica()
    stage.waiting()
    assert len(uploads) == 1, "the pod may still write it"
    assert stage.found().succeeded
    assert uploads == {}
    assert objects(stage.world) == stage.world.content()


def test_a_job_outlives_the_operator_and_is_found_again(stage: Stage) -> None:
    stage.waiting()
    stage.world.target_server.calls.clear()
    stage.replica()
    assert stage.found().succeeded
    assert len(stage.board.begun) == 1
    assert objects(stage.world) == stage.world.content()


def test_a_job_that_ended_and_is_gone_has_left_its_report(stage: Stage) -> None:
    stage.waiting()
    stage.board.all()
    stage.board.jobs.clear()  # its time to live is over
    stage.replica()
    found = stage.found()
    assert (found.succeeded, found.counts.restored, len(stage.board.begun)) == (True, 20, 1)


def test_nothing_is_overwritten_that_no_person_approved(stage: Stage) -> None:
    stage.job = replace(JOB, conflict="Overwrite")
    written(stage.world, "p01", b"old")
    held = stage.found()
    assert held.held
    assert stage.board.begun == [], "there is no Job before the approval"
    stage.job = replace(stage.job, approved=frozenset({held.held}))
    stage.waiting()
    written(stage.world, "p02", b"newer")
    found = stage.found()
    assert (found.succeeded, found.counts.restored, found.failed) == (False, 19, {"Changed": 1})
    assert (objects(stage.world)["p01"], objects(stage.world)["p02"]) == (b"original 1", b"newer")


def test_the_list_of_keys_is_the_one_that_was_chosen(stage: Stage) -> None:
    stage.job = replace(JOB, keys=LIST)
    stage.world.put("list", b"p03\np04\n")
    stage.waiting()
    stage.world.put("list", b"p03\np04\np05\n")
    assert stage.order().backends == {"eu2", "us"}, "the list is kept at the destination"
    assert b"p03" not in b"".join(stage.order().files.values())
    kept = ".imagestore/restore/uid/keys.txt"
    mine = stage.world.restored()[kept]
    written(stage.world, kept, b"p05\np06")
    found = stage.found()
    assert found.trouble is not None
    assert (found.trouble.reason, found.trouble.side) == (Reason.KEYS_NOT_LISTED, "destination")
    written(stage.world, kept, mine)
    assert stage.found().succeeded
    assert set(objects(stage.world)) == {"p03", "p04"}


def test_a_pod_restores_versions_without_the_repository_or_with_it_as_a_witness() -> None:
    world, job = versioned()
    world.target = replace(world.target, store=MemoryObjectStore(world.source_server, "eu2"))
    for repository in (PLACE, None):
        world.source_server.buckets["restored"].keys.clear()
        stage = Stage(world, replace(job, repository=repository, runs_in="Job", conflict="Skip"))
        found = stage.found()
        assert (found.succeeded, found.source, found.counts.restored) == (True, "Versions", 20)
        order = stage.order()
        assert ("repository.key" in order.files, "us" in order.backends) == (bool(repository),) * 2
        assert order.backends - {"us"} == {"eu", "eu2"}
    gone = Stage(world, replace(job, uid="gone", runs_in="Job", conflict="Skip"))
    gone.waiting()
    del world.source_server.buckets["photos"].keys["p07"]
    assert gone.found().why.startswith("of 1 keys no version is as old as that"), "the backup knows it"


def test_a_pod_tells_why_it_could_not_by_a_word_at_the_destination(stage: Stage) -> None:
    stage.waiting()

    def fault(operation: str, _bucket: str, key: str) -> None:
        if operation == "ListObjects" and not key.startswith(".imagestore/"):
            raise Denied("ListObjects: AccessDenied")

    stage.board.meets = fault
    found = stage.found()
    assert found.trouble is not None
    assert (found.trouble.reason, found.trouble.final) == (Reason.DENIED, False)
    assert "AccessDenied" in found.trouble.message
    assert stage.board.all() == [], "the failed Job is deleted, so that the next run makes another"
    stage.board.meets, stage.board.lost = None, {0}
    again = stage.found()
    assert again.trouble is not None
    assert again.trouble.reason is Reason.JOB_FAILED, "the word of the first Job is not the second one's"
    stage.board.lost = set()
    assert stage.found().succeeded


def test_while_jobs_cannot_be_seen_a_restore_that_had_one_waits(stage: Stage) -> None:
    stage.waiting()
    stage.board.unusable = JobsUnusable("the operator cannot list Jobs: 403", refused=True)
    found = stage.found()
    assert found.trouble is not None
    assert (found.trouble.reason, objects(stage.world)) == (Reason.CONFLICT, {})
    stage.board.unusable = None
    assert stage.found().succeeded


def test_without_the_right_the_operator_restores_by_itself(stage: Stage) -> None:
    stage.board.unusable = JobsUnusable("the operator cannot list Jobs: 403", refused=True)
    assert stage.found().succeeded
    assert stage.board.begun == []


def test_where_no_jobs_are_made_any_more_the_operator_goes_on(stage: Stage) -> None:
    stage.waiting()
    stage.board.makes, stage.board.ending = False, 3
    assert stage.found().succeeded
    assert (len(stage.board.begun), stage.board.jobs) == (1, {})


def test_a_pod_that_never_runs_is_given_up_and_auto_does_without(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imagestore.controller.backup_size.SHARD_OBJECTS", 15)
    stage.job, stage.board.held = replace(JOB, runs_in=None), {0}
    trouble = stage.found().trouble
    assert trouble is not None
    assert trouble.message.startswith("no pod of the Job")
    assert stage.now > UNREADY
    assert stage.found().succeeded
    assert len(stage.board.begun) == 1


def test_how_far_the_pod_is_is_read_from_its_checkpoint(stage: Stage) -> None:
    stage.waiting()
    stage.board.held, told = {0}, list[RunProgress]()

    def asked() -> Iterator[bool]:
        for writes in (8, 12):
            killed(stage, writes)
            yield from repeat(False, 10)
        yield True

    assert stage.operator(KEY, stage.job, AskedBack(told=told, answers=asked())) is None
    seen = [(p.objects, p.of_objects) for p in told]
    assert seen == sorted(seen), "it is told as it grows"
    assert 0 < seen[0][0] < seen[-1][0] < 20
    assert isinstance(told[-1], RestorePasses)
