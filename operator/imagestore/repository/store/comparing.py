"""What changed from one backup to another."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, NamedTuple

from imagestore.core.keys import raw
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.view import rows_of_leaf


class RowChange(NamedTuple):
    """One key. ``Metadata``: the same bytes with other headers, metadata, tags or lock."""

    key: str
    change: Literal["Added", "Removed", "Changed", "Metadata"]


def changes(repository: Repository, old: BackupRoot, new: BackupRoot) -> Iterator[RowChange]:
    """In the order of keys. Leaves that both have are not read. DamagedFile."""
    shared = {ref.name for ref in old.leaves} & {ref.name for ref in new.leaves}
    before, after = _rows(repository, old, shared), _rows(repository, new, shared)
    one, other = next(before, None), next(after, None)
    while one is not None or other is not None:
        if other is None or (one is not None and raw(one.key) < raw(other.key)):
            assert one is not None  # noqa: S101  the loop's condition
            yield RowChange(one.key, "Removed")
            one = next(before, None)
        elif one is None or raw(other.key) < raw(one.key):
            yield RowChange(other.key, "Added")
            other = next(after, None)
        else:
            yield from _difference(one, other)
            one, other = next(before, None), next(after, None)


def _rows(repository: Repository, root: BackupRoot, shared: set[str]) -> Iterator[BackupRow]:
    return (
        row for ref in root.leaves if ref.name not in shared for row in rows_of_leaf(repository, ref.name)
    )


def _difference(one: BackupRow, other: BackupRow) -> Iterator[RowChange]:
    if one.sha256 != other.sha256:
        yield RowChange(one.key, "Changed")
    elif _attributes(one) != _attributes(other):
        yield RowChange(one.key, "Metadata")


def _attributes(row: BackupRow) -> object:
    return replace(row.attributes, storage_class="")
