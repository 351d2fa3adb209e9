"""What another program puts in the place of our files fills no memory: objects may have 5 TiB, and one operator serves all tenants."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from imagestore.backends.memory_content import MemoryContent
from imagestore.controller.restore_folder import FailedRows, RestoreFolder
from imagestore.core.objects import ObjectAttributes
from imagestore.repository.store.opening import refuse_same_bucket
from imagestore.repository.store.view import backups
from tests.repository.world import World

SIZE = 48 * 1024**2
MOST = 3 * 32 * 1024**2
PLAIN = ObjectAttributes()
RUN = "ab" * 16


def peak(action: Callable[[], Any]) -> int:
    """The most memory that an action held besides what was there before."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "name",
    ["format.json", "keys/another", f"runs/{RUN}", f"backups/20990101T000000Z-{RUN}", f"trash/{RUN}-forgotten", f"verified/{RUN}"],
)  # fmt: skip
def test_a_repository_is_opened_beside_a_huge_file_in_the_place_of_one_of_its_own(name: str) -> None:
    """It was read whole before its MAC was looked at: the operator was killed for its memory at each start."""
    world = World(versioned=True)
    world.put("a", b"a")
    root = world.back_up()
    world.server.put("backup", f"shop/{name}", bytes(SIZE), PLAIN)
    found: list[str] = []
    held = peak(lambda: found.extend(r.name for r in backups(world.opened()).roots))
    assert found == [root.name]
    assert held < SIZE // 2
    world.prune(last=1)


def test_an_object_of_the_source_that_is_called_format_json_is_not_read_whole() -> None:
    world = World()
    world.source_server.put("photos", "shop/format.json", bytes(SIZE), PLAIN)
    assert peak(lambda: refuse_same_bucket(world.files(), world.end.store, "photos")) < SIZE // 2


def test_the_folder_of_a_restore_is_read_beside_huge_files() -> None:
    world = World()
    folder = RestoreFolder(world.target, "uid", "run")
    rows = FailedRows(folder)
    rows.tell("a", "Damaged: packs/x")
    rows.flush()
    for name in ("chosen.json", "ended.json", "checkpoint.json", "failed/huge.jsonl"):
        world.target_server.put("restored", folder.place + name, bytes(SIZE), PLAIN)
    assert peak(folder.chosen) < SIZE // 2
    assert peak(lambda: folder.ended(0.0)) < SIZE // 2
    assert peak(folder.checkpoint) < SIZE // 2
    assert folder.chosen() is None
    assert peak(lambda: folder.reported({"Damaged": 1})) < SIZE // 2
    assert world.restored()[f"{folder.place}failed.jsonl"].count(b"\n") == 1


def test_a_report_is_kept_in_parts_that_can_be_read_again() -> None:
    world = World()
    world.target_server.buckets["restored"] = MemoryContent()
    rows = FailedRows(RestoreFolder(world.target, "uid", "run"))
    for n in range(5000):
        rows.tell(f"{n:04}" + "k" * 1000, "Damaged: packs/x")
    rows.flush()
    assert len(list(rows.folder.parts())) == 2
    rows.folder.reported({"Damaged": 5000})
    assert world.restored()[f"{rows.folder.place}failed.jsonl"].count(b"\n") == 5000
