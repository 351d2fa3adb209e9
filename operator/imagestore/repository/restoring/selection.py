"""Which rows of a backup are restored, in which order, and under which keys. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

from imagestore.core.keys import raw
from imagestore.repository.errors import DamagedFile
from imagestore.repository.format.leaves import LeafRef
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.format.rows import BackupRow

ReadLeaf = Callable[[str], Iterator[BackupRow]]


class ExistingPolicy(StrEnum):
    """What becomes of an object that is at the destination already."""

    SKIP = "Skip"
    OVERWRITE = "Overwrite"
    FAIL = "Fail"


@dataclass(frozen=True)
class RestoreSelection:
    """``prefixes`` and ``keys``: as in the source; both empty: all. ``first``: prefixes that are restored before the others, in order."""

    prefixes: tuple[str, ...] = ()
    keys: frozenset[str] = frozenset()
    first: tuple[str, ...] = ()

    def takes(self, key: str) -> bool:
        """Whether an object is restored."""
        everything = not self.prefixes and not self.keys
        return everything or key in self.keys or (bool(self.prefixes) and key.startswith(self.prefixes))

    def named(self, number: int, after: str) -> set[str]:
        """The keys that a pass has to meet behind this one."""
        behind = raw(after)
        return {key for key in self.keys if self.of_pass(number, key) and (not after or raw(key) > behind)}

    @property
    def passes(self) -> int:
        """How often the rows are gone through."""
        return len(self.first) + 1

    def of_pass(self, number: int, key: str) -> bool:
        """Whether an object is restored in a pass: in the first one that names its prefix, or else in the last."""
        if not self.takes(key):
            return False
        turn = next((n for n, prefix in enumerate(self.first) if key.startswith(prefix)), len(self.first))
        return turn == number


@dataclass(frozen=True)
class LostRows:
    """A leaf that could not be read: so many rows behind this key are not known."""

    leaf: LeafRef
    damaged: DamagedFile


def selected_rows(
    root: BackupRoot, selection: RestoreSelection, number: int, read: ReadLeaf, after: str = ""
) -> Iterator[BackupRow | LostRows]:
    """The rows of one pass behind a key. Leaves that hold none of them are not read."""
    for leaf, following in zip_longest(root.leaves, root.leaves[1:]):
        if not _may_hold(leaf, following, selection, after):
            continue
        try:
            rows = read(leaf.name)
        except DamagedFile as damaged:
            yield LostRows(leaf, damaged)
            continue
        for row in rows:
            if (not after or raw(row.key) > raw(after)) and selection.of_pass(number, row.key):
                yield row


def _may_hold(leaf: LeafRef, following: LeafRef | None, selection: RestoreSelection, after: str) -> bool:
    end = raw(following.first) if following is not None else None
    if end is not None and after and end <= raw(after):
        return False
    wanted = [*selection.prefixes, *selection.keys]
    return not wanted or any(_overlaps(raw(leaf.first), end, raw(prefix)) for prefix in wanted)


def _overlaps(first: bytes, end: bytes | None, prefix: bytes) -> bool:
    """Whether keys from ``first`` to before ``end`` may begin with a prefix."""
    return (end is None or prefix < end) and (first <= prefix or first.startswith(prefix))


def restored_key(key: str, source_prefix: str, target_prefix: str) -> str:
    """The key at the destination: the source's prefix is replaced."""
    return target_prefix + key.removeprefix(source_prefix)
