"""Repositories that lie in a bucket that is backed up: their files are no content of it.

Two buckets that are backed up into each other grew for ever: each backup took what the other one had just written.
"""

from collections.abc import Callable, Iterable, Iterator

from imagestore.core.errors import Denied, NotFound, Rejected
from imagestore.core.objects import ListedObject
from imagestore.repository.errors import DamagedFile
from imagestore.repository.format.names import FORMAT_FILE, is_repository_file, most_bytes
from imagestore.repository.store.files import bounded
from imagestore.repository.store.opening import is_format
from imagestore.transfer.job import TransferEnd

MOST_ASKED = 10_000  # folders that look like a repository; what is beyond them is content
_LAST = frozenset(
    "0123456789abcdefdn"
)  # what most names of files end with: hex, .ended, -forgotten, format.json
_DEEPEST = 3  # names below a repository have so many segments at most


def places_of(key: str) -> Iterator[str]:
    """The prefixes below which a repository would have a file of this key."""
    at = len(key)
    for _ in range(_DEEPEST):
        at = key.rfind("/", 0, at)
        if is_repository_file(key[at + 1 :]):
            yield key[: at + 1]
        if at < 0:
            return


class NestedRepositories:
    """Those of one bucket. ``found``: told the prefix of each, once."""

    def __init__(self, end: TransferEnd, found: Callable[[str], None]) -> None:
        self._end, self._found = end, found
        self._known: dict[str, bool] = {}
        self._last: str | None = None  # the one that was met last, whose files come one after the other

    def contents(self, listed: Iterable[ListedObject]) -> Iterator[ListedObject]:
        """The objects that are no file of a repository. StoreError."""
        for item in listed:
            if not self._may_be_file(item.key) or not any(map(self._is_one, places_of(item.key))):
                yield item

    def _may_be_file(self, key: str) -> bool:
        """Quick, because it is asked of every key."""
        return key[-1:] in _LAST or (self._last is not None and key.startswith(self._last))

    def _is_one(self, prefix: str) -> bool:
        if prefix not in self._known:
            if len(self._known) >= MOST_ASKED:
                return False
            self._known[prefix] = self._has_format(prefix)
            if self._known[prefix]:
                self._found(prefix)
        if self._known[prefix]:
            self._last = prefix
        return self._known[prefix]

    def _has_format(self, prefix: str) -> bool:
        """A folder of such names may be anything. Only what says that it is a repository is one."""
        try:
            with self._end.store.read(self._end.bucket, prefix + FORMAT_FILE) as body:
                return is_format(bounded(body, most_bytes(FORMAT_FILE), FORMAT_FILE))
        except (NotFound, Denied, Rejected, DamagedFile):
            return False
