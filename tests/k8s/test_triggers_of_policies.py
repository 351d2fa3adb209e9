"""Which buckets a LifecyclePolicy wakes, and when it hears of them."""

from typing import Any

import pytest

from imagestore.api.kinds import IMAGE_BUCKET, LIFECYCLE_POLICY
from imagestore.controller.state.objects import Key
from imagestore.controller.work.queue import Priority
from imagestore.reconcile.shared.situation import Settings
from tests.k8s.test_object_cache import raw
from tests.k8s.test_triggers import DONE, World


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
    shop.clock.now += Settings("prod").told_in
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
    shop.clock.now += Settings("prod").told_in
    assert list(shop.taken()) == [("tidy", Priority.RETRY)]


def test_what_was_counted_is_told_to_who_waits_for_it(shop: PolicyWorld) -> None:
    shop.policy("ADDED")
    shop.names()
    key = Key(IMAGE_BUCKET.name, "shop", "a")
    shop.triggers.counted(key, awaited=True)
    assert shop.names() == {"a"}, "a change waits"
    shop.triggers.counted(key, awaited=False)
    assert shop.names() == set()
    shop.clock.now += Settings("prod").told_in
    assert shop.names() == {"tidy"}, "soon, and once"
    shop.triggers.counted(Key(IMAGE_BUCKET.name, "shop", "gone"), awaited=True)
    assert shop.names() == set()


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
