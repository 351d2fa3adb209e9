"""What is to be run for one object: a job, what is known of it, and when its next run is due."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from math import inf

from imagestore.controller.hints import Hints
from imagestore.controller.jobs import Lingers
from imagestore.controller.state.objects import Key
from imagestore.core.reasons import Reason
from imagestore.reconcile.shared.runs import JobState, RunJob, RunLane, RunProgress, RunTrouble

MOST_RUNS = 4  # at once
RETRY_PAUSES = (15.0, 600.0)  # seconds until a run that failed is tried again: at first, and at most
TURN = 600.0  # seconds of a run until others that are due have their turn
BUG = RunTrouble(None, Reason.INTERNAL_ERROR, "an error that the operator does not know; its log has it")
NEXT_STEP = "an earlier run goes on to its next step"
RunId = tuple[Key, str]  # an object, and a purpose
Dropped = Callable[[Key, str], None]
Lingering = Callable[[Key, str], Lingers | None]


def kept_nowhere(_key: Key, _purpose: str) -> None:
    """The ``dropped`` of runs that all go on in this process."""


def nothing_lingers(_key: Key, _digest: str) -> None:
    """The ``lingering`` of the same."""


@dataclass(eq=False)
class RunTask:
    """The runs of one object for one purpose."""

    id: RunId
    job: RunJob
    state: JobState
    due: float
    failures: int = 0
    dropped: bool = False
    again: bool = (
        False  # the run that goes on does not know of what is to be acted on at once, so it is stopped
    )
    began: float | None = None  # when the run that goes on began
    last_began: float | None = None
    turn: float = 0.0  # until when it has its turn
    first_turn: float = TURN  # seconds that it has at least: enough to come to what it has not done before
    is_ready: bool = False  # what it would do again if it were stopped is done
    progress: RunProgress = field(default_factory=RunProgress)
    shown: float = 0.0  # when that was last told of
    moved: float = 0.0  # when it was last seen to go on
    hints: Hints = field(default_factory=Hints)

    @property
    def key(self) -> Key:
        return self.id[0]

    @property
    def resumes(self) -> bool:
        """Whether a run that is stopped goes on where it was. Two checks that stop each other would both begin anew for ever."""
        return self.job.lane is not RunLane.MAINTENANCE

    def begin(self, now: float) -> float:
        """A run of it begins now."""
        self.began = self.last_began = self.shown = self.moved = now
        self.progress, self.turn, self.is_ready = RunProgress(), now + self.first_turn, False
        self.hints.begun(now)
        return now

    def ready(self, now: float) -> None:
        """See ``RunControl``: it goes on for a turn at least, and as long as it has taken so far."""
        if not self.is_ready and self.began is not None:
            took = now - self.began
            self.turn, self.is_ready, self.first_turn = now + max(TURN, took), True, max(TURN, 2 * took)

    def gave_way(self, now: float) -> None:
        """It was stopped. What came to nothing new takes longer the next time: two backups that list for longer than a turn never ended."""
        if not self.is_ready and self.began is not None and self.had_turn(now):
            self.first_turn = 2 * max(TURN, now - self.began)

    def told(self, progress: RunProgress, now: float) -> bool:
        """It has got so far. Whether its object waits to hear of it: it is admitted now."""
        before, self.progress = self.progress, progress
        if (progress.steps, progress.bytes) != (before.steps, before.bytes):
            self.moved = now
        return progress.admitted and not before.admitted

    def had_turn(self, now: float) -> bool:
        """Whether others that are due may have its place."""
        return self.resumes and now >= self.turn

    def shares(self, other: "RunTask") -> bool:
        """Whether the two go on one by one."""
        return self.job.lane == other.job.lane and not self.job.backends.isdisjoint(other.job.backends)

    def hint(self, keys: Iterable[str], now: float, *, running: bool) -> None:
        """A store has told of a change. What failed is tried again at its own pace."""
        self.hints.note(keys, now)
        if not running and not self.failures:
            self.due = min(self.due, self.hints.due(now))

    def next_due(self, began: float, ended: float, trouble: RunTrouble | None) -> float:
        """When the run is due that follows one which ended now. Intervals count from its beginning, and what failed rests from its end on:
        a run that takes longer to fail than its pause would be tried again at once, for ever.
        """
        interval = inf if self.job.interval is None else self.job.interval
        if trouble is None or trouble.final:
            return max(ended, began + interval)
        first, longest = RETRY_PAUSES
        return ended + min(interval, longest, first * 2.0 ** min(self.failures - 1, 10))


def is_full(running: Collection[RunTask]) -> bool:
    """Whether no place is left. Canaries take none."""
    return sum(t.job.lane is not RunLane.CANARY for t in running) >= MOST_RUNS


def may_begin(task: RunTask, running: Collection[RunTask]) -> bool:
    """Whether it has a place beside these, and none of them stands in its way."""
    is_first = all(t.job.lane != task.job.lane for t in running)
    has_place = task.job.lane is RunLane.CANARY or is_first or not is_full(running)
    return has_place and not any(t.shares(task) for t in running)
