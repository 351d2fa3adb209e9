"""Who makes one backup: this process, or a pod of a Job.

A repository needs no lock, so nothing is lost where both do: the same objects are read twice. The root that a pod writes names the Backup:
what was made is found there, whatever became of Job and operator.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from imagestore.controller.backup_size import AskedBackup, is_large
from imagestore.controller.jobs import JobsUnusable
from imagestore.controller.one_pod import OnePodJobs, PodRequest, one_pod_jobs
from imagestore.controller.opening import RunParts
from imagestore.core.errors import StoreError
from imagestore.repository.errors import RepositoryProblem
from imagestore.repository.format.roots import BackupCounts, BackupRoot
from imagestore.repository.making.backup import back_up
from imagestore.repository.making.description import DescribedBackup, described_backup
from imagestore.repository.store.labelled import LabelledRuns, root_of_label

MakeBackup = Callable[[AskedBackup], BackupRoot]
"""Makes a backup, and tells ``options.told`` how far it is. Blocking. Raises RunStopped, JobTrouble and as ``back_up``."""


def makes_backups(parts: RunParts) -> MakeBackup:
    """By Jobs where there can be any."""
    pods = one_pod_jobs(parts)
    return by_operator if pods is None else BackupByJob(pods)


def by_operator(asked: AskedBackup) -> BackupRoot:
    """In the thread that calls."""
    return back_up(asked.repository, asked.source, asked.options)


@dataclass(frozen=True)
class BackupByJob:
    """By a pod where it is worth one."""

    pods: OnePodJobs

    def __call__(self, asked: AskedBackup) -> BackupRoot:
        """See ``MakeBackup``."""
        try:
            root = self._by_pod(BackupWork(asked, LabelledRuns(asked.repository, asked.uid)))
        except JobsUnusable as error:
            self.pods.say(asked.key, str(error))
            root = None
        return root or by_operator(asked)

    def _by_pod(self, work: "BackupWork") -> BackupRoot | None:
        running = self.pods.going_on(work)
        return self.pods.begun(work) if running is None else self.pods.found_again(work, running)


@dataclass(frozen=True)
class BackupWork:
    """See ``OnePodWork``."""

    asked: AskedBackup
    runs: LabelledRuns

    @property
    def request(self) -> PodRequest:
        asked, job = self.asked, self.asked.job
        return PodRequest(
            asked.key, asked.uid, job.digest, job.runs_in, job.pod, job.backends, job.repository, "run"
        )

    def is_large(self) -> bool:
        return is_large(self.asked)

    def described(self, run: str) -> str:
        asked = self.asked
        return described_backup(
            DescribedBackup(
                asked.source, asked.repository.files, asked.options, asked.job.decode, run, asked.job.limits
            )
        )

    def begins(self) -> None:
        """Nothing depends on it: whoever makes the backup needs no lock."""

    def ready(self) -> None:
        self.asked.options.ready()

    def stop(self) -> bool:
        return self.asked.options.stop()

    def tell(self) -> None:
        with suppress(StoreError, RepositoryProblem):  # the pod meets it, too
            if (done := self.runs.done()) is not None:
                self.asked.options.told(BackupCounts(objects=done.objects, bytes=done.bytes))

    def left(self) -> BackupRoot | None:
        return root_of_label(self.asked.repository, self.asked.uid)

    def words(self) -> Sequence[Mapping[str, Any]]:
        return self.runs.words()
