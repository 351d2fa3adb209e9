"""What becomes of one object of a restore."""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from imagestore.core.errors import Rejected, StoreError
from imagestore.repository.restoring.writing import RestoredObject


class RestoredItem(Protocol):
    """One object that is to be restored. ``key``: at the source. ``stale``: its content is older than the backup."""

    @property
    def key(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def stale(self) -> bool: ...


Item = TypeVar("Item", bound=RestoredItem)


@dataclass(frozen=True)
class RestoreOutcome(Generic[Item]):
    """What became of one object. ``refused``: a store failed, as it may for each object that follows."""

    row: Item
    written: RestoredObject | None = None
    equal: bool = False
    kept: bool = False
    why: str = ""
    refused: bool = False


def store_refused(row: Item, error: StoreError) -> RestoreOutcome[Item]:
    """An object that a store does not take or give. What it refuses for what it is says nothing about the others."""
    return RestoreOutcome(row, why=told_error(error), refused=not isinstance(error, Rejected))


def told_error(error: StoreError) -> str:
    """A store's error as reports have it: without its message, which may quote a key of another object."""
    return f"{error.reason} {error.code}".rstrip()
