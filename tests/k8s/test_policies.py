"""How a policy sees its buckets, out of what is remembered: applied is what a bucket was seen to hold, nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.api.kinds import IMAGE_BUCKET, LIFECYCLE_POLICY, STORAGE_BACKEND
from imagestore.backends.memory import MemoryBackend, MemoryBucket, MemoryStore
from imagestore.controller.runtime import Pass
from imagestore.controller.state.objects import Key
from imagestore.kinds import ALL
from imagestore.kinds.lifecyclepolicy import PolicyInputs
from imagestore.kinds.parts.inputs import BucketInputs
from imagestore.reconcile.bucket.restraints import question
from imagestore.reconcile.lifecycle.bucket_view import BucketView
from imagestore.reconcile.shared.digests import inputs_hash
from imagestore.reconcile.shared.survey import Purpose
from tests.k8s.known import services, stored
from tests.k8s.test_object_cache import backend, raw
from tests.k8s.test_situations import SPEC

LABELS = {"labels": {"class": "photos"}}


class World:
    """A bucket and a policy for it."""

    def __init__(self) -> None:
        self.cache = ALL.cache()
        self.cache.put(backend("eu"))
        memory = MemoryBackend(MemoryStore(), FACETS)
        self.memory = memory
        self.services = services(self.cache, lambda *_: memory)
        self.surveyor = self.services.surveyor
        self.policy_inputs = PolicyInputs(self.services)
        self.versions = 0

    def bucket_inputs(self) -> BucketInputs:
        return BucketInputs(self.services)

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
        asked = self.bucket_inputs().of(obj, Pass())().merged
        facet = {"name": "lifecycle", "state": "InSync", "desiredDigest": asked.digest, "parts": ["tidy/x"]}
        return {"observedGeneration": 1, "facets": [facet]}

    def seen(self) -> BucketView:
        obj = self.cache.get(Key("LifecyclePolicy", "shop", "tidy"))
        assert obj is not None
        (found,) = self.policy_inputs.of(obj, Pass())().buckets
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
    assert world.bucket_inputs().of(obj, Pass())().contributions == ()


def test_a_bucket_whose_spec_is_not_understood_keeps_its_policy_waiting(world: World) -> None:
    world.bucket(spec={"newer": True})
    assert not world.seen().current


def test_what_a_newer_version_wrote_into_a_policy_leaves_its_rules_alone(world: World) -> None:
    world.policy(30, newer=True)
    obj = world.cache.get(Key("ImageBucket", "shop", "photos"))
    assert obj is not None
    asked = world.bucket_inputs().of(obj, Pass())().merged
    assert (asked.rules, set(asked.kept)) == ((), {"tidy/"})


def test_what_was_counted_is_told_only_of_these_very_rules(world: World) -> None:
    obj = world.cache.get(Key("ImageBucket", "shop", "photos"))
    assert obj is not None
    world.memory.store.buckets[obj.extra.bucket] = MemoryBucket()
    s = world.bucket_inputs().of(obj, Pass())()
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
    s = world.bucket_inputs().of(obj, Pass())()
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
