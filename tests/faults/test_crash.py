"""Killed before and after every call that changes something; started again, it ends where it would have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from dev.stores import Store as Server
from imagestore.reconcile.shared.situation import Settings
from tests.faults.proxy import Proxy
from tests.faults.world import EDITED, QUOTA, SPEC, StoreWorld, gone, make, names, plain

MUTATING = ("Create", "Put", "Delete", "Abort", "admin:Set", "admin:Clear", "admin:Add", "admin:Edit")


class Killed(Exception):
    """SIGKILL: no StoreError, so nobody in between may make anything of it."""


@dataclass
class Switch:
    """Numbers the mutating calls from 1 and kills before (``after`` False) or after the one that is named."""

    at: int = 0
    after: bool = False
    count: int = 0

    def around(self, call: Callable[[str, Mapping[str, Any]], dict[str, Any]]) -> Any:
        """``call`` with the switch in it."""

        def switched(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
            mutating = operation.startswith(MUTATING)
            self.count += mutating
            hit = mutating and self.count == self.at
            if hit and not self.after:
                raise Killed
            answer = call(operation, parameters)
            if hit:
                raise Killed
            return answer

        return switched


Scene = Callable[[StoreWorld], None]


def create(world: StoreWorld) -> None:
    """Nothing is there yet."""


def update(world: StoreWorld) -> None:
    """A bucket with a picture in it, and an edit."""
    world.recover()
    plain(world.server).put_object(Bucket=world.bucket_name, Key="a.jpg", Body=b"x")
    world.edit(**EDITED, **QUOTA)


def delete(world: StoreWorld) -> None:
    """An empty bucket that is to go."""
    world.recover()
    world.edit(deletionPolicy="DeleteIfEmpty").delete()


def empty(world: StoreWorld) -> None:
    """A bucket that is to go with its versions, markers and uploads."""
    world.recover()
    client, bucket = plain(world.server), world.bucket_name
    for number in range(5):
        client.put_object(Bucket=bucket, Key=f"{number}.jpg", Body=b"x")
    client.delete_object(Bucket=bucket, Key="0.jpg")
    client.create_multipart_upload(Bucket=bucket, Key="open.jpg")
    world.settings = Settings("prod", sweep_step=3)
    world.edit(deletionPolicy="DeleteAll").delete()


def killed(server: Server, proxy: Proxy, scene: Scene, switch: Switch) -> StoreWorld:
    """The scene, killed where the switch says, started again, and brought to its end."""
    world = make(server, proxy).apply(**SPEC, **QUOTA)
    scene(world)
    assert world.backend is not None
    world.backend = replace(world.backend, call=switch.around(world.backend.call))
    try:
        end(world)
    except Killed:
        world.restart().wait = 0.0
        world.connect()
        end(world)
    return world


def end(world: StoreWorld) -> None:
    """Ready, or gone."""
    world.finish() if world.deleting else world.recover()


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("scene", [create, update, delete, empty])
def test_every_call(minio_store: Server, proxy: Proxy, scene: Scene, moment: str) -> None:
    there, dry = names(minio_store), Switch()
    whole = killed(minio_store, proxy, scene, dry)
    worlds = [whole]
    for number in range(1, dry.count + 1):
        switch = Switch(at=number, after=moment == "after")
        worlds.append(killed(minio_store, proxy, scene, switch))
        assert switch.count >= number, "the switch was reached"
    for world in worlds:
        assert gone(world) if world.deleting else same(world, whole)
        assert "ContentLost" not in world.reasons()
    stay = {w.bucket_name for w in worlds if not w.deleting}
    assert names(minio_store) == there | stay, "nothing orphaned, nothing lost"


def same(world: StoreWorld, whole: StoreWorld) -> bool:
    """The same end, but for names and times."""
    assert world.differences() == []
    mine, theirs = world.snapshot(), whole.snapshot()
    assert mine is not None
    assert theirs is not None
    for found in (mine, theirs):
        found["list_object_versions"] = [v["Key"] for v in found["list_object_versions"] or ()]
    assert str(mine) == str(theirs).replace(whole.bucket_name, world.bucket_name)
    return _states(world) == _states(whole)


def _states(world: StoreWorld) -> list[tuple[str, str]]:
    return [(f["name"], f["state"]) for f in world.status["facets"]]
