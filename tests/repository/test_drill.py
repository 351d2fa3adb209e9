"""A drill restores, hashes, decodes, tells what it proves, and leaves nothing."""

import io
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from PIL import Image

from imagestore.core.errors import Denied
from imagestore.core.objects import ObjectAttributes
from imagestore.repository.checking.drill import DrillOptions, DrillReport, ScratchRefused, drill
from imagestore.repository.checking.images import Decoded, decode, note_undecodable
from imagestore.repository.checking.strata import stratified_sample, stratum
from imagestore.repository.errors import DamagedFile, RepositoryProblem
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.format.rows import BackupRow
from imagestore.transfer.job import TransferEnd
from tests.repository.test_checking import damage, first, flipped, keys_of, pictures
from tests.repository.world import World


def png(colour: str, *, broken: bool = False) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(data, "PNG")
    return data.getvalue()[:-40] if broken else data.getvalue()


def test_decoding_reads_every_pixel() -> None:
    assert decode("a.png", png("red")) is Decoded.WHOLE
    assert decode("a.png", png("red", broken=True)) is Decoded.BROKEN
    assert decode("a.png", b"no picture") is Decoded.BROKEN
    assert decode("a.txt", b"no picture") is Decoded.NO_IMAGE
    assert note_undecodable("a.png", b"no picture") == "undecodable"


def test_pixels_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagestore.repository.checking.images.MOST_PIXELS", 64)
    assert decode("a.png", png("red")) is Decoded.TOO_LARGE


def drilled(world: World, root: BackupRoot, **options: Any) -> tuple[DrillReport, dict[str, str]]:
    lost: dict[str, str] = {}
    scratch = TransferEnd(world.target.store, "restored", ".imagestore/drill/")
    wanted = replace(DrillOptions(random=Random(1), problem=lost.__setitem__), **options)  # noqa: S311
    return drill(world.opened(), root, scratch, wanted), lost


def test_a_drill_restores_hashes_decodes_and_leaves_nothing() -> None:
    world = World()
    for n in range(30):
        world.put(f"p/{n}.png", png("red") + bytes([n]))
    world.put("p/broken.png", png("red", broken=True))
    root = world.back_up(note=note_undecodable)
    world.target_server.put("restored", "mine", b"mine", ObjectAttributes())
    report, lost = drilled(world, root, sample=0)
    assert (report.passed, report.sampled, report.decoded, report.undecodable, lost) == (True, 31, 30, 0, {})
    assert world.restored() == {"mine": b"mine"}
    assert (report.left, report.estimate > 0) == (0, True)
    unknown, _ = drilled(world, world.back_up(), sample=0)
    assert unknown.undecodable == 0, "the note stays with an unchanged row"
    assert "a damage of 9.7% of the objects would be found in 95 of 100 drills" in str(report)


def test_a_drill_of_a_damaged_backup_fails_and_names_the_key() -> None:
    world, root = pictures()
    name = first(world, "packs/")
    damage(world, name, flipped(7))
    report, lost = drilled(world, root, sample=0)
    assert not report.passed
    assert report.failed == len(lost) == 1
    assert set(lost) <= keys_of(world, name)


def denying(operation: str, key: str) -> Any:
    def fault(asked: str, _bucket: str, name: str) -> None:
        if asked == operation and name.endswith(key):
            raise Denied("AccessDenied")

    return fault


@pytest.mark.parametrize("operation", ["Put", "Get"])
@pytest.mark.parametrize("sample", [0, 100])
def test_what_the_scratch_store_fails_at_is_not_a_damage_of_the_backup(operation: str, sample: int) -> None:
    world, root = pictures()
    name = first(world, "packs/")
    damage(world, name, flipped(7))
    *_, other = sorted(set(world.content()) - keys_of(world, name))
    world.target_server.fault = denying(operation, f"/{other}")
    report, lost = drilled(world, root, sample=sample)
    assert (report.failed, report.intact, other in lost) == (2, 1, True)
    assert not report.passed


def test_a_scratch_store_that_takes_nothing_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagestore.repository.restoring.running.GIVE_UP", 3)
    world, root = pictures()
    world.target_server.fault = denying("Put", "")
    with pytest.raises(ScratchRefused):
        drilled(world, root)
    for pack in [n for n in world.stored() if n.startswith("packs/")]:
        damage(world, pack, flipped(7))
    with pytest.raises(RepositoryProblem, match="refused by a store") as raised:
        drilled(world, root)
    assert not isinstance(raised.value, ScratchRefused), "there is damage, too"


def test_a_drill_of_an_empty_backup_proves_nothing() -> None:
    world = World()
    report, _ = drilled(world, world.back_up())
    assert not report.passed


def test_a_drill_fails_on_a_lost_leaf() -> None:
    world, root = pictures()
    world.server.remove("backup", f"shop/leaves/{root.leaves[0].name[:2]}/{root.leaves[0].name}")
    with pytest.raises(DamagedFile):
        drilled(world, root)


def test_a_sample_takes_from_every_stratum() -> None:
    rows = [BackupRow(f"big/{n}", 10, "e", 0, "aa", pack="0a") for n in range(5000)]
    rows += [BackupRow(f"rare{n}/x", 10, "e", 0, "aa", pack="0a") for n in range(9)]
    found = stratified_sample(rows, 20, Random(1))  # noqa: S311
    assert len(found) == len({row.key for row in found}) == 20
    assert {stratum(row) for row in found} == {stratum(row) for row in rows}
