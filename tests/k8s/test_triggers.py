"""Who is looked at when something changes. No API server, no clock."""

from collections.abc import Iterator
from typing import Any

import pytest

from imagestore.api.kinds import IMAGE_BUCKET, STORAGE_BACKEND
from imagestore.backends.memory import MemoryBackend, MemoryStore
from imagestore.controller.state.objects import Key
from imagestore.controller.stores import Connecting
from imagestore.controller.work.queue import Lane, Priority, WorkQueue
from imagestore.controller.work.triggers import Triggers
from imagestore.kinds import ALL
from imagestore.reconcile.shared.situation import SPREAD, Settings
from tests.k8s.known import services
from tests.k8s.test_object_cache import raw
from tests.k8s.test_queue import Clock

DONE = {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True"}]}
KEY = Key("ImageBucket", "shop", "a")
BACKEND = Key("StorageBackend", "", "eu")


class World:
    """A cache, a queue and what ties them, with a connection that counts."""

    def __init__(self) -> None:
        self.clock, self.cache = Clock(), ALL.cache()
        self.forgotten: list[Key] = []
        self.connections = 0
        self.queue = WorkQueue(self.clock, lambda _: (Lane("lane"), 64))
        parts = services(self.cache, self._connect, is_running=self.queue.is_running)
        self.stores = parts.stores
        self.triggers = Triggers(ALL, parts, self.queue, self.forgotten.append)

    def _connect(self, *_: Any) -> MemoryBackend:
        self.connections += 1
        return MemoryBackend(MemoryStore(), {})

    def bucket(self, type_: str | None, name: str = "a", **more: Any) -> None:
        self.triggers.event(IMAGE_BUCKET, type_, raw(name, **more))

    def backend(self, type_: str | None, version: int = 1, **spec: Any) -> None:
        body = raw("eu", namespace="", version=version)
        del body["metadata"]["namespace"]
        body["metadata"]["generation"] = version
        good = {"provider": "MinIO", "s3": {"region": "here"}, "credentials": {"secretRef": {"name": "keys"}}}
        body["spec"] = good | spec
        self.triggers.event(STORAGE_BACKEND, type_, body)

    def backend_answers(self, version: int = 7, **more: Any) -> None:
        body = raw("eu", namespace="", version=version, status=DONE | more)
        del body["metadata"]["namespace"]
        self.triggers.written(STORAGE_BACKEND, body)

    def taken(self) -> Iterator[tuple[str, Priority]]:
        while (item := self.taken_one()) is not None:
            yield item

    def taken_one(self) -> tuple[str, Priority] | None:
        item = self.queue.take()
        if item is None:
            return None
        self.queue.done(item.key)
        return item.key.name, item.priority

    def inputs(self) -> str:
        return self.stores.inputs("eu")


@pytest.fixture
def world() -> World:
    return World()


def test_what_is_as_it_was_left_is_looked_at_some_time_in_the_interval(world: World) -> None:
    for n in range(200):
        world.bucket(None, f"b{n}", status=DONE | {"inputsHash": world.inputs()})
    assert list(world.taken()) == []
    world.clock.now += 300
    assert 60 < len(list(world.taken())) < 140, "half of them in half of the interval"
    world.clock.now += 300
    assert 60 < len(list(world.taken())) < 140, "and the others in the other"
    assert world.queue.delayed == 0


def test_what_was_let_go_is_taken_hold_of_at_once(world: World) -> None:
    """After a reinstall: deleted before its turn in the interval it was gone, whatever its deletionPolicy said."""
    settled = DONE | {"inputsHash": world.inputs()}
    world.bucket(None, "released", status=settled, metadata={"finalizers": ["example.com/other"]})
    world.bucket(None, "held", status=settled)
    assert list(world.taken()) == [("released", Priority.LOOK)]


def test_what_was_left_undone_is_taken_up_at_once(world: World) -> None:
    world.bucket(None, "undone")
    assert list(world.taken()) == [("undone", Priority.LOOK)]


def test_a_backend_that_changed_while_nobody_looked_is_noticed(world: World) -> None:
    world.backend(None)
    world.bucket(None, "same", status=DONE | {"inputsHash": world.inputs()})
    world.bucket(None, "stale", status=DONE | {"inputsHash": "of before"})
    assert [name for name, _ in world.taken()] == ["eu", "stale"]


def test_a_users_edit_is_an_edit_even_if_a_listing_brings_it(world: World) -> None:
    world.bucket("ADDED")
    world.bucket("MODIFIED", version=2, status=DONE)
    list(world.taken())
    world.bucket(None, version=3, metadata={"generation": 2})
    assert list(world.taken()) == [("a", Priority.EDIT)]


def test_the_echo_of_our_own_write_wakes_nobody(world: World) -> None:
    world.bucket("ADDED")
    list(world.taken())
    world.triggers.written(IMAGE_BUCKET, raw("a", version=5, status=DONE))
    world.bucket("MODIFIED", version=4)
    world.bucket("MODIFIED", version=5, status=DONE)
    assert list(world.taken()) == []


def test_an_echo_that_overtakes_the_answer_wakes_nobody(world: World) -> None:
    world.bucket("ADDED")
    assert world.queue.take() is not None
    world.bucket("MODIFIED", version=5, status=DONE)
    world.triggers.written(IMAGE_BUCKET, raw("a", version=5, status=DONE))
    world.queue.done(KEY)
    assert list(world.taken()) == []


def test_a_status_that_somebody_else_wrote_is_looked_into(world: World) -> None:
    world.bucket("ADDED", status=DONE)
    list(world.taken())
    world.bucket("MODIFIED", version=2, status={})
    assert list(world.taken()) == [("a", Priority.RETRY)]


def test_labels_and_annotations_wake_nobody(world: World) -> None:
    world.bucket("ADDED")
    list(world.taken())
    world.bucket("MODIFIED", version=2, metadata={"labels": {"x": "y"}})
    assert list(world.taken()) == []


def test_a_namesake_is_another_object(world: World) -> None:
    world.bucket("ADDED", uid="first")
    list(world.taken())
    world.bucket("MODIFIED", version=2, uid="second")
    assert world.forgotten == [KEY]
    assert list(world.taken()) == [("a", Priority.EDIT)]


def test_a_secret_makes_its_backends_connect_anew(world: World) -> None:
    world.backend("ADDED")
    world.bucket("ADDED")
    list(world.taken())
    for _ in range(2):
        world.stores.store(world.stores.named("eu"))
    assert world.connections == 1
    assert world.triggers.secret("keys")
    world.stores.store(world.stores.named("eu"))
    assert world.connections == 2
    assert sorted(world.taken()) == [("a", Priority.RETRY), ("eu", Priority.RETRY)]
    assert not world.triggers.secret("somebody else's")


def test_an_edited_backend_connects_anew_and_its_buckets_are_looked_at(world: World) -> None:
    world.backend("ADDED")
    world.bucket("ADDED", status=DONE)
    world.stores.store(world.stores.named("eu"))
    list(world.taken())
    world.backend("MODIFIED", 2, limits={"concurrency": 1})
    world.stores.store(world.stores.named("eu"))
    assert world.connections == 2
    assert sorted(world.taken()) == [("a", Priority.RETRY), ("eu", Priority.EDIT)]


def test_a_secret_that_changes_while_a_connection_is_made_is_not_missed(world: World) -> None:
    world.backend("ADDED")
    made = world.stores._connecting.connect

    def slow(*args: Any) -> Any:
        world.triggers.secret("keys")
        return made(*args)

    world.stores._connecting = Connecting(slow)
    world.stores.store(world.stores.named("eu"))
    world.stores._connecting = Connecting(made)
    world.stores.store(world.stores.named("eu"))
    assert world.connections == 2, "the first one was made from the old Secret and is not kept"


def test_buckets_that_come_and_go_are_counted_together(world: World) -> None:
    world.backend("ADDED")
    list(world.taken())
    for n in range(100):
        world.bucket("ADDED", f"b{n}")
    assert "eu" not in [name for name, _ in world.taken()]
    world.clock.now += Settings("prod").counted_in
    assert [name for name, _ in world.taken()] == ["eu"]


def test_a_freed_place_is_offered_to_those_that_came_later(world: World) -> None:
    world.backend("ADDED", tenancy={"maxBuckets": 1})
    world.bucket("ADDED", "first", age=0, status=DONE)
    world.bucket("ADDED", "second", age=1)
    list(world.taken())
    world.bucket("DELETED", "first", age=0, version=9)
    assert list(world.taken()) == [("second", Priority.RETRY)]


def test_a_backend_that_answers_again_wakes_who_waited(world: World) -> None:
    world.backend("ADDED")
    world.bucket("ADDED", "waits")
    world.bucket("ADDED", "fine", status=DONE)
    list(world.taken())
    world.backend_answers()
    assert list(world.taken()) == [("waits", Priority.RETRY)]


def test_a_backend_that_answers_no_more_makes_all_its_buckets_look(world: World) -> None:
    """Each would have been Ready until its own next look, ten minutes away at most."""
    world.backend(None)
    world.backend_answers()
    world.bucket(None, "a", status=DONE | {"inputsHash": world.inputs()})
    world.bucket(None, "b", status=DONE | {"inputsHash": world.inputs()})
    list(world.taken())
    world.backend_answers(8, conditions=[{"type": "Ready", "status": "False", "reason": "StoreUnreachable"}])
    assert world.stores.store(world.stores.named("eu")).silent
    world.clock.now += SPREAD
    assert {name for name, _ in world.taken()} == {"a", "b"}
    world.backend_answers(9)
    assert not world.stores.store(world.stores.named("eu")).silent


def test_a_backend_that_answers_for_the_first_time_does_not_make_a_creation_look_twice(world: World) -> None:
    world.backend("ADDED")
    world.queue.take()
    world.bucket("ADDED")
    assert world.queue.take() is not None
    world.backend_answers()
    world.queue.done(KEY)
    assert list(world.taken()) == []


LOGS = {"logging": {"targetBucketRef": {"name": "audit"}}}
MADE = DONE | {"endpoint": "https://store"}


def named(world: World) -> list[str]:
    """Who is looked at besides the bucket that is named."""
    return [name for name, _ in world.taken() if name != "audit"]


def test_who_names_a_bucket_hears_of_it_until_it_is_made(world: World) -> None:
    world.bucket("ADDED", "photos", spec=LOGS)
    world.bucket("ADDED", "plain")
    list(world.taken())
    world.bucket("ADDED", "audit")
    assert named(world) == ["photos"]
    world.triggers.written(IMAGE_BUCKET, raw("audit", version=2, status=MADE))
    assert named(world) == ["photos"], "our own write says that it is made"
    world.bucket("MODIFIED", "audit", version=2, status=MADE)
    assert named(world) == [], "and its echo says nothing new"
    world.triggers.written(IMAGE_BUCKET, raw("audit", version=3, status=MADE | {"observedGeneration": 2}))
    assert named(world) == [], "what else becomes of it is no matter"


def test_who_names_a_bucket_hears_that_it_is_going_and_gone(world: World) -> None:
    world.bucket("ADDED", "photos", spec=LOGS, status=DONE)
    world.bucket("ADDED", "audit", status=MADE)
    list(world.taken())
    going = {"deletionTimestamp": "2026-01-02T00:00:00Z"}
    world.bucket("MODIFIED", "audit", version=2, status=MADE, metadata=going)
    assert named(world) == ["photos"], "though it is settled"
    world.bucket("DELETED", "audit", version=3, status=MADE, metadata=going)
    assert named(world) == ["photos"]


def test_who_names_a_bucket_hears_what_that_names_in_turn(world: World) -> None:
    world.bucket("ADDED", "photos", spec=LOGS)
    back = {"logging": {"targetBucketRef": {"name": "photos"}}}
    world.bucket("ADDED", "audit", spec=back)
    list(world.taken())
    world.bucket("MODIFIED", "audit", version=2, metadata={"generation": 2})
    assert named(world) == ["photos"], "they may stop going round in circles"


def test_a_restart_hurries_only_who_was_left_waiting(world: World) -> None:
    settled = DONE | {"inputsHash": world.inputs()}
    world.bucket(None, "photos", spec=LOGS, status=settled)
    world.bucket(None, "waits", spec=LOGS)
    list(world.taken())
    world.bucket(None, "audit", status=settled | {"endpoint": "https://store"})
    assert named(world) == ["waits"]
