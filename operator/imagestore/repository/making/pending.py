"""Objects on their way into a backup, and the threads that carry them."""

from concurrent.futures import Executor, Future
from dataclasses import dataclass

from imagestore.core.objects import ListedObject
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.making.packing import StoredLarge
from imagestore.repository.making.reading import BackedUpObject, ReadMetadata


@dataclass(slots=True)
class WaitingObject:
    """An object on its way, in the order of keys: its row, or the future that tells it."""

    listed: ListedObject
    known: BackupRow | None
    row: BackupRow | None = None
    resumed: bool = False
    small: Future[BackedUpObject] | None = None
    large: Future[StoredLarge] | None = None
    metadata: Future[ReadMetadata] | None = None

    @property
    def ready(self) -> bool:
        """Whether nothing is waited for any more."""
        return all(future is None or future.done() for future in (self.small, self.large, self.metadata))

    @property
    def held(self) -> int:
        """How many bytes it may hold in memory."""
        return self.listed.size if self.small is not None else 0


@dataclass
class BackupPools:
    """Threads that read small objects, that store large ones, and that write packs."""

    readers: Executor
    large: Executor
    writers: Executor
