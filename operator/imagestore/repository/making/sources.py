"""The objects of a bucket in the order of their keys' bytes, in bounded memory, whatever order the store lists in."""

import pickle
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from imagestore.backends.objects import ObjectStore
from imagestore.core.keys import raw
from imagestore.core.objects import KeyOrder, ListedObject
from imagestore.repository.errors import RepositoryProblem

SORTED_AT_ONCE = 100_000
_BLOCK = 1000


@dataclass(frozen=True)
class BucketEnd:
    """A bucket, or the part of it below a prefix."""

    store: ObjectStore
    bucket: str
    prefix: str = ""

    def __str__(self) -> str:
        return f"{self.store.name}/{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")


def listed_in_order(end: BucketEnd) -> Iterator[ListedObject]:
    """Every current object. A StoreError, or a key that is out of the order that the store promises, ends the listing."""
    found = _listed(end)
    return _checked(end, found) if end.store.traits.order is KeyOrder.BYTES else sorted_on_disk(found)


def _listed(end: BucketEnd) -> Iterator[ListedObject]:
    after: Mapping[str, str] = {}
    more = True
    while more:
        page = end.store.objects(end.bucket, after, prefix=end.prefix)
        yield from page.items
        more = page.after is not None
        after = page.after or {}


def _checked(end: BucketEnd, found: Iterable[ListedObject]) -> Iterator[ListedObject]:
    last: bytes | None = None
    for listed in found:
        key = raw(listed.key)
        if last is not None and key <= last:
            raise RepositoryProblem(
                f"{end} lists keys in another order than {end.store.name} promises; nothing was concluded from it"
            )
        last = key
        yield listed


def _by_key(listed: ListedObject) -> bytes:
    return raw(listed.key)


def sorted_on_disk(found: Iterable[ListedObject], at_once: int = SORTED_AT_ONCE) -> Iterator[ListedObject]:
    """The same objects sorted, with files in a temporary folder where there are more than ``at_once``."""
    pages = iter(found)
    first = sorted(islice(pages, at_once), key=_by_key)
    if len(first) < at_once:
        yield from first
        return
    with TemporaryDirectory(prefix="imagestore-") as folder:
        files = [_spooled(Path(folder) / "0", first)]
        del first
        while chunk := sorted(islice(pages, at_once), key=_by_key):
            files.append(_spooled(Path(folder) / str(len(files)), chunk))
            del chunk
        yield from merge(*map(_read_back, files), key=_by_key)


def _spooled(path: Path, chunk: list[ListedObject]) -> Path:
    with path.open("wb") as file:
        for start in range(0, len(chunk), _BLOCK):
            pickle.dump([tuple(each) for each in chunk[start : start + _BLOCK]], file)
    return path


def _read_back(path: Path) -> Iterator[ListedObject]:
    with path.open("rb") as file:
        while True:
            try:
                block = pickle.load(file)  # noqa: S301  this process wrote the file a moment ago
            except EOFError:
                return
            yield from map(ListedObject._make, block)
