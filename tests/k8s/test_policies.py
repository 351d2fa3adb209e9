"""How a policy sees its buckets, out of what is remembered: applied is what a bucket was seen to hold, nothing else."""

from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.backends.memory import MemoryBackend, MemoryBucket, MemoryStore
from imagestore.k8s.cache import Cache
from imagestore.k8s.mirrors import Namespaces
from imagestore.k8s.objects import IMAGE_BUCKET, LIFECYCLE_POLICY, STORAGE_BACKEND, Key, stored
from imagestore.k8s.situations import Situations
from imagestore.k8s.stores import Connecting, Stores
from imagestore.k8s.surveyor import Surveyor
from imagestore.reconcile.bucket.removals import question
from imagestore.reconcile.lifecycle.matched import BucketView
from imagestore.reconcile.shared.digests import inputs_hash
from imagestore.reconcile.shared.situation import Settings
from imagestore.reconcile.shared.survey import Purpose
from tests.k8s.test_object_cache import backend, raw
from tests.k8s.test_situations import SPEC

LABELS = {"labels": {"class": "photos"}}


class World:
    """A bucket and a policy for it."""

    def __init__(self) -> None:
        self.cache = Cache()
        self.cache.put(backend("eu"))
        memory = MemoryBackend(MemoryStore(), FACETS)
        stores = Stores(self.cache, lambda _: None, Connecting(lambda *_: memory))
        now = lambda: datetime(2026, 11, 25, tzinfo=UTC)  # noqa: E731
        self.memory = memory
        self.surveyor = surveyor = Surveyor(monotonic, lambda: False, lambda *_: None)
        self.situations = Situations(
            self.cache, stores, Namespaces(lambda *_: None), Settings("prod"), now, surveyor
        )
        self.versions = 0

    def bucket(self, **more: Any) -> None:
        self.versions += 1
        self.cache.put(stored(IMAGE_BUCKET, raw("photos", version=self.versions, metadata=LABELS, **more)))

    def policy(self, days: int, **more: Any) -> None:
        self.versions += 1
        body = raw("tidy", version=self.versions)
        selector = {"bucketSelector": {"matchLabels": {"class": "photos"}}}
        body["spec"] = {**selector, "rules": [{"name": "x", "expire": {"days": days}}], **more}
        self.cache.put(stored(LIFECYCLE_POLICY, body))

    def holds(self) -> dict[str, Any]:
        """The status of a bucket that holds what is wished of it now."""
        obj = self.cache.get(Key("ImageBucket", "shop", "photos"))
        assert obj is not None
        asked = self.situations.of_bucket(obj)().merged
        facet = {"name": "lifecycle", "state": "InSync", "wish": asked.digest, "parts": ["tidy/x"]}
        return {"observedGeneration": 1, "facets": [facet]}

    def seen(self) -> BucketView:
        obj = self.cache.get(Key("LifecyclePolicy", "shop", "tidy"))
        assert obj is not None
        (found,) = self.situations.of_policy(obj)().buckets
        return found


@pytest.fixture
def world() -> World:
    made = World()
    made.bucket()
    made.policy(30)
    return made


def test_a_bucket_that_holds_all_of_it_is_current(world: World) -> None:
    assert not world.seen().current
    world.bucket(status=world.holds())
    assert world.seen().current
    assert world.seen().verdict.parts == {"tidy/x"}


def test_an_edit_is_not_held_whatever_the_inputs_of_a_suspended_bucket_say(world: World) -> None:
    """A suspended bucket reports its inputs without having looked."""
    held = world.holds()
    world.policy(60)
    world.bucket(spec={"suspend": True}, status=held | {"inputsHash": "of the edit"})
    assert not world.seen().current


def test_a_policy_that_is_being_deleted_is_no_input(world: World) -> None:
    body = raw("tidy", version=99, metadata={"deletionTimestamp": "2026-11-25T00:00:00Z"})
    body["spec"] = {"bucketRefs": [{"name": "photos"}], "rules": [{"name": "x", "expire": {"days": 1}}]}
    world.cache.put(stored(LIFECYCLE_POLICY, body))
    obj = world.cache.get(Key("ImageBucket", "shop", "photos"))
    assert obj is not None
    assert world.situations.of_bucket(obj)().contributions == ()


def test_a_bucket_whose_spec_is_not_understood_keeps_its_policy_waiting(world: World) -> None:
    world.bucket(spec={"newer": True})
    assert not world.seen().current


def test_what_a_newer_version_wrote_into_a_policy_leaves_its_rules_alone(world: World) -> None:
    world.policy(30, newer=True)
    obj = world.cache.get(Key("ImageBucket", "shop", "photos"))
    assert obj is not None
    asked = world.situations.of_bucket(obj)().merged
    assert (asked.rules, set(asked.kept)) == ((), {"tidy/"})


def test_what_was_counted_is_told_only_of_these_very_rules(world: World) -> None:
    obj = world.cache.get(Key("ImageBucket", "shop", "photos"))
    assert obj is not None
    world.memory.store.buckets[obj.bucket] = MemoryBucket()
    s = world.situations.of_bucket(obj)()
    asked = question(s, world.memory, s.merged.wish.rules)
    s.surveys.ask(Purpose.REMOVAL, asked, world.memory, s.now.date(), 60)
    assert world.seen().counted is None, "nobody asked for a preview"
    s.surveys.ask(Purpose.PREVIEW, asked, world.memory, s.now.date(), 60)
    assert world.seen().counted is not None
    world.policy(60)
    assert world.seen().counted is None


def test_a_bucket_has_heard_of_what_its_status_is_about(world: World) -> None:
    obj = world.cache.get(Key("ImageBucket", "shop", "photos"))
    assert obj is not None
    s = world.situations.of_bucket(obj)()
    told = {"observedGeneration": 1, "inputsHash": inputs_hash(s.store.spec, s.contributions)}
    world.bucket(status=told)
    assert world.seen().heard
    world.bucket(status=told, spec={"suspend": True})
    assert not world.seen().heard, "a suspended one reports without having looked"
    assert world.seen().suspended
    world.bucket(status=told)
    world.policy(60)
    assert not world.seen().heard


def test_a_bucket_is_put_together_once_for_all_its_policies(world: World) -> None:
    """Forty policies over two hundred buckets: two fifths of what one edit cost was parsing the same statuses."""
    seen = world.seen().status
    assert world.seen().status is seen
    obj = world.cache.get(Key("LifecyclePolicy", "shop", "tidy"))
    assert obj is not None
    world.versions = 9
    world.cache.put(replace(obj, resource_version="9", status=b'{"counts":{}}'))
    assert world.seen().status is seen, "what a policy says of itself is no input"
    world.policy(60)
    edited = world.seen().status
    assert edited is not seen
    body = raw("eu", namespace="", version=10)
    del body["metadata"]["namespace"]
    world.cache.put(stored(STORAGE_BACKEND, body | {"spec": SPEC}))
    elsewhere = world.seen().status
    assert elsewhere is not edited
    world.bucket(status=world.holds())
    assert world.seen().status is not elsewhere
    assert world.seen().current
