"""How one run is carried out: by this process, or by a Job whose pods copy one range of keys each.

A Job outlives the thread that waits for it: a run that is stopped leaves its Job alone, and the next one, of whichever replica, finds it
again. What no run wants any more is deleted by ``JobBoard.drop``.
"""

import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from time import sleep

from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.controller.awaiting import AwaitedJob
from imagestore.controller.by_process import (
    AskedRun,
    CarriedOut,
    by_this_process,
    failed_at,
    unaccompanied,
    without_jobs,
)
from imagestore.controller.jobs import (
    FOLDER,
    SECRETS_IN,
    JobBoard,
    JobOrder,
    JobSeen,
    JobsUnusable,
    NoIdentity,
    backends_file,
    most_pods,
    others,
    running_job,
)
from imagestore.controller.opening import RunParts
from imagestore.controller.watching import JobTrouble, JobWatch, PodsNeverRan, WatchStopped
from imagestore.core.keys import url_encoded
from imagestore.core.reasons import Reason
from imagestore.transfer.description import described
from imagestore.transfer.job import TransferHooks, TransferJob
from imagestore.transfer.listings import SideFailed
from imagestore.transfer.report import TransferReport
from imagestore.transfer.sharded import (
    KeptShards,
    begin_shards,
    expected_backlog,
    forget_shards,
    kept_shards,
    shard_count,
)

log = logging.getLogger(__name__)
NAMED_BYTES = 400_000
KNOWN = 3600.0  # seconds for which what was learnt of one object is believed


def carried_out(parts: RunParts) -> CarriedOut:
    """By Jobs where there can be any."""
    if parts.jobs is None:
        return without_jobs
    spec = lambda name: parts.ask(lambda: parts.stores.spec(name))  # noqa: E731
    return ByJobs(parts.jobs, spec, parts.keys, parts.clock, sleep)


@dataclass
class ByJobs:
    """``spec``: of a StorageBackend, ``secret``: the data of a Secret of the operator's namespace, both from any thread."""

    board: JobBoard
    spec: Callable[[str], StorageBackendSpec | None]
    secret: Callable[[str], Mapping[str, bytes] | None]
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    said: set[str] = field(default_factory=set)
    equal: dict[tuple[str, str], float] = field(
        default_factory=dict
    )  # by uid and what is copied where, until when the backlog is known to be small
    idle: dict[str, float] = field(
        default_factory=dict
    )  # by uid, until when the cluster is taken not to run pods

    @property
    def watch(self) -> JobWatch:
        """How a run waits for Jobs."""
        return JobWatch(self.board, self.clock, self.sleep)

    def __call__(self, asked: AskedRun, hooks: TransferHooks) -> TransferReport | None:
        """See ``CarriedOut``."""
        began = hooks.now()
        try:
            return self._carried(asked, hooks)
        except SideFailed as failed:
            return failed_at(failed, began, hooks)
        except JobsUnusable as error:
            raise JobTrouble(Reason.JOB_FAILED, str(error)) from error

    def _carried(self, asked: AskedRun, hooks: TransferHooks) -> TransferReport | None:
        try:
            seen = self.board.all()
        except JobsUnusable as error:
            if not error.refused:
                raise
            return self._by_process(asked, hooks, str(error), unaccompanied)
        mine = [s for s in seen if s.uid == asked.job.policy]
        running = running_job(self.board, mine, asked.job.digest)
        try:
            self.watch.cleared((s for s in mine if s is not running), hooks.stop)
        except WatchStopped:
            return None
        kept = kept_shards(asked.transfer, hooks)
        if running is not None:
            return self._found_again(asked, hooks, kept, running)
        if kept is not None and not asked.job.only_compare:
            return self._gone_on(asked, seen, hooks, kept)
        kept, why = self._split(asked, seen, hooks)
        if kept is None:
            forget_shards(asked.transfer, hooks)
            return self._by_process(asked, hooks, why)
        return self._begun(asked, hooks, kept)

    def _gone_on(
        self, asked: AskedRun, seen: list[JobSeen], hooks: TransferHooks, kept: KeptShards
    ) -> TransferReport | None:
        """A run whose Job is gone keeps its shards, whoever goes on with it: while another policy's Job used the StorageBackend, what was
        copied was forgotten, and listed, compared and copied again.
        """
        why = self._unfit(asked, seen)
        if why or asked.job.shards == 1 or not self.board.makes:
            return self._here(asked, hooks, kept, why)
        return self._begun(asked, hooks, kept)

    def _here(
        self, asked: AskedRun, hooks: TransferHooks, kept: KeptShards, why: str
    ) -> TransferReport | None:
        return self._by_process(asked, hooks, why, lambda a, h: self._awaited(a, h, kept).here())

    def _by_process(
        self, asked: AskedRun, hooks: TransferHooks, why: str, carry: CarriedOut = by_this_process
    ) -> TransferReport | None:
        if why and why not in self.said:
            self.said.add(why)
            log.warning(
                "no Job for the run of %s, which the operator carries out by itself: %s", asked.key, why
            )
        found = carry(asked, hooks)
        if found is not None and found.complete:
            now = self.clock()
            self.equal = {which: until for which, until in self.equal.items() if until > now}
            self.equal[_which(asked)] = now + KNOWN
        return found

    def _split(
        self, asked: AskedRun, seen: list[JobSeen], hooks: TransferHooks
    ) -> tuple[KeptShards | None, str]:
        """The ranges of a new run; None: it needs no Job, or why it gets none."""
        wanted = asked.job.shards
        quiet = self.clock() < self.equal.get(_which(asked), 0.0)
        if wanted == 1 or not self.board.makes or asked.job.only_compare or (wanted is None and quiet):
            return None, ""
        backlog = expected_backlog(asked.transfer, hooks)
        count = min(shard_count(wanted, backlog), max(1, most_pods(self._specs(asked).values())))
        if count < 2:
            return None, ""
        if why := self._unfit(asked, seen):
            return None, why
        return begin_shards(asked.transfer, hooks, count, backlog), ""

    def _unfit(self, asked: AskedRun, seen: list[JobSeen]) -> str:
        """Why there can be no Job now; empty: there can."""
        if asked.job.shards is None and self.clock() < self.idle.get(asked.job.policy, 0.0):
            return "the pods of its last Job did not run"
        if others(seen, asked.job.policy, _backends(asked)):
            return "a Job of another object uses the same StorageBackend"
        try:
            self._files(asked, KeptShards("", "", 0, ()))
        except NoIdentity as error:
            return str(error)
        return ""

    def _begun(self, asked: AskedRun, hooks: TransferHooks, kept: KeptShards) -> TransferReport | None:
        job = self._awaited(asked, hooks, kept)
        if job.all_ended():  # the Job is gone, and what it did is not
            return job.finished()
        try:
            self.board.begin(self._order(asked, kept))
        except JobsUnusable as error:
            if not error.refused:
                raise
            return self._here(asked, hooks, kept, str(error))
        log.info("began a Job of %d shards for %s", len(kept.parts), asked.key)
        return self._watched(asked, job)

    def _found_again(
        self, asked: AskedRun, hooks: TransferHooks, kept: KeptShards | None, running: JobSeen
    ) -> TransferReport | None:
        """Wait for a Job that another thread or replica has made; a crash may have left it without its Secret.

        It is known by its run. What its object and the StorageBackends say by now is for the next one.
        """
        if kept is None or kept.run != running.run:
            self.board.end(running.name)
            raise JobTrouble(
                Reason.JOB_FAILED,
                "the destination does not tell any more what the Job was to copy; it is deleted",
            )
        with suppress(NoIdentity):  # then its Secret cannot be made anew
            self.board.begin(self._order(asked, kept))
        return self._watched(asked, self._awaited(asked, hooks, kept))

    def _watched(self, asked: AskedRun, job: AwaitedJob) -> TransferReport | None:
        try:
            return job.report()
        except PodsNeverRan:
            self.idle[asked.job.policy] = self.clock() + KNOWN
            raise

    def _awaited(self, asked: AskedRun, hooks: TransferHooks, kept: KeptShards) -> AwaitedJob:
        mine = replace(hooks, run=kept.run)
        return AwaitedJob(self.watch, asked.job, asked.transfer, mine, kept)

    def _order(self, asked: AskedRun, kept: KeptShards) -> JobOrder:
        return JobOrder(
            key=asked.key,
            uid=asked.job.policy,
            digest=asked.job.digest,
            run=kept.run,
            indexes=len(kept.parts),
            arguments=(
                *("transfer", "run", "--run", f"{FOLDER}/run.json", "-f", f"{FOLDER}/backends.yaml"),
                *("--offline", "--operator-namespace", SECRETS_IN),
            ),
            files=self._files(asked, kept),
            pod=asked.job.pod,
            backends=_backends(asked),
        )

    def _files(self, asked: AskedRun, kept: KeptShards) -> dict[str, bytes]:
        shards = len(kept.parts)
        manifests = [json.dumps(m) for m in backends_file(self._specs(asked), self.secret, shards)]
        classes = {"*": asked.job.storage_class} if asked.job.storage_class else {}
        run = described(shared(asked.transfer, shards), kept.run, kept.boundaries, classes)
        return {"run.json": run.encode(), "backends.yaml": "\n---\n".join(manifests).encode()}

    def _specs(self, asked: AskedRun) -> dict[str, StorageBackendSpec]:
        found = {name: self.spec(name) for name in _backends(asked)}
        return {name: spec for name, spec in found.items() if spec is not None}


def _which(asked: AskedRun) -> tuple[str, str]:
    """Another destination of the same policy is empty, whatever is known of the one before."""
    return asked.job.policy, asked.transfer.digest()


def _backends(asked: AskedRun) -> frozenset[str]:
    return frozenset({asked.job.source.backend, asked.job.destination.backend})


def shared(job: TransferJob, shards: int) -> TransferJob:
    """The job of one of so many shards, whose rates together are the job's.

    Of the keys that a store has told of as many as a Secret holds beside the rest; the rotation comes to the others.
    """
    limits, kept, room = job.limits, set[str](), NAMED_BYTES
    for key in sorted(job.options.named):
        room -= len(url_encoded(key))
        if room >= 0:
            kept.add(key)
    size, calls = limits.bytes_per_second, limits.requests_per_second
    return replace(
        job,
        options=replace(job.options, named=frozenset(kept)),
        limits=replace(
            limits,
            bytes_per_second=None if size is None else max(1, size // shards),
            requests_per_second=None if calls is None else calls / shards,
        ),
    )
