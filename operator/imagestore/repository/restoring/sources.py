"""What a restore takes its objects from: a backup, or a bucket's own versions."""

from collections.abc import Iterator
from concurrent.futures import Executor, Future
from typing import Protocol

from imagestore.core.objects import ListedObject
from imagestore.repository.restoring.outcomes import Item, RestoreOutcome
from imagestore.repository.restoring.selection import LostRows
from imagestore.repository.restoring.writing import RestoredObject


class RestoreSource(Protocol[Item]):
    """Where objects come from: a backup, or a bucket's own versions. ``prefix``: the source's, which the destination's replaces."""

    @property
    def prefix(self) -> str: ...

    def items(self, number: int, after: str) -> Iterator[Item | LostRows]:
        """What one pass restores behind a key, by the bytes of the keys."""

    def begin(
        self, batch: list[tuple[Item, ListedObject | None]], small: Executor, large: Executor
    ) -> list[Future[list[RestoreOutcome[Item]]]]:
        """Begin to restore a batch: each object with what is at its key now."""

    def holds(self, row: Item, there: ListedObject) -> bool:
        """Whether what is at the key of a row has its bytes, so that none are lost if it is written again. It is read where its ETag does not
        tell. StoreError.
        """

    def has_come_back(self, row: Item, written: RestoredObject) -> bool:
        """Read the bytes of a restored object, and compare their hash. StoreError."""
