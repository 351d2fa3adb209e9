"""The objects of a bucket in the order of their keys' bytes, in bounded memory, whatever order the store lists in."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from imagestore.core.errors import StoreError
from imagestore.core.objects import KeyOrder, ListedObject
from imagestore.repository.errors import SourceUnlisted
from imagestore.repository.format.roots import BackupFilter
from imagestore.repository.making.nested import NestedRepositories
from imagestore.transfer.job import TransferEnd
from imagestore.transfer.order import rank_of
from imagestore.transfer.sorting import sorted_on_disk
from imagestore.transfer.walk import KeyListing, walk


def listed_contents(
    end: TransferEnd, wanted: BackupFilter, nested: NestedRepositories
) -> Iterator[ListedObject]:
    """What a backup holds: the objects that a filter takes and that are no file of a repository. SourceUnlisted; DiskFull."""
    try:
        found = nested.contents(listed_in_order(end))
        yield from found if wanted == BackupFilter() else (o for o in found if wanted.takes(o.key))
    except StoreError as error:
        raise SourceUnlisted(error) from error


def listed_in_order(end: TransferEnd) -> Iterator[ListedObject]:
    """Every current object but those that the operator keeps for itself, the next page asked for ahead.

    A StoreError, or a key that is out of the order that the store promises (OrderBroken), ends the listing. DiskFull.
    """
    listing = KeyListing(end.store, end.bucket, (end.prefix,))
    with ThreadPoolExecutor(1) as ahead:
        found = walk(listing, ahead)
        if listing.order is KeyOrder.BYTES:
            yield from found
        else:
            with sorted_on_disk(found, rank_of(KeyOrder.BYTES)) as ordered:
                yield from ordered
