"""The runs of a Restore, on a real repository: what they report is what is at the destination."""

import json
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from typing import cast

import pytest

from imagestore.backends.memory_content import MemoryContent
from imagestore.controller.key_lists import key_list
from imagestore.controller.opening import RunParts
from imagestore.controller.restoring import RestoreRun
from imagestore.controller.state.objects import Key
from imagestore.core.errors import Unavailable
from imagestore.core.keys import RESERVED_PREFIX
from imagestore.core.reasons import Reason
from imagestore.reconcile.restore.runs import RestoreFound, RestoreJob
from imagestore.reconcile.shared.runs import JobEnd
from imagestore.reconcile.shared.situation import Store
from imagestore.repository.checking.verify import VerifyLevel
from imagestore.repository.format.names import pack_file
from imagestore.repository.restoring.checkpoint import RestoreCheckpoint
from imagestore.repository.restoring.options import RestoreState
from imagestore.repository.store.view import rows_of
from imagestore.transfer.job import TransferEnd
from tests.repository.test_checking import verified
from tests.repository.test_drill import png
from tests.repository.test_kept_in_order import PLACE, Control, Opened
from tests.repository.world import StoreClock, World

KEY = Key("Restore", "shop", "back")
LIST = (JobEnd("eu", "photos", "shop/photos", ""), "list")
BACK = JobEnd("eu2", "restored", "shop/restored", "")


@dataclass
class AskedBack(Control):
    """Asks to stop at some of the questions, and takes it back: what waited for the place is over."""

    answers: Iterator[bool] = field(default_factory=lambda: repeat(False))

    def stop(self) -> bool:
        return next(self.answers)


def stopped_at(question: int) -> Iterator[bool]:
    """Stop at one question only."""
    return chain(repeat(False, question - 1), [True], repeat(False))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("imagestore.repository.restoring.running.BATCH_ROWS", 5)
    world = World()
    for n in range(20):
        world.put(f"originals/{n:02}.png", png(f"#{n:02x}0000") + bytes(8000 + n))
    return world


def run(world: World, job: RestoreJob, control: Control | None = None) -> RestoreFound | None:
    return RestoreRun(cast("RunParts", Opened(world)))(KEY, job, control or Control())


@pytest.mark.parametrize("question", range(1, 6))
def test_a_stop_that_is_taken_back_leaves_nothing_out(world: World, question: int) -> None:
    root, held, stops = world.back_up(), list[bytes](), stopped_at(question)
    kept = RestoreCheckpoint("d", None, held.append)
    stopped = world.restore(root, save=kept.save, stop=lambda: next(stops))
    assert stopped.state is RestoreState.STOPPED
    report = world.restore(root, save=kept.save, point=kept.point)
    assert (report.state, report.counts.restored) == (RestoreState.SUCCEEDED, 20)
    assert world.restored() == world.content()


@pytest.mark.parametrize("question", range(1, 6))
def test_a_drill_that_is_stopped_reports_nothing(world: World, question: int) -> None:
    job = RestoreJob("uid", BACK, PLACE, backup=world.back_up().name, sample=0)
    assert run(world, job, AskedBack(answers=stopped_at(question))) is None
    found = run(world, job)
    assert found is not None
    assert found.succeeded
    assert found.counts.verified == 20
    assert world.restored() == {}


def crowded() -> tuple[World, str, str]:
    """A pack of more objects than failures in a row are borne, and others; its name, and the backup's."""
    world = World(pack_bytes=150_000)
    for n in range(260):
        world.put(f"p/{n:03}", world.random(1000))
    root = world.back_up()
    packs = {row.key: row.pack for row in rows_of(world.opened(), root)}
    return world, pack_file(packs["p/000"]), root.name


def refusing(name: str) -> Callable[[str, str, str], None]:
    """A store that gives no bytes of one file of the repository."""

    def fault(operation: str, _bucket: str, key: str) -> None:
        if operation == "Get" and key == f"shop/{name}":
            raise Unavailable("no", code="InternalError")

    return fault


@pytest.mark.parametrize("lost", [True, False])
def test_a_lost_pack_costs_its_objects_and_no_others(*, lost: bool) -> None:
    world, name, backup = crowded()
    if lost:
        world.server.buckets["backup"].keys.pop(f"shop/{name}")
    else:
        world.server.fault = refusing(name)
    found = run(world, RestoreJob("uid", BACK, PLACE, backup=backup))
    assert found is not None
    assert found.trouble is None
    assert 100 < found.counts.failed < 260
    assert (found.failed, found.counts.restored) == (
        {"Damaged": found.counts.failed},
        260 - found.counts.failed,
    )
    listed = world.restored()[found.report]
    assert {
        json.loads(line)["key"] for line in listed.splitlines()
    } == world.content().keys() - world.restored().keys()


def test_an_outage_of_the_repository_costs_no_object() -> None:
    world, _, backup = crowded()
    job = RestoreJob("uid", BACK, PLACE, backup=backup)

    def fault(operation: str, _bucket: str, key: str) -> None:
        if operation == "Get" and any("Put" in call for call, *_ in world.target_server.calls):
            raise Unavailable("no")

    world.server.fault = fault
    found = run(world, job)
    assert found is not None
    assert found.trouble is not None
    assert found.trouble.reason is Reason.UNAVAILABLE
    world.server.fault = None
    again = run(world, job)
    assert again is not None
    assert (again.succeeded, again.counts.restored) == (True, 260)


@pytest.mark.parametrize("level", [VerifyLevel.TABLES, VerifyLevel.FULL])
def test_a_pack_that_its_store_does_not_give_is_found_by_a_check(level: VerifyLevel) -> None:
    world, name, _ = crowded()
    world.server.fault = refusing(name)
    report, found = verified(world, level)
    assert 100 < report.damaged < 260
    assert {row.why for row in found} == {f"{name}: its store does not give it: Unavailable InternalError"}
    world.server.fault = refusing_all
    with pytest.raises(Unavailable):
        verified(world, level)


def refusing_all(operation: str, _bucket: str, _key: str) -> None:
    if operation == "Get":
        raise Unavailable("no")


def test_a_drill_of_lost_packs_or_of_a_lost_leaf_has_failed() -> None:
    world, _, backup = crowded()
    job = RestoreJob("uid", BACK, PLACE, backup=backup, sample=0)
    for name in [name for name in world.stored() if name.startswith("packs/")]:
        world.server.buckets["backup"].keys.pop(f"shop/{name}")
    found = run(world, job)
    assert found is not None
    assert (found.trouble, found.counts.failed, found.succeeded) == (None, 260, False)
    assert found.drill is not None
    for name in [name for name in world.stored() if name.startswith("leaves/")]:
        world.server.buckets["backup"].keys.pop(f"shop/{name}")
    without = run(world, job)
    assert without is not None
    assert (without.trouble, without.counts.failed, without.failed) == (None, 260, {"Damaged": 260})
    assert without.drill is not None
    assert without.drill.sampled == 260


@dataclass
class OpenedAll(Opened):
    """Also opens the source."""

    def end(self, side: str, end: JobEnd) -> TransferEnd:
        return self.world.end if side == "source" else super().end(side, end)

    @property
    def stores(self) -> "OpenedAll":
        return self

    def ask(self, action: Callable[[], str]) -> str:
        return action()

    def named(self, backend: str) -> str:
        return backend

    def store(self, _named: str) -> Store:
        """It has no lifecycle rules."""
        return Store(None)


def listing(world: World, lines: bytes) -> RestoreFound:
    world.put("list", lines)
    job = RestoreJob("uid", BACK, PLACE, keys=LIST)
    found = RestoreRun(cast("RunParts", OpenedAll(world)))(KEY, job, Control())
    assert found is not None
    return found


def test_a_list_of_keys_restores_these(world: World) -> None:
    world.back_up()
    found = listing(world, b"originals/03.png\r\n\noriginals/04.png")
    assert (found.trouble, found.counts.restored) == (None, 2)
    there = {key for key in world.restored() if not key.startswith(RESERVED_PREFIX)}
    assert there == {"originals/03.png", "originals/04.png"}


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (b"".join(b"%d\n" % n for n in range(100_001)), "the list has more than 100000 keys; split it"),
        (b"x" * 5000, "a line has more than 4096 bytes; give one key a line"),
        (b"x\n" * 4 * 1024**2 + b"y", "the list of keys has 8388609 bytes; split it at 8388608"),
        (b"\n\n", "names no key"),
    ],
)
def test_a_list_of_keys_that_takes_too_much_memory_is_refused(world: World, lines: bytes, why: str) -> None:
    world.back_up()
    found = listing(world, lines)
    assert found.trouble is not None
    assert found.trouble.reason is Reason.KEYS_NOT_LISTED
    assert found.trouble.final
    assert why in found.trouble.message


def test_the_longest_list_of_keys_takes_little_memory(world: World) -> None:
    """5 GiB were taken at the limit of 256 MiB: a tenant ended the operator again and again."""
    world.put("list", b"".join(b"%079d\n" % n for n in range(100_000)))
    job = RestoreJob("uid", BACK, PLACE, keys=LIST)
    tracemalloc.start()
    try:
        found = key_list(cast("RunParts", OpenedAll(world)), job)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found) == 100_000
    assert peak < 64 * 1024**2


def versioned() -> tuple[World, RestoreJob]:
    """A bucket with versions and a backup; and a restore of its versions from before now."""
    world = World()
    world.source_server.buckets |= {"photos": MemoryContent(versioned=True), "restored": MemoryContent()}
    world.target, world.target_server = replace(world.end, bucket="restored"), world.source_server
    for number in range(20):
        world.put(f"p{number:02}", b"%d" % number)
    world.back_up()
    clock = world.source_server.clock
    assert isinstance(clock, StoreClock)
    clock.pass_hours(1)
    return world, RestoreJob("uid", BACK, PLACE, LIST[0], as_of=clock.now, wanted="Versions")


def test_a_restore_of_versions_that_a_backup_misses_some_of_has_not_succeeded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("imagestore.repository.restoring.running.BATCH_ROWS", 5)
    world, job = versioned()
    whole = RestoreRun(cast("RunParts", OpenedAll(world)))(KEY, replace(job, uid="whole"), Control())
    assert whole is not None
    assert (whole.succeeded, whole.source) == (True, "Versions")
    del world.source_server.buckets["photos"].keys["p07"]
    runs = RestoreRun(cast("RunParts", OpenedAll(world)))
    job = replace(job, conflict="Skip")
    assert runs(KEY, job, AskedBack(answers=stopped_at(3))) is None
    found = runs(KEY, job, Control())
    assert found is not None
    assert (found.succeeded, found.counts.restored + found.counts.kept) == (False, 19)
    assert found.why.startswith("of 1 keys no version is as old as that")


def test_versions_that_are_deleted_during_a_restore_are_missed() -> None:
    world, job = versioned()

    def fault(operation: str, _bucket: str, key: str) -> None:
        if operation == "Put" and key.endswith("/chosen.json"):
            del world.source_server.buckets["photos"].keys["p07"]

    world.target_server.fault = fault
    found = RestoreRun(cast("RunParts", OpenedAll(world)))(KEY, replace(job, repository=None), Control())
    assert found is not None
    assert (found.succeeded, found.counts.restored) == (False, 19)
    assert found.why == "1 of the 20 objects that were counted first were not there any more"
