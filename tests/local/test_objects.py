"""Objects in a state folder while several are written at once: no edit is lost, and no disk is waited for one by one."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest

from imagestore.api.kinds import KINDS
from imagestore.controller.state.objects import Key
from imagestore.local import folder as folders
from imagestore.local.folder import StateFolder
from imagestore.local.objects import FolderObjects, FolderRefused, Manifest

BUCKET = next(kind for kind in KINDS if kind.name == "ImageBucket")
WAIT = 20.0  # seconds; a barrier that only some reach breaks then
real = folders._replace


@pytest.fixture
def objects(tmp_path: Path) -> Iterator[FolderObjects]:
    """Those of an empty folder."""
    folder = StateFolder(tmp_path / "state", KINDS)
    with folder.locked():
        yield FolderObjects(folder, lambda _: None)


def manifest(name: str, **spec: Any) -> Manifest:
    """One ImageBucket."""
    return Manifest(BUCKET, "shop", name, {"bucketName": f"shop--{name}", **spec})


def silent(*_: object) -> None:
    """Hears nothing."""


def on_disk(objects: FolderObjects) -> list[Any]:
    """What another process would read."""
    return [obj for _, obj in StateFolder(objects._folder.path, KINDS).load()]


def slow(monkeypatch: pytest.MonkeyPatch, wait: Callable[[], object]) -> None:
    """A disk that takes its time."""

    def replace(file: Path, text: str) -> None:
        wait()
        real(file, text)

    monkeypatch.setattr(folders, "_replace", replace)


def test_objects_are_written_side_by_side(objects: FolderObjects, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other in the event loop, 22 of the 37 seconds that 300 new buckets took were a disk's."""
    meet = Barrier(3, timeout=WAIT)
    slow(monkeypatch, meet.wait)

    async def both() -> None:
        writes = asyncio.gather(*(objects.apply(manifest(n), silent) for n in ("a", "b")))
        await asyncio.to_thread(meet.wait)  # both are being written, and the event loop goes on
        await writes

    asyncio.run(both())
    assert [o["metadata"]["name"] for o in on_disk(objects)] == ["a", "b"]


def test_an_edit_while_a_status_is_written_loses_neither(
    objects: FolderObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(objects.apply(manifest("a"), silent))
    writing, goes_on = Event(), Event()

    def held() -> None:
        writing.set()
        goes_on.wait(WAIT)

    slow(monkeypatch, held)

    async def story() -> None:
        version = objects.snapshot()[0][1]["metadata"]["resourceVersion"]
        status = asyncio.create_task(
            objects.put_status(BUCKET, Key("ImageBucket", "shop", "a"), version, {"facets": []})
        )
        await asyncio.to_thread(writing.wait, WAIT)
        edit = asyncio.create_task(objects.apply(manifest("a", tags={"team": "shop"}), silent))
        await asyncio.sleep(0)
        goes_on.set()
        await asyncio.gather(status, edit)
        with pytest.raises(FolderRefused, match="was changed meanwhile"):  # the version is an old one by now
            await objects.put_status(BUCKET, Key("ImageBucket", "shop", "a"), version, {})

    asyncio.run(story())
    (kept,) = on_disk(objects)
    assert (kept["spec"]["tags"], kept["status"]) == ({"team": "shop"}, {"facets": []})
    assert kept["metadata"]["generation"] == 2


def test_uids_are_in_the_order_of_the_manifests(objects: FolderObjects) -> None:
    """Of two that claim one bucket the first wins, whichever file the disk finishes first."""
    names = [f"b{n}" for n in range(30)]

    async def all_at_once() -> None:
        await asyncio.gather(*(objects.apply(manifest(n), silent) for n in reversed(names)))

    asyncio.run(all_at_once())
    uids = {o["metadata"]["name"]: o["metadata"]["uid"] for o in on_disk(objects)}
    assert sorted(names, key=uids.__getitem__) == names[::-1]
    assert [obj["metadata"]["name"] for _, obj in objects.all()] == sorted(names)
