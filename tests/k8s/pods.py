"""A place where Jobs are made, whose pods really copy: each runs its shard from the files that it was given."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from imagestore import metrics
from imagestore.backends.objects import ObjectStore
from imagestore.cli.moving.sharding import shard_code
from imagestore.controller.jobs import JobOrder, JobSeen, JobsUnusable, Lingers, job_samples
from imagestore.controller.state.objects import Key
from imagestore.transfer.description import run_of
from imagestore.transfer.job import TransferHooks
from imagestore.transfer.run import CopierMaker
from imagestore.transfer.shards import run_shard


@dataclass
class PodJobs:
    """``held``: indexes whose pods do not start. ``lost``: indexes whose pods die without a word until they fail.

    Each look at the Jobs lets one pod come to its end. ``unusable``: what the API server answers.
    """

    stores: Callable[[str], ObjectStore]
    copier: CopierMaker
    clock: Callable[[], float]
    held: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)
    ending: int = 0  # looks until the pods of a Job that is deleted have ended
    unusable: JobsUnusable | None = None
    makes: bool = True
    jobs: dict[str, JobSeen] = field(default_factory=dict)
    orders: dict[str, JobOrder] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)
    dropped: list[Key] = field(default_factory=list)
    done: dict[str, set[int]] = field(default_factory=dict)
    order_of_events: list[str] = field(default_factory=list)

    def all(self) -> list[JobSeen]:
        """See ``JobBoard``."""
        if self.unusable is not None:
            raise self.unusable
        for name in list(self.jobs):
            self._step(name)
        return list(self.jobs.values())

    def tell_used(self, used: Callable[[frozenset[str]], None]) -> None:
        """See ``JobBoard``."""

    def samples(self) -> Iterator[metrics.MetricSample]:
        """See ``JobBoard``."""
        return job_samples(self.jobs.values())

    def begin(self, order: JobOrder) -> None:
        """See ``JobBoard``."""
        name = f"{order.uid}-{order.digest}"
        if name in self.jobs:
            return
        self.begun.append(name)
        self.orders[name], self.done[name] = order, set()
        self.order_of_events.append(f"begin {name}")
        self.jobs[name] = JobSeen(
            name,
            order.key,
            order.uid,
            order.digest,
            order.indexes,
            order.backends,
            ready=order.indexes,
            run=order.run,
        )

    def end(self, name: str) -> None:
        """See ``JobBoard``."""
        self.jobs[name] = replace(self.jobs[name], going=True)

    def drop(self, key: Key, _purpose: str) -> None:
        """See ``JobBoard``."""
        self.dropped.append(key)

    def lingering(self, key: Key, digest: str) -> Lingers | None:
        """See ``JobBoard``."""
        old = any(job.key == key and job.digest != digest for job in self.jobs.values())
        return Lingers("its pods have not ended", 2.0) if old else None

    def _step(self, name: str) -> None:
        job, order = self.jobs[name], self.orders[name]
        if job.going:
            self._go(name)
            return
        if job.ended:
            return
        failed, done = set(job.failed), self.done[name]
        open_ = [i for i in range(order.indexes) if i not in done | failed | self.held]
        if open_:
            (done if self._worked(order, open_[0]) else failed).add(open_[0])
        over = len(done) + len(failed) == order.indexes
        self.jobs[name] = replace(
            job,
            completed=len(done),
            failed=tuple(sorted(failed)),
            ended=over,
            complete=over and not failed,
            ready=0 if self.held else len(open_),
            age=job.age + 10.0,
            why="FailedIndexes" if over and failed else "",
        )

    def _go(self, name: str) -> None:
        self.ending -= 1
        if self.ending < 0:
            del self.jobs[name]
            self.order_of_events.append(f"gone {name}")

    def _worked(self, order: JobOrder, index: int) -> bool:
        """Whether the pod of an index ended well."""
        if index in self.lost:
            return False
        run = run_of(order.files["run.json"].decode(), self.stores)
        hooks = TransferHooks(run.run, self.clock)
        return shard_code(run_shard(run.job, hooks, self.copier, run.parts[index], index)) == 0
