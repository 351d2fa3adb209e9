"""The format is what its page says: a reader written from the page reads what we write, today's code what was written before."""

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from imagestore.core.keys import raw
from imagestore.repository.errors import DamagedFile, NewerFormat, NotARepository, RepositoryProblem, WrongKey
from imagestore.repository.format import slots
from imagestore.repository.format.ciphers import NotSealed
from imagestore.repository.format.documents import opened_document, written_document
from imagestore.repository.format.leaves import FinishedLeaf, LeafBuilder, ends_leaf, leaf_rows
from imagestore.repository.format.packs import PackWriter, pack_table
from imagestore.repository.format.rows import BackupRow, row_line
from imagestore.repository.format.slots import (
    OpeningSecret,
    SlotKind,
    recovery_key,
    recovery_text,
    unwrap,
    wrap,
)
from imagestore.repository.format.vault import Vault
from imagestore.repository.store.files import RepositoryFiles
from imagestore.repository.store.opening import add_slot, open_repository, remove_slot
from imagestore.repository.store.view import backups, rows_of
from tests.repository.outside_reader import OutsideReader
from tests.repository.pictures import filled
from tests.repository.world import SECRET, World

GOLDEN = Path(__file__).parent / "golden"


def added(builder: LeafBuilder, row: BackupRow) -> FinishedLeaf | None:
    return builder.add(row_line(row), row.key)


def files_of(world: World) -> dict[str, bytes]:
    return {k.removeprefix("shop/"): v for k, v in world.server.current("backup").items()}


@pytest.mark.parametrize("sealed", [False, True])
def test_the_outside_reader_reads_every_structure(*, sealed: bool) -> None:
    world = filled(sealed=sealed, large=True)
    root = world.back_up()
    reader = OutsideReader(files_of(world), SECRET.value, "secret")
    assert reader.backups() == [root.name]
    rows = list(reader.rows(root.name))
    assert {reader.key_of(row): reader.content(row) for row in rows} == {
        raw(key): data for key, data in world.content().items()
    }
    where = {(e[1], e[2]): e for e in reader.index()}
    for row in rows:
        if "pack" in row:
            entry = [where[row["pack"], row["offset"]][0], row["offset"], row["length"]]
            assert entry in reader.table(row["pack"])
    assert next(r for r in rows if r.get("key") == "shop/07.png")["tags"] == {"team": "web"}


def golden(name: str) -> dict[str, bytes]:
    held = json.loads((GOLDEN / f"{name}.json").read_text())
    return {key: base64.b64decode(value) for key, value in held.items()}


def in_memory(files: dict[str, bytes]) -> World:
    world = World()
    world.server.content("backup").keys.clear()
    for name, data in files.items():
        world.server.put("backup", f"shop/{name}", data, world.files().attributes())
    return world


@pytest.mark.parametrize("name", ["plain", "sealed"])
def test_a_repository_of_version_1_is_read_for_ever(name: str) -> None:
    """Written on 2026-11-29 by ``python -m tests.repository.golden_files`` and never again."""
    files = golden(name)
    expected = json.loads((GOLDEN / "expected.json").read_text())
    world = in_memory(files)
    assert {n.partition("/")[0] for n in files} == {
        "format.json", "keys", "runs", "packs", "leaves", "index", "moved", "trash", "backups",
    }  # fmt: skip
    found = backups(world.opened()).roots
    assert [root.name for root in found] == list(expected[name])
    reader = OutsideReader(files, SECRET.value, "secret")
    assert reader.backups() == list(expected[name])
    for root in found:
        world.target_server.buckets["restored"].keys.clear()
        assert world.restore(root).counts.failed == 0
        digests = {key: sha256(data).hexdigest() for key, data in world.restored().items()}
        assert digests == expected[name][root.name]
        assert [r["sha256"] for r in reader.rows(root.name)] == [
            r.sha256 for r in rows_of(world.opened(), root)
        ]


VAULT = Vault(bytes(range(16)), bytes(range(32)), sealed=True)


def test_golden_bytes_of_the_small_structures() -> None:
    """A change of one byte here is a new format version."""
    assert VAULT.derive("mac").hex()[:16] == "6d4df1b0ae6a77bb"
    pack = PackWriter(VAULT, "ab" * 16)
    pack.add(VAULT.blob_id(b"d" * 32), b"content")
    data = pack.finish()
    assert sha256(data).hexdigest() == "df89e5dcdd8a4c6ccb063d9417c5947ff350b9132fa1cf598330635e208b99b3"
    document = written_document(VAULT, "backups/x", {"b": 1, "a": [2]}, bytes(12))
    assert sha256(document).hexdigest() == "e5bb833b818cc62618d442c1ff5315382c81c4a1d20d7f8dfedae1dc564a298d"
    slot = wrap(VAULT.repository, "s", SECRET, VAULT.key, bytes(16), bytes(12))
    assert sha256(slot).hexdigest() == "7c56007e0e4a7d04fce7a6468eb767dfbbab02ed0338d84bd1bcaff2d8336f54"
    assert pack_table(VAULT, "ab" * 16, data, len(data))[0].length == 7 + 16


@pytest.mark.parametrize("position", [0, 20, -1, -40, -60])
def test_a_changed_byte_or_another_name_is_found(position: int) -> None:
    document = bytearray(written_document(VAULT, "backups/x", {"a": "b" * 40}, bytes(12)))
    with pytest.raises(DamagedFile):
        opened_document(VAULT, "backups/y", bytes(document))
    document[position if position != -1 else -2] ^= 1
    with pytest.raises(DamagedFile):
        opened_document(VAULT, "backups/x", bytes(document))


def test_an_unchanged_range_is_the_same_leaf() -> None:
    def leaves(changed: str) -> list[str]:
        builder = LeafBuilder(VAULT, bits=6)
        done = [
            leaf
            for n in range(2000)
            if (leaf := added(builder, BackupRow(f"{n:05}", 1, "e" + changed * (n == 1000), 1, "aa")))
            is not None
        ]
        return [leaf.ref.name for leaf in (*done, builder.finish()) if leaf is not None]

    one, other = leaves(""), leaves("x")
    assert len(one) == len(other) > 15
    assert len(set(one) - set(other)) == 1


def test_a_leaf_never_holds_more_rows_than_it_may_and_reads_back() -> None:
    builder = LeafBuilder(VAULT, bits=32, most=10)
    row = BackupRow("k", 1, "e", 1, "aa")
    leaf = next(found for _ in range(11) if (found := added(builder, row)) is not None)
    assert list(leaf_rows(VAULT, leaf.ref.name, leaf.data)) == [row] * 10
    with pytest.raises(DamagedFile):
        leaf_rows(VAULT, leaf.ref.name, leaf.data[:-1])
    assert sum(ends_leaf(f"{n}", 4) for n in range(1600)) in range(60, 140)


@pytest.mark.parametrize("kind", [SlotKind.SECRET, SlotKind.PASSPHRASE, SlotKind.RECOVERY])
def test_each_kind_of_slot_opens_with_its_secret_only(kind: SlotKind) -> None:
    secret = OpeningSecret(kind, b"s" * 32)
    slot = wrap(VAULT.repository, "one", secret, VAULT.key, b"x" * 16, b"n" * 12)
    assert unwrap(VAULT.repository, slot, secret) == VAULT.key
    assert VAULT.key.hex() not in slot.decode()
    for other in (OpeningSecret(kind, b"t" * 32), OpeningSecret()):
        assert unwrap(VAULT.repository, slot, other) is None
    assert unwrap(b"o" * 16, slot, secret) is None, "a slot of another repository"
    assert unwrap(VAULT.repository, slot.replace(b"one", b"two"), secret) is None


def test_a_forged_slot_cannot_ask_for_more_memory_than_scrypt_may_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = OpeningSecret(SlotKind.PASSPHRASE, b"long words")
    slot = json.loads(wrap(VAULT.repository, "one", secret, VAULT.key, b"x" * 16, b"n" * 12))
    asked: list[int] = []

    def told(_passphrase: bytes, _salt: bytes, n: int, r: int, _p: int) -> bytes:
        asked.append(128 * n * r)
        raise NotSealed

    monkeypatch.setattr(slots, "scrypt", told)
    forged = json.dumps({**slot, "n": 2**20, "r": 16}).encode()
    assert unwrap(VAULT.repository, forged, secret) is None
    assert asked == [128 * 2**20]


def test_a_recovery_key_survives_paper_and_tells_a_typing_error() -> None:
    text = recovery_text(VAULT.key)
    assert recovery_key(text.lower().replace("-", " ")) == VAULT.key
    wrong = text[:10] + ("A" if text[10] != "A" else "B") + text[11:]
    assert recovery_key(wrong) is None
    assert recovery_key("ISR1-1") is None


def test_rotation_rewraps_and_the_recovery_key_opens() -> None:
    world = filled()
    root = world.back_up()
    repository, files = world.opened(), world.files()
    recovery, new = (
        OpeningSecret(SlotKind.RECOVERY, b"r" * 32),
        OpeningSecret(SlotKind.PASSPHRASE, b"long words"),
    )
    add_slot(files, repository.vault, "recovery", recovery, world.random)
    add_slot(files, repository.vault, "new", new, world.random)
    with pytest.raises(RepositoryProblem, match="give a key that opens one that stays"):
        remove_slot(repository, "secret", SECRET)
    remove_slot(repository, "secret", new)
    for secret, opens in ((recovery, True), (new, True), (SECRET, False)):
        assert _opens(files, secret, world.random) is opens
    reader = OutsideReader(files_of(world), b"long words", "passphrase")
    assert reader.backups() == [root.name]


def _opens(files: RepositoryFiles, secret: OpeningSecret, random: Any) -> bool:
    try:
        open_repository(files, secret, random)
    except WrongKey:
        return False
    return True


def test_a_downgraded_format_is_refused() -> None:
    """Else a writer of the bucket could have the next backup written in the clear."""
    world = filled()
    data = world.server.current("backup")["shop/format.json"].replace(b"aes-256-gcm", b"none")
    world.server.put("backup", "shop/format.json", data, world.files().attributes())
    with pytest.raises(NotARepository, match="its fields were changed"):
        world.opened()
    newer = data.replace(b'"version": 1', b'"version": 2')
    world.server.put("backup", "shop/format.json", newer, world.files().attributes())
    with pytest.raises(NewerFormat, match="has format version 2; this imagestore knows 1"):
        world.opened()
