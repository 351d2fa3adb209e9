"""Whether a backup is worth a Job: about how much it will read, and how much it will list."""

from dataclasses import dataclass, replace

from imagestore.controller.state.objects import Key
from imagestore.core.census import NOTHING, Amount
from imagestore.core.errors import StoreError
from imagestore.core.objects import KeyOrder
from imagestore.reconcile.backup.runs import BackupJob
from imagestore.repository.errors import SourceUnlisted
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.making.deciding import BackupOptions
from imagestore.repository.store.opening import Repository
from imagestore.transfer.job import TransferEnd
from imagestore.transfer.sampling import estimated
from imagestore.transfer.sharded import SHARD_BYTES, SHARD_OBJECTS

MANY_ROWS = 5_000_000  # a listing of so many is work for minutes, though nothing has changed


@dataclass(frozen=True)
class AskedBackup:
    """A backup: what the object asks for, and what that means with both ends opened. ``last``: the newest one that is there."""

    key: Key
    job: BackupJob
    source: TransferEnd
    repository: Repository
    options: BackupOptions
    last: BackupRoot | None

    @property
    def uid(self) -> str:
        """Of the object."""
        return self.job.label


def is_large(asked: AskedBackup) -> bool:
    """Whether a Job is to make it. Costs a sample of the source, of some sixty calls at most. Raises SourceUnlisted."""
    try:
        there = _there(asked)
    except StoreError as error:
        raise SourceUnlisted(error) from error
    return is_worth_a_job(there, _unread(asked, there))


def is_worth_a_job(there: Amount, unread: Amount) -> bool:
    """Whether so much is. ``there``: in the source; ``unread``: not in any backup."""
    return unread.objects > SHARD_OBJECTS or unread.bytes > SHARD_BYTES or there.objects > MANY_ROWS


def _there(asked: AskedBackup) -> Amount:
    """About what the source holds. A store that lists in an order of its own is not sampled: what it reports itself counts."""
    if asked.source.store.traits.order is not KeyOrder.BYTES:
        return Amount(asked.job.expected or 0, 0)
    ends = [replace(asked.source, prefix=p) for p in asked.job.include] or [asked.source]
    return sum(map(estimated, ends), NOTHING)


def _unread(asked: AskedBackup, there: Amount) -> Amount:
    if asked.job.full or asked.last is None:
        return there
    known = asked.last.counts
    return Amount(max(0, there.objects - known.objects), max(0, there.bytes - known.bytes))
