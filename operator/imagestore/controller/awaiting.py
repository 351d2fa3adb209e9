"""Waits for one Job, tells how far its shards are, and finishes the run that they are parts of."""

from dataclasses import dataclass, replace

from imagestore.controller.jobs import JobSeen
from imagestore.controller.watching import JobTrouble, JobWatch, WatchStopped
from imagestore.core.census import NOTHING, Amount
from imagestore.core.reasons import Reason
from imagestore.core.units import grouped
from imagestore.reconcile.replication.runs import ReplicationJob
from imagestore.transfer.job import TransferHooks, TransferJob
from imagestore.transfer.listings import SideFailed
from imagestore.transfer.pair_copier import PairCopier
from imagestore.transfer.report import BothSides, TransferProgress, TransferReport, TransferTrouble
from imagestore.transfer.sharded import KeptShards, ShardSeen, forget_shards, shards_seen
from imagestore.transfer.shards import finish_shards, run_shard


@dataclass
class AwaitedJob:
    """The Job of a run whose shards are ``kept``. ``hooks.run`` is theirs."""

    watch: JobWatch
    job: ReplicationJob
    transfer: TransferJob
    hooks: TransferHooks
    kept: KeptShards

    def report(self) -> TransferReport | None:
        """What the run found, once the Job has ended. None: stopped before; the Job goes on.

        Raises JobTrouble, JobsUnusable, and as ``finish_shards``.
        """
        self.hooks.ready()  # the pods go on, whether this thread waits or not
        try:
            seen = self.watch.ended(self.job.policy, self.job.digest, self.hooks.stop, self._tell)
        except WatchStopped:
            return None
        return self._gone() if seen is None else self._ended(seen)

    def here(self) -> TransferReport | None:
        """Do in this thread what is left of the shards, one after the other, and finish. None: stopped. Raises as ``finish_shards``."""
        for number, (part, seen) in enumerate(zip(self.kept.parts, self._shards(), strict=True)):
            if seen.ended:
                continue
            found = run_shard(self.transfer, self.hooks, PairCopier, part, number)
            if found.trouble is not None:
                return replace(self.finished(), trouble=found.trouble)
            if not found.complete:
                return None
        return self.finished()

    def all_ended(self) -> bool:
        """Whether each shard has come to its end. Raises SideFailed."""
        return all(s.ended for s in self._shards())

    def finished(self) -> TransferReport:
        """Deletes, journal and report of all shards. Raises SideFailed."""
        found = finish_shards(self.transfer, self.hooks, PairCopier, self.kept.parts, self.kept.journal)
        if found.complete:
            forget_shards(self.transfer, self.hooks)
        return found

    def _shards(self) -> list[ShardSeen]:
        return shards_seen(self.transfer, self.hooks, self.kept)

    def _tell(self) -> None:
        try:
            shards = self._shards()
        except SideFailed:  # the shards meet it, too
            return
        copied, whole = sum((s.copied for s in shards), NOTHING), self.kept.backlog
        listed = BothSides(sum(s.listed.source for s in shards), sum(s.listed.destination for s in shards))
        left = Amount(max(0, whole.objects - copied.objects), max(0, whole.bytes - copied.bytes))
        self.hooks.progress(TransferProgress(listed=listed, copied=copied, backlog=left))

    def _gone(self) -> TransferReport:
        if self.all_ended():
            return self.finished()
        raise JobTrouble(
            Reason.JOB_FAILED, "the Job was deleted before its end; the next run goes on from there"
        )

    def _ended(self, seen: JobSeen) -> TransferReport | None:
        """Finish, even where a shard failed: what the others did is counted, and nothing is deleted."""
        found = self.finished()
        trouble = found.trouble or self._trouble() if not found.complete else None
        if not found.complete and trouble is None and self.hooks.stop():
            return None
        self.watch.board.end(seen.name)
        if found.complete:
            return found
        if trouble is None:
            raise JobTrouble(Reason.JOB_FAILED, _failed(seen))
        return replace(found, trouble=trouble)

    def _trouble(self) -> TransferTrouble | None:
        """What a shard that did not come to its end said of it."""
        return next((s.trouble for s in self._shards() if s.trouble is not None), None)


def _failed(seen: JobSeen) -> str:
    indexes = f"{grouped(len(seen.failed))} of {grouped(seen.indexes)} shards of the Job {seen.name} failed"
    said = f": {seen.why}" if seen.why else ""
    return f"{indexes}{said}; the next run goes on from there"
