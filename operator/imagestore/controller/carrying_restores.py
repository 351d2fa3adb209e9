"""Who writes what a Restore has chosen: this process, or a pod of a Job.

What is restored, and what may be overwritten, is decided before by the operator, and kept at the destination. A pod writes, and leaves there
what it found, as this process does: the next run tells it again, whatever became of Job and operator.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from imagestore.controller.backup_size import is_worth_a_job
from imagestore.controller.carrying import RunControl
from imagestore.controller.jobs import JobsUnusable
from imagestore.controller.one_pod import OnePodJobs, PodRequest, one_pod_jobs
from imagestore.controller.opening import RunParts
from imagestore.controller.restore_description import described_restore
from imagestore.controller.restore_writing import RestoreWriting
from imagestore.controller.state.objects import Key
from imagestore.controller.watching import JobTrouble
from imagestore.core.census import Amount
from imagestore.core.errors import StoreError
from imagestore.core.reasons import Reason
from imagestore.reconcile.restore.runs import RestoreFound, RestoreJob, RestorePasses
from imagestore.repository.restoring.checkpoint import RestoreCheckpoint
from imagestore.repository.restoring.estimate import estimates
from imagestore.repository.restoring.options import PassCount, RestorePoint, RestoreProgress
from imagestore.repository.restoring.planning import PlannedPass
from imagestore.repository.store.opening import Repository


@dataclass(frozen=True)
class AskedRestore:
    """A restore: what the object asks for, and what was chosen, with all ends opened. ``repository``: None: it has none."""

    key: Key
    job: RestoreJob
    writing: RestoreWriting
    repository: Repository | None
    control: RunControl

    def stop(self) -> bool:
        """Asked between batches."""
        self.control.give_way()
        return self.control.stop()

    def telling(self, point: RestorePoint) -> Callable[[RestoreProgress], None]:
        """What tells how far the restore is. ``point``: where it goes on."""
        return _telling(self.control, self.writing.chosen.plan, point, self.writing.clock)


class RestoreCarrier(Protocol):
    """Raises RunStopped, Unready, JobTrouble, and as ``RestoreWriting.write``."""

    def found_again(self, asked: AskedRestore) -> RestoreFound | None:
        """What a pod found that an earlier run has begun; None: there is none, and none goes on."""

    def carried(self, asked: AskedRestore, kept: RestoreCheckpoint) -> RestoreFound | None:
        """Write what is behind a checkpoint; what may be overwritten was agreed to. None: it was stopped."""


def carries_restores(parts: RunParts) -> RestoreCarrier:
    """By Jobs where there can be any."""
    pods = one_pod_jobs(parts)
    return BY_OPERATOR if pods is None else ByPod(pods)


@dataclass(frozen=True)
class ByOperator:
    """In the thread that calls."""

    def found_again(self, _asked: AskedRestore) -> None:
        """No pod was ever begun."""

    def carried(self, asked: AskedRestore, kept: RestoreCheckpoint) -> RestoreFound | None:
        """See ``RestoreCarrier``."""
        return asked.writing.write(kept, asked.telling(kept.point), asked.stop, asked.control.ready)


BY_OPERATOR = ByOperator()


@dataclass(frozen=True)
class ByPod:
    """By a pod where it is worth one."""

    pods: OnePodJobs

    def found_again(self, asked: AskedRestore) -> RestoreFound | None:
        """See ``RestoreCarrier``. A refusal to list Jobs does not say that there are none."""
        work, folder = RestoreWork(asked), asked.writing.folder
        try:
            running = self.pods.going_on(work)
            return None if running is None else self.pods.found_again(work, running)
        except JobsUnusable as error:
            if not folder.may_have_job():
                return None
            message = f"a Job of this Restore may still write: {error}"
            raise JobTrouble(Reason.CONFLICT, message) from error

    def carried(self, asked: AskedRestore, kept: RestoreCheckpoint) -> RestoreFound | None:
        """See ``RestoreCarrier``."""
        try:
            found = self.pods.begun(RestoreWork(asked, kept.point))
        except JobsUnusable as error:
            self.pods.say(asked.key, str(error))
            found = None
        return found or BY_OPERATOR.carried(asked, kept)


class RestoreWork:
    """See ``OnePodWork``. ``point``: where it goes on, if that is known."""

    def __init__(self, asked: AskedRestore, point: RestorePoint | None = None) -> None:
        self.asked, self._point = asked, point
        self._telling: Callable[[RestoreProgress], None] | None = None

    @property
    def request(self) -> PodRequest:
        """See ``OnePodWork``."""
        asked, job = self.asked, self.asked.job
        return PodRequest(
            asked.key,
            job.uid,
            job.digest,
            job.runs_in,
            job.pod,
            self._backends(),
            job.repository,
            "run-restore",
        )

    def _backends(self) -> frozenset[str]:
        """Those that are read and written: where the versions are taken, or the backup."""
        writing, repository = self.asked.writing, self.asked.repository
        found = {writing.folder.end.store.name}
        found |= {repository.files.store.name} if repository is not None else set()
        history = writing.moment.history
        return frozenset(found | ({history.end.store.name} if history is not None else set()))

    def is_large(self) -> bool:
        """By what is still to be written, and by how much is looked at for it."""
        plan, done = self.asked.writing.chosen.plan, self._point.done if self._point else ()
        there = Amount(sum(p.objects for p in plan), sum(p.bytes for p in plan))
        left = Amount(
            max(0, there.objects - sum(d.objects for d in done) - self._kept(plan)),
            max(0, there.bytes - sum(d.bytes for d in done)),
        )
        return not self._refuses(plan) and is_worth_a_job(there, left)

    def _kept(self, plan: Sequence[PlannedPass]) -> int:
        """Objects that the destination has, and that stay there."""
        return sum(p.present for p in plan) if self.asked.job.conflict == "Skip" else 0

    def _refuses(self, plan: Sequence[PlannedPass]) -> bool:
        """Whether it ends before the first write, because of what is there."""
        begun = self._point is not None and self._point.checked
        return self.asked.job.conflict == "Fail" and not begun and any(p.present for p in plan)

    def described(self, run: str) -> str:
        """See ``OnePodWork``."""
        return described_restore(self.asked.writing, self.asked.repository, run)

    def begins(self) -> None:
        """Keep at the destination that there is a Job."""
        self.asked.writing.folder.mark_job()

    def ready(self) -> None:
        """See ``OnePodWork``."""
        self.asked.control.ready()

    def stop(self) -> bool:
        """See ``OnePodWork``."""
        return self.asked.stop()

    def tell(self) -> None:
        """What its checkpoint says."""
        with suppress(StoreError):  # the pod meets it, too
            point = self.asked.writing.folder.checkpoint().point
            if self._telling is None:
                self._telling = self.asked.telling(point)
            passes = _each_pass(point, self.asked.writing.chosen.plan)
            self._telling(RestoreProgress(point.counts, passes))

    def left(self) -> RestoreFound | None:
        """See ``OnePodWork``."""
        return self.asked.writing.folder.ended(self.asked.writing.clock())

    def words(self) -> Sequence[Mapping[str, Any]]:
        """See ``OnePodWork``."""
        word = self.asked.writing.folder.word()
        return () if word is None else (word,)


def _telling(
    control: RunControl, plan: tuple[PlannedPass, ...], point: RestorePoint, clock: Callable[[], float]
) -> Callable[[RestoreProgress], None]:
    begun, since = _each_pass(point, plan), clock()

    def tell(progress: RestoreProgress) -> None:
        done = PassCount(sum(d.objects for d in progress.done), sum(d.bytes for d in progress.done))
        passes = estimates(plan, progress.done, begun, clock() - since)
        of = PassCount(sum(p.objects for p in plan), sum(p.bytes for p in plan))
        control.tell(RestorePasses(done.objects, done.bytes, of.objects, of.bytes, passes))

    tell(RestoreProgress(point.counts, begun))
    return tell


def _each_pass(point: RestorePoint, plan: tuple[PlannedPass, ...]) -> tuple[PassCount, ...]:
    """What is done of each pass, also of those that no checkpoint has."""
    return (*point.done, *(PassCount() for _ in plan))[: len(plan)]
