"""Unchanged objects are known by the lines of the last backup: as if each of its rows had been decoded."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagestore.core.objects import ListedObject, ObjectLockState
from imagestore.repository.format.names import pack_file
from imagestore.repository.format.roots import BackupCounts
from imagestore.repository.format.rows import BackupRow, place_if_listed, placed_row, row_line
from imagestore.repository.making import backup, base
from imagestore.repository.making.deciding import unchanged
from imagestore.repository.store.view import condemned, rows_of
from tests.repository.pictures import filled
from tests.repository.world import World

WORDS = st.sampled_from(
    [
        "",
        "a",
        "Zoë",
        "pack",
        "class",
        'x","pack":"ab',
        '","class":"GLACIER"}',
        "a\\",
        "\udcfe",
        "\n",
        "\udcff/x",
        "ab",
        "cd",
    ]
)
MAPS = st.dictionaries(WORDS, WORDS, max_size=3)
ROWS = st.builds(
    BackupRow,
    key=WORDS,
    size=st.integers(0, 2),
    etag=WORDS,
    time=st.integers(0, 2),
    sha256=st.just("00"),
    version=st.sampled_from(["", "v1"]),
    md5=st.sampled_from(["", "aa"]),
    headers=MAPS,
    metadata=MAPS,
    tags=MAPS,
    storage_class=st.sampled_from(["", "GLACIER", "cd"]),
    lock=st.sampled_from([None, ObjectLockState("GOVERNANCE", 5)]),
    pack=st.sampled_from(["", "ab", "cd"]),
    blob=st.sampled_from(["", "ef"]),
    stale=st.booleans(),
    note=st.sampled_from(["", "undecodable"]),
)


def listed_of(row: BackupRow, **other: Any) -> ListedObject:
    return ListedObject(row.key, row.size, row.etag, row.time, row.storage_class)._replace(**other)


@given(ROWS, st.sampled_from(["", "key", "size", "etag", "modified", "version"]), st.data())
def test_a_line_tells_what_its_row_tells(row: BackupRow, other: str, data: st.DataObject) -> None:
    changed = (
        {other: data.draw(st.integers(0, 2) if other in ("size", "modified") else WORDS)} if other else {}
    )
    listed = listed_of(row, **changed)
    place = place_if_listed(row_line(row), listed)
    if place is not None:
        assert listed.key == row.key
        assert unchanged(listed, row)
        assert (place.pack, place.storage_class) == (row.pack, row.storage_class)
        assert not row.stale
        assert row.lock is None
        assert not row.blob


@pytest.mark.parametrize("key", ["a.png", "Zoë/1.png", 'q"uote\\.png', "line\nbreak"])
@pytest.mark.parametrize("held", ["", "STANDARD_IA"])
@pytest.mark.parametrize("note", ["", "undecodable"])
def test_a_plain_line_is_not_decoded(key: str, held: str, note: str) -> None:
    row = BackupRow(
        key,
        5,
        "e-2",
        7,
        "00",
        "v",
        "m",
        {"content-type": "image/png"},
        {"class": "b"},
        {"pack": "c"},
        held,
        pack="ab",
        note=note,
    )
    assert place_if_listed(row_line(row), listed_of(row)) == ("ab", held)


def test_no_row_of_an_unchanged_bucket_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    world = filled()
    first = world.back_up()
    decoded: list[str] = []

    def seen(line: bytes, at: int) -> BackupRow:
        decoded.append((row := placed_row(line, at)).key)
        return row

    monkeypatch.setattr(base, "placed_row", seen)
    second = world.back_up(reread=0)
    assert (second.leaves, second.counts.unchanged) == (first.leaves, len(world.content()))
    assert set(decoded) == {"empty", "\udcff\udc80"}, "it has no pack; JSON cannot hold this key"


def edited(*, pruned: bool) -> World:
    """With objects that changed, came and went, and packs that were repacked or wait for their end in trash."""
    world = filled()
    world.back_up()
    for n in range(0, 40, 2):
        world.put(f"shop/{n:02}.png", b"other%d" % n)
    world.source_server.remove("photos", "shop/07.png")
    world.back_up()
    if pruned:
        world.prune()
        world.clock.pass_hours(49)
        world.prune()
    world.put("shop/01.png", b"once more")
    world.put("shop/10a.png", b"new")
    world.source_server.remove("photos", "shop/33.png")
    held = world.source_server.buckets["photos"].keys["shop/21.png"]
    held[-1] = replace(held[-1], attributes=replace(held[-1].attributes, storage_class="GLACIER"))
    return world


def told(world: World, **options: Any) -> tuple[BackupCounts, list[BackupRow]]:
    """What a backup counts and holds, but for where its bytes stand. Nothing of it stands in trash."""
    root = world.back_up(**options)
    rows = list(rows_of(world.opened(), root))
    gone = {name for one in condemned(world.opened()) for name in one.files}
    assert not gone & {pack_file(row.pack) for row in rows}
    world.assert_restores(root, world.content())
    return root.counts, [replace(row, pack="", offset=0, length=0) for row in rows]


@pytest.mark.parametrize("reread", [0, 1, 3])
@pytest.mark.parametrize("pruned", [False, True])
def test_a_backup_is_the_same_with_each_row_decoded(
    monkeypatch: pytest.MonkeyPatch, *, reread: int, pruned: bool
) -> None:
    quick = told(edited(pruned=pruned), reread=reread)
    monkeypatch.setattr(backup, "UnchangedRows", lambda *_: lambda _listed, _known: False)
    counts, rows = told(edited(pruned=pruned), reread=reread)
    assert quick == (counts, rows)
    assert [row.storage_class for row in rows if row.key == "shop/21.png"] == ["GLACIER"]
