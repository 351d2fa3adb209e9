"""What metrics tell of runs."""

from collections import Counter
from collections.abc import Collection, Iterator

from imagestore import metrics
from imagestore.controller.run_tasks import RunTask
from imagestore.reconcile.replication.runs import RunsState
from imagestore.reconcile.shared.runs import RunLane


def run_samples(
    now: float, tasks: Collection[RunTask], running: Collection[RunTask]
) -> Iterator[metrics.MetricSample]:
    """The lags of each policy, since when its run has not gone on, and how many runs go on and wait, by lane and the backend that they write to."""
    for task in tasks:
        labels = (task.key.namespace, task.key.name)
        if (lag := task.state.lag(now)) is not None:
            yield metrics.REPLICATION_LAG, labels, lag
        if isinstance(task.state, RunsState):
            yield from _of_replication(labels, task.state, now)
    for task in (t for t in running if t.job.lane is RunLane.REPLICATION):
        yield metrics.RUN_STALLED, tuple(task.key), now - task.moved
    counts = Counter((t.job.lane.value, t.job.into, "running") for t in running)
    counts.update((t.job.lane.value, t.job.into, "due") for t in tasks if t.due <= now and t not in running)
    yield from ((metrics.RUNS, labels, float(n)) for labels, n in counts.items())


def _of_replication(labels: tuple[str, str], state: RunsState, now: float) -> Iterator[metrics.MetricSample]:
    if (age := state.attributes_lag(now)) is not None:
        yield metrics.REPLICATION_ATTRIBUTES_LAG, labels, age
    if state.last is None:
        yield metrics.REPLICATION_FIRST_RUN, labels, 1.0
