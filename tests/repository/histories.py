"""Histories of backups, and processes that freeze in the middle of a write."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from imagestore.repository.store.view import backups
from tests.repository.outside_reader import OutsideReader
from tests.repository.world import SECRET, WRITES, World

PACK = 3000


def small(**how: Any) -> World:
    """Objects of a kilobyte, three to a pack."""
    world = World(pack_bytes=PACK, **how)
    for n in range(12):
        world.put(f"{n:02}", world.random(1000))
    return world


def named_files(world: World) -> set[str]:
    """What the backups need, by a reader that is not ours: brute force."""
    files = world.stored()
    reader = OutsideReader(files, SECRET.value, "secret")
    found: set[str] = set()
    for backup in reader.backups():
        for leaf in reader.document(f"backups/{backup}")["leaves"]:
            found.add(f"leaves/{leaf['leaf'][:2]}/{leaf['leaf']}")
        for row in reader.rows(backup):
            where, offset = row.get("pack"), row.get("offset", 0)
            while where and (place := reader._moved(where, offset)) is not None:
                found |= {n for n in files if n.startswith(f"moved/{where}-")}
                where, offset = place["pack"], place["offset"]
            if where:
                found.add(f"packs/{where[:2]}/{where}")
    return found


@contextmanager
def frozen_at(
    number: int, world: World, *, whole: bool = True
) -> Iterator[tuple[threading.Event, threading.Event]]:
    """The n-th write of another thread than this one waits until it is let go on, and if ``whole`` all writes of others after it."""
    left, frozen, go_on = [number], threading.Event(), threading.Event()
    outsiders = {threading.get_ident()}

    def fault(operation: str, _bucket: str, _key: str) -> None:
        if threading.get_ident() in outsiders or operation not in WRITES or go_on.is_set():
            return
        if frozen.is_set() and not whole:
            return
        left[0] -= 1
        if left[0] < 0:
            frozen.set()
            go_on.wait(60)

    world.server.fault = fault
    try:
        yield frozen, go_on
    finally:
        go_on.set()
        world.server.fault = None


def in_thread(action: Callable[[], Any], results: list[Any]) -> threading.Thread:
    def work() -> None:
        try:
            results.append(action())
        except Exception as error:  # noqa: BLE001  judged by the test
            results.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def changed_world(step: int = 2) -> tuple[World, dict[str, dict[str, bytes]]]:
    """Two backups, the older one with contents that come back: the next backup finds them in packs that are about to go."""
    world, expected = small(), {}
    old = world.content()
    root = world.back_up()
    expected[root.name] = world.content()
    for n in range(0, 12, step):
        world.put(f"{n:02}", world.random(1000))
    root = world.back_up()
    expected[root.name] = world.content()
    for n in range(6):
        world.put(f"{n:02}", old[f"{n:02}"])
        world.put(f"new-{n:02}", world.random(1000))
    return world, expected


def listed_restore(world: World, expected: dict[str, dict[str, bytes]]) -> list[str]:
    """Every backup that is listed restores to what its bucket held."""
    roots = backups(world.opened()).roots
    for root in roots:
        world.assert_restores(root, expected[root.name])
    return [root.name for root in roots]


def assert_written_once(world: World) -> None:
    """No name is used twice: a removal that wakes up late deletes what it meant, and nothing else."""
    written = [k for o, _, k in world.server.calls if o == "Put" and "/runs/" not in k]
    assert len(written) == len(set(written))
