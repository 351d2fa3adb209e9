"""Who is looked at when something changes. No API server, no clock."""

from collections.abc import Iterator
from typing import Any

import pytest

from imagestore.backends.memory import MemoryBackend, MemoryStore
from imagestore.k8s.cache import Cache
from imagestore.k8s.objects import IMAGE_BUCKET, LIFECYCLE_POLICY, STORAGE_BACKEND, Key
from imagestore.k8s.queue import Priority, WorkQueue
from imagestore.k8s.stores import Connecting, Stores
from imagestore.k8s.triggers import COUNTED_IN, TOLD_IN, Triggers
from tests.k8s.test_object_cache import raw
from tests.k8s.test_queue import Clock

DONE = {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True"}]}
KEY = Key("ImageBucket", "shop", "a")
BACKEND = Key("StorageBackend", "", "eu")


class World:
    """A cache, a queue and what ties them, with a connection that counts."""

    def __init__(self) -> None:
        self.clock, self.cache = Clock(), Cache()
        self.forgotten: list[Key] = []
        self.connections = 0
        self.stores = Stores(self.cache, lambda _: None, Connecting(self._connect))
        self.queue = WorkQueue(self.clock, lambda _: ("lane", 64))
        self.triggers = Triggers(self.cache, self.queue, self.stores, 600.0, self.forgotten.append)

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

    def backend_answers(self) -> None:
        body = raw("eu", namespace="", version=7, status=DONE)
        del body["metadata"]["namespace"]
        self.triggers.written(STORAGE_BACKEND, body)

    def taken(self) -> Iterator[tuple[str, Priority]]:
        while (item := self.queue.take()) is not None:
            yield item.key.name, item.priority
            self.queue.done(item.key)

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
        world.stores.store("eu")
    assert world.connections == 1
    assert world.triggers.secret("keys")
    world.stores.store("eu")
    assert world.connections == 2
    assert sorted(world.taken()) == [("a", Priority.RETRY), ("eu", Priority.RETRY)]
    assert not world.triggers.secret("somebody else's")


def test_an_edited_backend_connects_anew_and_its_buckets_are_looked_at(world: World) -> None:
    world.backend("ADDED")
    world.bucket("ADDED", status=DONE)
    world.stores.store("eu")
    list(world.taken())
    world.backend("MODIFIED", 2, limits={"concurrency": 1})
    world.stores.store("eu")
    assert world.connections == 2
    assert sorted(world.taken()) == [("a", Priority.RETRY), ("eu", Priority.EDIT)]


def test_a_secret_that_changes_while_a_connection_is_made_is_not_missed(world: World) -> None:
    world.backend("ADDED")
    made = world.stores._connecting.connect

    def slow(*args: Any) -> Any:
        world.triggers.secret("keys")
        return made(*args)

    world.stores._connecting = Connecting(slow)
    world.stores.store("eu")
    world.stores._connecting = Connecting(made)
    world.stores.store("eu")
    assert world.connections == 2, "the first one was made from the old Secret and is not kept"


def test_buckets_that_come_and_go_are_counted_together(world: World) -> None:
    world.backend("ADDED")
    list(world.taken())
    for n in range(100):
        world.bucket("ADDED", f"b{n}")
    assert "eu" not in [name for name, _ in world.taken()]
    world.clock.now += COUNTED_IN
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


def test_a_backend_that_answers_for_the_first_time_does_not_make_a_creation_look_twice(world: World) -> None:
    world.backend("ADDED")
    world.queue.take()
    world.bucket("ADDED")
    assert world.queue.take() is not None
    world.backend_answers()
    world.queue.done(KEY)
    assert list(world.taken()) == []


class PolicyWorld(World):
    """Buckets with labels, and policies for them."""

    def policy(self, type_: str | None, name: str = "tidy", version: int = 1, **spec: Any) -> None:
        body = raw(name, version=version)
        body["metadata"]["generation"] = version
        selector = {"bucketSelector": {"matchLabels": {"class": "photos"}}}
        body["spec"] = {"rules": [{"name": "x", "expire": {"days": 3}}], **(spec or selector)}
        self.triggers.event(LIFECYCLE_POLICY, type_, body)

    def labelled(self, type_: str | None, name: str, version: int = 1, label: str = "photos") -> None:
        self.bucket(type_, name, version=version, metadata={"labels": {"class": label}})

    def names(self) -> set[str]:
        return {name for name, _ in self.taken()}


@pytest.fixture
def shop() -> PolicyWorld:
    """Two buckets, of which a policy would match one; nothing waits."""
    world = PolicyWorld()
    world.labelled("ADDED", "a")
    world.labelled("ADDED", "b", label="scans")
    world.names()
    return world


def test_a_policy_that_comes_changes_or_goes_wakes_the_buckets_that_it_is_for(shop: PolicyWorld) -> None:
    shop.policy("ADDED")
    assert shop.names() == {"tidy", "a"}
    shop.policy("MODIFIED", version=2, bucketRefs=[{"name": "b"}])
    assert shop.names() == {"tidy", "a", "b"}, "who was meant, and who is"
    shop.policy("DELETED", version=3, bucketRefs=[{"name": "b"}])
    assert shop.names() == {"b"}


def test_a_label_wakes_its_bucket_and_tells_the_policies(shop: PolicyWorld) -> None:
    shop.policy("ADDED")
    shop.names()
    shop.labelled("MODIFIED", "a", version=2)
    assert shop.names() == set(), "the same labels"
    shop.labelled("MODIFIED", "a", version=3, label="scans")
    assert shop.names() == {"a"}
    shop.clock.now += TOLD_IN
    assert shop.names() == {"tidy"}


def test_many_buckets_that_settle_are_told_once(shop: PolicyWorld) -> None:
    shop.policy("ADDED")
    for n in range(50):
        shop.labelled("ADDED", f"c{n}")
    shop.names()
    for n in range(50):
        body = raw(f"c{n}", version=2, status=DONE, metadata={"labels": {"class": "photos"}})
        shop.triggers.written(IMAGE_BUCKET, body)
    assert shop.names() == set()
    shop.clock.now += TOLD_IN
    assert list(shop.taken()) == [("tidy", Priority.RETRY)]


def test_a_policy_that_changed_while_nobody_looked_is_noticed(shop: PolicyWorld) -> None:
    fresh = PolicyWorld()
    fresh.policy(None)
    body = raw("a", status=DONE | {"inputsHash": fresh.inputs()}, metadata={"labels": {"class": "photos"}})
    fresh.triggers.event(IMAGE_BUCKET, None, body)
    assert fresh.names() == {"tidy", "a"}
    settled = PolicyWorld()
    settled.bucket(None, status=DONE | {"inputsHash": settled.inputs()})
    assert settled.names() == set()


def test_a_policy_of_another_namespace_is_for_nobody_here(shop: PolicyWorld) -> None:
    body = raw("theirs", namespace="press")
    body["spec"] = {"bucketRefs": [{"name": "a"}], "rules": [{"name": "x", "expire": {"days": 1}}]}
    shop.triggers.event(LIFECYCLE_POLICY, "ADDED", body)
    assert shop.names() == {"theirs"}
