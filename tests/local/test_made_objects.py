"""Objects that the operator makes for another object, in a state folder: once, told at once, and no manifest's business."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from imagestore.api.kinds import KINDS
from imagestore.controller.making import MadeObjects
from imagestore.controller.state.objects import Key
from imagestore.local.folder import StateFolder
from imagestore.local.objects import FolderObjects, Manifest
from imagestore.reconcile.shared.making import MADE_BY, NewObject

BUCKET = next(kind for kind in KINDS if kind.name == "ImageBucket")
KEY = Key(BUCKET.name, "shop", "nightly-1")


class Made:
    """A state folder, and a reconcile's thread that makes objects in it. ``told``: what the triggers would hear."""

    def __init__(self, objects: FolderObjects) -> None:
        self.objects, self.told = objects, list[tuple[str, str]]()

    def during(self, thread: Callable[[MadeObjects], Any]) -> Any:
        """Run a thread beside an event loop, as a worker does."""

        async def story() -> Any:
            own = MadeObjects(
                self.objects,
                lambda _, type_, raw: self.told.append((type_, raw["metadata"]["name"])),
                self._refresh,
                asyncio.get_running_loop(),
            )
            return await asyncio.to_thread(thread, own)

        return asyncio.run(story())

    async def _refresh(self, key: Key) -> None:
        self.told.append(("GONE" if key not in self.objects.known() else "THERE", key.name))

    def uid(self) -> str:
        """Of the one object."""
        return str(dict(self.kept())["metadata"]["uid"])

    def kept(self) -> Any:
        """The object as another process would read it."""
        ((_, obj),) = StateFolder(self.objects._folder.path, KINDS).load()
        return obj


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    folder = StateFolder(tmp_path / "state", KINDS)
    with folder.locked():
        yield Made(FolderObjects(folder, lambda _: None))


def new(made_by: str = "BackupSchedule/nightly") -> NewObject:
    return NewObject(
        BUCKET, "shop", KEY.name, {"bucketName": "shop--1"}, made_by, {"imagestore.dev/schedule": "nightly"}
    )


def test_a_made_object_is_there_once_and_is_told(made: Made) -> None:
    """The second try is one after a restart: the first one's answer was lost."""
    assert made.during(lambda own: [own.make(new()), own.make(new())]) == ["", ""]
    meta = made.kept()["metadata"]
    assert (meta["labels"], meta["annotations"]) == (
        {"imagestore.dev/schedule": "nightly"},
        {MADE_BY: "BackupSchedule/nightly"},
    )
    assert made.kept()["spec"] == {"bucketName": "shop--1"}
    assert made.told == [("ADDED", KEY.name), ("MODIFIED", KEY.name)]


def test_an_object_of_that_name_that_was_made_for_another_one_is_left(made: Made) -> None:
    made.during(lambda own: own.make(new()))
    told = made.during(lambda own: own.make(new("BackupSchedule/weekly")))
    assert (
        told == "there is another ImageBucket nightly-1, which BackupSchedule/weekly did not make; delete it"
    )
    assert made.kept()["metadata"]["annotations"] == {MADE_BY: "BackupSchedule/nightly"}


def test_only_the_very_object_is_deleted(made: Made) -> None:
    made.during(lambda own: own.make(new()))
    assert made.during(lambda own: own.remove(BUCKET, "shop", KEY.name, "another-uid")) == ""
    assert made.uid()
    uid = made.uid()
    assert made.during(lambda own: own.remove(BUCKET, "shop", KEY.name, uid)) == ""
    assert made.told[-1] == ("GONE", KEY.name)
    assert made.objects.known() == []
    assert made.during(lambda own: own.remove(BUCKET, "shop", KEY.name, uid)) == ""


def test_no_manifest_names_it_and_a_prune_leaves_it(made: Made) -> None:
    """``imagestore apply --watch`` deletes what no manifest names any more; the Backups of a schedule never had one."""
    made.during(lambda own: own.make(new()))
    assert made.objects.missing([]) == []
    manifest = Manifest(BUCKET, "shop", "photos", {"bucketName": "shop--photos"})
    asyncio.run(made.objects.apply(manifest, lambda *_: None))
    assert made.objects.missing([]) == [manifest.key]


def test_a_state_folder_that_cannot_be_written_is_told(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "state")

    monkeypatch.setattr("imagestore.local.folder._replace", full)
    told = made.during(lambda own: own.make(new()))
    assert told == "the state folder: state: No space left on device; nothing more is done"
