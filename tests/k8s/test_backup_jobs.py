"""A backup that the pod of a Job makes: begun once, found again, given up; the pod really backs up, in memory."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.cli.backups.described import limited_backup, make_described
from imagestore.controller.backup_size import AskedBackup, is_worth_a_job
from imagestore.controller.jobs import JobOrder, JobsUnusable
from imagestore.controller.keys import no_secrets
from imagestore.controller.making_backups import BackupByJob
from imagestore.controller.one_pod import OnePodJobs
from imagestore.controller.opening import Unready
from imagestore.controller.state.objects import Key
from imagestore.controller.watching import UNREADY, JobTrouble, JobWatch
from imagestore.core.census import Amount
from imagestore.core.errors import Denied
from imagestore.core.reasons import Reason
from imagestore.reconcile.backup.runs import BackupJob
from imagestore.reconcile.shared.repositories import RepositoryEnd
from imagestore.reconcile.shared.runs import JobEnd
from imagestore.repository.errors import RunStopped, SourceUnlisted
from imagestore.repository.format.roots import BackupCounts, BackupRoot
from imagestore.repository.making.deciding import BackupOptions, never_stopped
from imagestore.repository.making.description import backup_of
from imagestore.repository.store.opening import open_repository
from imagestore.repository.store.view import backups
from imagestore.transfer.pair_copier import PairCopier
from tests.k8s.carried import SPEC, stopping
from tests.k8s.pods import PodJobs
from tests.repository.pictures import filled
from tests.repository.world import SECRET, World

BACKUP = Key("Backup", "shop", "nightly")
JOB = BackupJob(
    "uid-1", JobEnd("eu", "photos", ""), RepositoryEnd(JobEnd("us", "backup", ""), "shop", "k"), runs_in="Job"
)


class BackupPods(PodJobs):
    """Each pod does what the command does, from the files that it was given."""

    world: World

    def _worked(self, order: JobOrder, index: int) -> bool:
        if index in self.lost:
            return False
        stores = {"eu": self.world.end.store, "us": self.world.files().store}
        described = backup_of(order.files["run.json"].decode(), stores.__getitem__)
        backup = limited_backup(described, never_stopped)
        repository = open_repository(backup.files, SECRET, self.world.random)
        return make_described(backup, repository, never_stopped) == 0


@dataclass
class Stage:
    """A bucket, a repository, Jobs, and one replica of the operator after the other."""

    world: World = field(default_factory=filled)
    job: BackupJob = JOB
    now: float = 0.0
    told: list[BackupCounts] = field(default_factory=list)
    spec: Mapping[str, Any] = field(default_factory=lambda: SPEC)

    def __post_init__(self) -> None:
        self.board = BackupPods(lambda _: self.world.end.store, PairCopier, lambda: 0)
        self.board.world = self.world
        self.replica()

    def replica(self) -> None:
        """Another process, which remembers nothing."""
        watch = JobWatch(self.board, lambda: self.now, self._sleep)
        spec = lambda _: StorageBackendSpec.model_validate(self.spec)  # noqa: E731
        pods = OnePodJobs(watch, spec, lambda _: {"accessKeyId": b"AK"}, lambda *_: {"key": SECRET.value})
        self.make = BackupByJob(pods)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def run(self, stop: Callable[[], bool] = never_stopped) -> BackupRoot:
        repository = self.world.opened()
        roots = backups(repository).roots
        options = BackupOptions(label=self.job.label, stop=stop, told=self.told.append)
        last = roots[-1] if roots else None
        return self.make(AskedBackup(BACKUP, self.job, self.world.end, repository, options, last))


def test_one_pod_makes_the_backup_and_the_operator_finds_it() -> None:
    stage = Stage()
    root = stage.run()
    assert root.label == "uid-1"
    stage.world.assert_restores(root, stage.world.content())
    (order,) = stage.board.orders.values()
    assert (order.indexes, order.uid, order.key, order.backends) == (1, "uid-1", BACKUP, JOB.backends)
    assert stage.board.all() == [], "the Job is deleted"


def test_its_files_have_what_it_needs_and_the_job_itself_no_key() -> None:
    stage = Stage()
    stage.run()
    (order,) = stage.board.orders.values()
    assert set(order.files) == {"run.json", "backends.yaml", "repository.key"}
    assert order.files["repository.key"] == SECRET.value
    assert order.arguments[-2:] == ("--key-file", "/run/imagestore/repository.key")
    assert SECRET.value.decode() not in str(order), "it is in no log"
    manifests = [json.loads(m) for m in order.files["backends.yaml"].decode().split("---")]
    assert sorted(m["kind"] for m in manifests) == ["Secret", "StorageBackend", "StorageBackend"]


def test_a_small_backup_is_made_by_the_operator_and_a_large_one_by_a_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage(job=replace(JOB, runs_in=None))
    stage.run()
    assert stage.board.begun == []
    monkeypatch.setattr("imagestore.controller.backup_size.SHARD_OBJECTS", 20)
    stage.run()
    assert stage.board.begun == [], "nothing is new since the last backup"
    stage.job = replace(stage.job, full=True)
    stage.run()
    assert len(stage.board.begun) == 1, "all is read again"


def test_where_no_jobs_are_made_any_more_the_last_one_ends_before_the_operator_backs_up() -> None:
    stage = Stage()
    stage.board.held = {0}
    with pytest.raises(RunStopped):
        stage.run(stopping(3))
    stage.board.makes, stage.board.ending = False, 3
    stage.run()
    assert (len(stage.board.begun), stage.board.all()) == (1, [])


def test_it_may_be_kept_in_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagestore.controller.backup_size.SHARD_OBJECTS", 20)
    stage = Stage(job=replace(JOB, runs_in="Operator"))
    stage.run()
    assert stage.board.begun == []


@pytest.mark.parametrize(
    ("there", "unread", "worth"),
    [
        (Amount(100_000, 10**6), Amount(100_000, 10**6), False),
        (Amount(100_001, 10**6), Amount(100_001, 10**6), True),
        (Amount(10, 101 * 2**30), Amount(10, 101 * 2**30), True),
        (Amount(4_000_000, 10**12), Amount(10, 10), False),
        (Amount(6_000_000, 10**12), Amount(10, 10), True),
    ],
)
def test_what_is_worth_a_job(there: Amount, unread: Amount, worth: bool) -> None:  # noqa: FBT001
    assert is_worth_a_job(there, unread) is worth


def test_a_source_that_cannot_be_sampled_is_told_as_the_source() -> None:
    stage = Stage(job=replace(JOB, runs_in=None))

    def fault(operation: str, _bucket: str, _key: str) -> None:
        if operation == "ListObjects":
            raise Denied("ListObjects: AccessDenied")

    stage.world.source_server.fault = fault
    with pytest.raises(SourceUnlisted):
        stage.run()


def test_a_job_outlives_the_operator_and_is_found_again() -> None:
    stage = Stage()
    stage.board.held = {0}
    with pytest.raises(RunStopped):
        stage.run(stopping(5))
    assert len(stage.board.jobs) == 1
    stage.board.held = set()
    stage.replica()
    root = stage.run()
    assert (root.label, len(stage.board.begun)) == ("uid-1", 1)
    assert len(backups(stage.world.opened()).roots) == 1


def test_a_job_goes_on_though_its_key_cannot_be_read_any_more() -> None:
    stage = Stage()
    stage.board.held = {0}
    with pytest.raises(RunStopped):
        stage.run(stopping(5))
    stage.board.held = set()
    stage.make = BackupByJob(replace(stage.make.pods, secret=no_secrets))
    assert stage.run().label == "uid-1"
    stage.job = replace(JOB, full=True)
    with pytest.raises(Unready, match="there is no Secret k"):
        stage.run()


def test_where_no_jobs_are_made_any_more_the_operator_takes_over() -> None:
    stage = Stage()
    stage.board.held = {0}
    with pytest.raises(RunStopped):
        stage.run(stopping(5))
    stage.board.makes = False
    assert stage.run().label == "uid-1"
    assert (stage.board.jobs, len(stage.board.begun)) == ({}, 1)


def test_a_job_that_ended_and_is_gone_has_left_its_backup() -> None:
    stage = Stage()
    stage.board.held = {0}
    with pytest.raises(RunStopped):
        stage.run(stopping(5))
    stage.board.held = set()
    stage.board.all()
    pods = stage.board.jobs
    stage.replica()
    asked = iter([False, True])

    def gone() -> bool:
        if next(asked, True):
            pods.clear()  # its time to live is over
        return False

    assert stage.run(gone).label == "uid-1"
    assert len(backups(stage.world.opened()).roots) == 1


@pytest.mark.parametrize("refused", ["ListObjects", "Get"])
def test_a_pod_tells_why_it_could_not_by_a_word_in_the_repository(refused: str) -> None:
    stage = Stage()

    def fault(operation: str, _bucket: str, _key: str) -> None:
        if operation == refused:
            raise Denied(f"{operation}: AccessDenied")

    stage.world.source_server.fault = fault
    with pytest.raises(JobTrouble, match="AccessDenied") as raised:
        stage.run()
    trouble = raised.value.trouble
    assert (trouble.side, trouble.reason, trouble.final) == ("source", Reason.DENIED, False)
    assert stage.board.all() == [], "the failed Job is deleted, so that the next run makes another"

    stage.world.source_server.fault = None
    stage.board.lost = {0}
    with pytest.raises(JobTrouble, match="failed: FailedIndexes") as raised:
        stage.run()
    assert raised.value.trouble.reason is Reason.JOB_FAILED, (
        "the word of the first Job is not the second one's"
    )
    stage.board.lost = set()
    assert stage.run().label == "uid-1"


def test_how_far_the_pod_is_is_read_from_its_beats() -> None:
    stage = Stage()

    def dies(operation: str, _bucket: str, key: str) -> None:
        if operation == "Put" and "/backups/" in key:
            raise OSError("the node is gone")

    stage.world.server.fault = dies
    stage.board.held = {0}
    with pytest.raises(RunStopped):
        stage.run(stopping(2))
    (order,) = stage.board.orders.values()
    assert not stage.board._worked(order, 0)
    with pytest.raises(RunStopped):
        stage.run(stopping(20))
    assert stage.told[-1].objects == len(stage.world.content())


def test_a_pod_that_never_runs_is_given_up_and_auto_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagestore.controller.backup_size.SHARD_OBJECTS", 20)
    stage = Stage(job=replace(JOB, runs_in=None))
    stage.board.held = {0}
    with pytest.raises(JobTrouble, match="no pod of the Job"):
        stage.run()
    assert stage.now > UNREADY
    assert stage.run().label == "uid-1"
    assert len(stage.board.begun) == 1


@pytest.mark.parametrize("refused", [True, False])
def test_without_the_right_the_operator_backs_up_by_itself(refused: bool) -> None:  # noqa: FBT001
    stage = Stage()
    stage.board.unusable = JobsUnusable("the operator cannot list Jobs: 403", refused=refused)
    if refused:
        assert stage.run().label == "uid-1"
    else:
        with pytest.raises(JobTrouble, match="403"):
            stage.run()


def test_ambient_credentials_have_no_jobs(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(spec={**SPEC, "credentials": {"ambient": {}}})
    assert stage.run().label == "uid-1"
    assert stage.board.begun == []
    assert "ambient credentials" in caplog.text
