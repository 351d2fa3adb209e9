"""The versions of a bucket by key, in bounded memory, and what they tell of a moment."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from imagestore.core.objects import KeyOrder, ListedObject
from imagestore.repository.history.moments import (
    UNVERSIONED,
    HistoryReach,
    HistorySurvey,
    KeyAt,
    KeyState,
    VersionRemoval,
    at_moment,
)
from imagestore.repository.restoring.selection import RestoreSelection
from imagestore.transfer.job import TransferEnd
from imagestore.transfer.order import rank_of
from imagestore.transfer.sorting import sorted_on_disk
from imagestore.transfer.walk import KeyListing, walk

KnownKeys = Callable[[], Iterable[str]]


def _nothing_known() -> Iterable[str]:
    return ()


@dataclass(frozen=True)
class BucketHistory:
    """A bucket at a moment. ``moment``: milliseconds, by the store's clock. ``removals``: its lifecycle rules that delete versions.

    ``known``: the keys that a backup from before the moment has, in order: one that has no version is not taken for one that never was.
    """

    end: TransferEnd
    moment: int
    removals: tuple[VersionRemoval, ...] = ()
    known: KnownKeys = field(default=_nothing_known)

    def keys(
        self, selection: RestoreSelection, seen: Callable[[ListedObject], None] | None = None
    ) -> Iterator[KeyAt]:
        """Each selected key, by its bytes. ``seen``: is given each version. StoreError, OrderBroken, DiskFull."""
        reach = HistoryReach(self.end.store.now(self.end.bucket), self.removals)
        found: Iterator[ListedObject] = (v for v in self._versions() if selection.takes(v.key))
        if seen is not None:
            found = _told(found, seen)
        known = (key for key in self.known() if selection.takes(key))
        return at_moment(found, self.moment, reach, known)

    def _versions(self) -> Iterator[ListedObject]:
        listing = KeyListing(self.end.store, self.end.bucket, (self.end.prefix,), versions=True)
        with ThreadPoolExecutor(1) as ahead:
            found = walk(listing, ahead)
            if listing.order is KeyOrder.BYTES:
                yield from found
            else:
                with sorted_on_disk(found, rank_of(KeyOrder.BYTES)) as ordered:
                    yield from ordered

    def survey(self, selection: RestoreSelection) -> HistorySurvey:
        """Count what the versions tell, from one listing. StoreError, OrderBroken, DiskFull."""
        oldest: list[int] = []

        def seen(version: ListedObject) -> None:
            if version.version not in UNVERSIONED and (not oldest or version.modified < oldest[0]):
                oldest[:] = [version.modified]

        trouble = self.trouble(selection)
        present = size = absent = unknown = 0
        for key in self.keys(selection, seen):
            present += key.state is KeyState.PRESENT
            size += key.size
            absent += key.state is KeyState.ABSENT
            unknown += key.state is KeyState.UNKNOWN
        since = oldest[0] if oldest else None
        return HistorySurvey(self.moment, present, size, absent, unknown, since, trouble)

    def trouble(self, selection: RestoreSelection) -> str:
        """Why the versions are not all, before any is looked at; empty: nothing speaks against it."""
        store, bucket = self.end.store, self.end.bucket
        if not store.versioned(bucket):
            return "the bucket keeps no versions"
        now = store.now(bucket)
        if self.moment > now:
            return "the moment lies in the future of the store's clock"
        if not store.traits.versions_complete:
            return "the store's listing of versions may leave keys out"
        horizon = HistoryReach(now, self.removals).horizon(selection.prefixes)
        if horizon is not None and self.moment < horizon:
            return "a lifecycle rule has deleted versions that were current after that"
        return ""


def _told(found: Iterable[ListedObject], seen: Callable[[ListedObject], None]) -> Iterator[ListedObject]:
    for version in found:
        seen(version)
        yield version
