"""The proof that a reconcile leaves its Situation as it was, for every kind. The stories prove it at each of their steps."""

from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from typing import Any

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.api.lifecyclepolicy import LifecyclePolicySpec, LifecyclePolicyStatus
from imagestore.api.storagebackend import StorageBackendStatus
from imagestore.backends.memory import MemoryBackend, MemoryStore
from imagestore.reconcile.backend.reconcile import reconcile as reconcile_backend
from imagestore.reconcile.backend.situation import BackendSituation
from imagestore.reconcile.bucket.reconcile import reconcile as reconcile_bucket
from imagestore.reconcile.bucket.situation import Memo
from imagestore.reconcile.lifecycle.bucket_view import BucketView
from imagestore.reconcile.lifecycle.reconcile import PolicySituation
from imagestore.reconcile.lifecycle.reconcile import reconcile as reconcile_policy
from imagestore.reconcile.shared.contribution import ContributionVerdict
from imagestore.reconcile.shared.situation import Meta, Settings, Store
from tests.reconcile.test_lifecyclepolicy import RULE, lifecycle
from tests.reconcile.untouched import content, untouched
from tests.reconcile.world import START, World, backend_spec

SETTINGS = Settings("prod")


def bucket() -> World:
    return World().apply(tags={"team": "shop"}, versioning={"state": "Enabled"})


def drifted() -> World:
    world = bucket().settle()
    world.bucket.facets.pop("versioning")
    return world.later()


def silent() -> World:
    world = bucket().settle()
    world.usable = False
    return world.later()


@pytest.mark.parametrize("story", [bucket, drifted, silent, lambda: drifted().delete()])
def test_a_bucket(story: Any) -> None:
    world = story()
    for _ in range(4):
        s = world.situation()
        before = content(s)
        reconcile_bucket(s)
        assert content(s) == before
        world.step()


def test_a_backend() -> None:
    meta, store = Meta("", "eu", "uid", 1, START), Store(backend_spec(), MemoryBackend(MemoryStore(), FACETS))
    s = BackendSituation(meta, StorageBackendStatus(), store, SETTINGS, START, lambda: "t", doubts=("a",))
    assert untouched(reconcile_backend)(s).status is not None


def test_a_policy() -> None:
    spec = LifecyclePolicySpec.model_validate({"bucketRefs": [{"name": "photos"}], "rules": [RULE]})
    of = (BucketView("photos", ContributionVerdict(frozenset({"tidy/x"})), lifecycle()),)
    s = PolicySituation(
        Meta("shop", "tidy", "uid", 1, START), spec, LifecyclePolicyStatus(), of, SETTINGS, START
    )
    assert untouched(reconcile_policy)(s).status is not None


@pytest.mark.parametrize("kind", [Memo, PolicySituation, BackendSituation, type(World().apply().situation())])
def test_every_situation_and_memo_is_frozen(kind: type) -> None:
    assert is_dataclass(kind)
    made = object.__new__(kind)
    with pytest.raises(FrozenInstanceError):
        setattr(made, fields(kind)[0].name, None)


def test_a_change_is_found() -> None:
    def spoiling(world: Any) -> Any:
        world.memo.suspected["versioning"] = None

    world = bucket()
    world.memo = replace(world.memo, suspected={})
    with pytest.raises(AssertionError, match="has changed its Situation"):
        untouched(spoiling)(world.situation())
