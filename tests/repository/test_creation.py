"""A repository is made once: nothing of an older one is given up, and a creation that was killed can be made again."""

from hashlib import sha256

import pytest

from imagestore.backends.memory_content import MemoryContent
from imagestore.core.objects import ObjectAttributes
from imagestore.repository.errors import RepositoryProblem
from imagestore.repository.format import slots
from imagestore.repository.format.roots import SourceName
from imagestore.repository.format.slots import OpeningSecret, SlotKind
from imagestore.repository.store.creating import create_repository
from imagestore.repository.store.opening import Repository, add_slot, open_repository, remove_slot
from imagestore.repository.store.view import backups
from tests.repository.world import SECRET, Killed, World, killed_after


def _create(world: World) -> Repository:
    return create_repository(
        world.files(), SourceName("eu", "photos"), {"secret": SECRET}, world.random, sealed=True
    )


@pytest.mark.parametrize("versioned", [False, True])
def test_backups_whose_format_is_gone_are_not_given_up(*, versioned: bool) -> None:
    """A rule that expires objects takes the two oldest files first. A new repository would hide the old backups."""
    world = World(versioned=versioned)
    world.put("a", b"a")
    root = world.back_up()
    for name in ("format.json", "keys/secret"):
        world.server.remove("backup", f"shop/{name}")
    there = world.stored()
    with pytest.raises(
        RepositoryProblem, match="has a repository already" if versioned else r"whose format\.json is gone"
    ):
        _create(world)
    assert world.stored() == there
    if versioned:
        assert [r.name for r in backups(world.opened()).roots] == [root.name], "versions show it"


def test_a_creation_killed_at_every_write_can_be_made_again() -> None:
    for number in range(10):
        world = World()
        world.server.buckets["backup"] = MemoryContent()
        killed_after(number, world.server)
        try:
            _create(world)
            killed = False
        except Killed:
            killed = True
        world.server.fault = None
        if not killed:
            assert number == 2, "a slot, and format.json"
            return
        _create(world)
        world.put("a", b"a")
        world.assert_restores(world.back_up(), {"a": b"a"})
    raise AssertionError("a creation has fewer writes")


def test_the_slot_of_the_given_key_stays_unless_the_key_opens_another_one() -> None:
    """A file below keys/ counted as a slot once, and the only one that opened could be removed."""
    world = World()
    world.server.put("backup", "shop/keys/note.txt", b"hello", ObjectAttributes())
    with pytest.raises(RepositoryProblem, match="opens no other slot of us/backup/shop than secret"):
        remove_slot(world.opened(), "secret", SECRET)
    assert world.opened().id == world.repository.id


def test_forged_slots_keep_no_reader_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each that claims a passphrase costs 128 MiB and a second; 200 small objects kept the operator busy for minutes."""
    asked: list[bytes] = []

    def derived(passphrase: bytes, salt: bytes, *_: int) -> bytes:
        asked.append(salt)
        return sha256(passphrase + salt).digest()

    monkeypatch.setattr(slots, "scrypt", derived)
    world, words = World(), OpeningSecret(SlotKind.PASSPHRASE, b"long words")
    add_slot(world.files(), world.repository.vault, "words", words, world.random)
    forged = world.stored()["keys/words"]
    for n in range(200):
        world.server.put("backup", f"shop/keys/a{n}", forged.replace(b"words", b"other"), ObjectAttributes())
    asked.clear()
    assert open_repository(world.files(), words, world.random).id == world.repository.id
    assert len(asked) < 70
