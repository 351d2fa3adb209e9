"""Waits for Jobs, whatever their pods do: for the end of one, and until old ones are gone."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from imagestore.controller.jobs import JobBoard, JobSeen
from imagestore.core.reasons import Reason
from imagestore.reconcile.shared.runs import RunTrouble

POLL = 2.0  # seconds between two looks at a Job
TOLD_EVERY = 15.0  # seconds between two looks at what its pods have done
UNREADY = 900.0  # seconds without a pod that runs, after which a Job is given up
GONE = 120.0  # seconds that the pods of another Job have to end


class JobTrouble(Exception):
    """A run ended early for what concerns neither store."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.trouble = RunTrouble(None, reason, message)


class PodsNeverRan(JobTrouble):
    """The cluster does not run the pods of a Job."""


class WatchStopped(Exception):
    """The run that waits is to end. The Job goes on."""


@dataclass(frozen=True)
class JobWatch:
    """How a thread waits. All raise JobsUnusable."""

    board: JobBoard
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    def ended(
        self, uid: str, digest: str, stop: Callable[[], bool], tell: Callable[[], None]
    ) -> JobSeen | None:
        """Return the Job of an object once it has ended; None: it is not there. ``tell``: called now and then meanwhile.

        Raises WatchStopped, and PodsNeverRan after it has deleted the Job.
        """
        told = ready = self.clock()
        while not stop():
            seen, now = self._seen(uid, digest), self.clock()
            if seen is None or seen.ended:
                return seen
            ready = now if seen.ready or seen.age < UNREADY else ready
            if now - ready > UNREADY:
                self._give_up(seen)
            if now - told >= TOLD_EVERY:
                told = now
                tell()
            self.sleep(POLL)
        raise WatchStopped

    def cleared(self, old: Iterable[JobSeen], stop: Callable[[], bool]) -> None:
        """Delete Jobs of what was asked for before, and wait until their pods have ended. Raises WatchStopped and JobTrouble."""
        known = list(old)
        names = {s.name for s in known}
        for each in (s for s in known if not s.going):
            self.board.end(each.name)
        until = self.clock() + GONE
        while names & {s.name for s in self.board.all()} if names else False:
            if stop():
                raise WatchStopped
            if self.clock() > until:
                raise JobTrouble(
                    Reason.CONFLICT, "the pods of an earlier Job of this object have not ended yet"
                )
            self.sleep(POLL)

    def _seen(self, uid: str, digest: str) -> JobSeen | None:
        mine = (uid, digest)
        return next((s for s in self.board.all() if (s.uid, s.digest) == mine and not s.going), None)

    def _give_up(self, seen: JobSeen) -> None:
        self.board.end(seen.name)
        raise PodsNeverRan(
            Reason.JOB_FAILED,
            f"no pod of the Job {seen.name} has run for {UNREADY / 60:.0f} minutes; see the Events in the operator's"
            " namespace, such as those of an image that cannot be pulled or of a node that is full",
        )
