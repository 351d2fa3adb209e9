"""Leaves of the last backup that are taken as they are: the same leaves as if all had been made anew."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagestore.repository.format import leaves
from imagestore.repository.format.leaves import FinishedLeaf, LeafBuilder, LeafRef, leaf_lines
from imagestore.repository.format.rows import BackupRow, placed_row, row_line
from imagestore.repository.format.vault import Vault
from imagestore.repository.making.same_leaves import LeafLine, SameLeaves
from tests.repository.pictures import filled

VAULT = Vault(bytes(16), bytes(32), sealed=True)
Changed = dict[int, str]


def row(key: int, etag: str = "e") -> BackupRow:
    return BackupRow(f"{key:03}", 1, etag, 5, "ab", pack="cd")


def builder() -> LeafBuilder:
    return LeafBuilder(VAULT, bits=2, most=5)


def made(rows: Iterable[BackupRow]) -> list[FinishedLeaf]:
    """The leaves of these rows, all of them made."""
    building = builder()
    found = [leaf for r in rows if (leaf := building.add(row_line(r), r.key)) is not None]
    return [*found, *filter(None, [building.finish()])]


def stretches(rows: Iterable[BackupRow]) -> list[list[LeafLine]]:
    """As long as places go on one after the other."""
    found: list[list[LeafLine]] = []
    for r in rows:
        if not found or r.at < 0 or found[-1][-1].at + 1 != r.at:
            found.append([])
        found[-1].append(LeafLine(r.key, row_line(r), r.at))
    return found


def again(
    base: list[FinishedLeaf],
    edit: Callable[[BackupRow], BackupRow | None],
    new: list[BackupRow],
    unusable: int,
) -> tuple[list[FinishedLeaf | LeafRef], list[BackupRow]]:
    """The leaves of an edited backup, and its rows. ``unusable``: the number of a leaf that may not be referred to."""
    data = {leaf.ref.name: leaf.data for leaf in base}
    held = [line for leaf in base for line in leaf_lines(VAULT, leaf.ref.name, leaf.data)]
    read = [placed_row(line, at) for at, line in enumerate(held)]
    edited = [e for r in read if (e := edit(r)) is not None]
    rows = sorted([*edited, *new], key=lambda r: r.key)
    usable = {leaf.ref.name: leaf.ref.name for n, leaf in enumerate(base) if n != unusable}
    lines = lambda name: leaf_lines(VAULT, name, data[name])  # noqa: E731
    same = SameLeaves(builder(), [leaf.ref for leaf in base], usable, lines)
    found = [leaf for stretch in stretches(rows) for leaf in same.add_stretch(stretch)]
    return [*found, *same.finish()], rows


@given(
    st.sets(st.integers(0, 30), max_size=25),
    st.dictionaries(st.integers(0, 30), st.sampled_from(["gone", "other"]), max_size=4),
    st.sets(st.integers(0, 40), max_size=3),
    st.integers(-1, 8),
)
def test_they_are_those_that_would_have_been_made(
    keys: set[int], changed: Changed, new: set[int], unusable: int
) -> None:
    base = made(row(k) for k in sorted(keys))

    def edit(r: BackupRow) -> BackupRow | None:
        how = changed.get(int(r.key), "")
        return None if how == "gone" else replace(r, etag="other") if how else r

    fresh = [row(k) for k in new - keys]
    found, rows = again(base, edit, fresh, unusable)
    told = [leaf if isinstance(leaf, LeafRef) else leaf.ref for leaf in found]
    assert told == [leaf.ref for leaf in made(rows)]
    not_to_be_used = [leaf.ref for n, leaf in enumerate(base) if n == unusable]
    assert not any(ref in found for ref in not_to_be_used)


def test_of_an_unchanged_backup_none_is_made() -> None:
    base = made(row(k) for k in range(60))
    assert len(base) > 10
    found, _ = again(base, lambda r: r, [], unusable=-1)
    assert found == [leaf.ref for leaf in base]
    one_more, _ = again(base, lambda r: r, [row(999)], unusable=-1)
    assert sum(isinstance(leaf, FinishedLeaf) for leaf in one_more) <= 2, "the last one, and what ends it"


@pytest.mark.parametrize("reread", [0, 1])
def test_an_unchanged_backup_encodes_and_writes_no_leaf(monkeypatch: pytest.MonkeyPatch, reread: int) -> None:
    """Also where the metadata of every object was read again."""
    world = filled()
    first = world.back_up()
    encoded: list[str] = []
    monkeypatch.setattr(leaves.LeafBuilder, "add_line", lambda _self, _line, key: encoded.append(key))
    second = world.back_up(reread=reread)
    assert (second.leaves, encoded) == (first.leaves, [])
    world.assert_restores(second, world.content())
