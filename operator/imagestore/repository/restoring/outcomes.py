"""What becomes of one object of a restore."""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from imagestore.core.errors import Conflict, Rejected, StoreError
from imagestore.core.objects import ListedObject
from imagestore.repository.restoring.writing import RestoredObject

WRITE_TRIES = 3  # of a write whose key changes under it


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


def again_absent(there: ListedObject | None, error: StoreError, tries: int) -> bool:
    """Whether a write that was refused is made once more where nothing is at its key now.

    It was deleted since the listing, or a store withdrew what a killed run had begun to write: SeaweedFS answered a condition of absence by 412,
    and had nothing there right after.
    """
    return tries > 0 and (there is not None or isinstance(error, Conflict))


def told_error(error: StoreError) -> str:
    """A store's error as reports have it: without its message, which may quote a key of another object."""
    return f"{error.reason} {error.code}".rstrip()
