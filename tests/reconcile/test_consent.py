"""Consent cannot be got by accident: a bucket that is not proven new, or not ours, is treated as what it is."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from imagestore.backends.memory import MemoryBucket, MemoryStore
from imagestore.core.facet import Facet
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.policy import BucketPolicy
from imagestore.facets.tags import Tags
from imagestore.facets.versioning import Versioning
from tests.reconcile.test_lifecycle_of_a_bucket import ON
from tests.reconcile.test_ownership_and_deletion import ALL
from tests.reconcile.world import BUCKET, MARK, OWNER, START, World, backend_spec

EXPIRY = {"rules": [{"name": "all", "expire": {"days": 1}}]}
WISH: dict[str, Any] = {**ON, "lifecycle": EXPIRY, "cors": {"rules": []}}


def theirs(facet: str, value: dict[str, Any]) -> dict[str, Facet]:
    kinds: dict[str, type[Facet]] = {"lifecycle": Lifecycle, "tags": Tags, "policy": BucketPolicy}
    return {facet: kinds[facet].model_validate(value)}


FOREIGN_RULE = theirs("lifecycle", {"rules": [{"name": "foreign/theirs", "expire": {"days": 400}}]})
DENY = {
    "sid": "kept",
    "effect": "Deny",
    "principals": ["*"],
    "actions": ["s3:DeleteObject"],
    "resources": ["kept/*"],
}
LOCKED = {"statements": [DENY]}
FOREIGN_SID = theirs("policy", {"statements": [DENY | {"sid": "theirs"}]})
MADE_IN_BETWEEN = {
    "another owner's mark": (MemoryBucket(theirs("tags", {OWNER: "prod/press/x"})), "OwnedByAnother"),
    "tags": (MemoryBucket(theirs("tags", {"cost": "7"})), "BucketExists"),
    "rules": (MemoryBucket(dict(FOREIGN_RULE)), "BucketExists"),
    "statements": (MemoryBucket(dict(FOREIGN_SID)), "BucketExists"),
    "pictures": (MemoryBucket(versions={"old.jpg": ""}), "CreationNotProven"),
    "an upload": (MemoryBucket(uploads={"u"}), "CreationNotProven"),
}


def copy(bucket: MemoryBucket) -> MemoryBucket:
    return MemoryBucket(dict(bucket.facets), dict(bucket.versions), set(bucket.uploads))


@pytest.mark.parametrize("answers_own", [True, False])
@pytest.mark.parametrize("kind", MADE_IN_BETWEEN)
def test_a_bucket_that_another_makes_in_between_is_left_as_it_is(kind: str, *, answers_own: bool) -> None:
    """CreateBucket's 200 was taken for "new": such a bucket lost its mark, tags and rules, and got a one-day expiry."""
    there, reason = MADE_IN_BETWEEN[kind]
    store = MemoryStore(answers_own=answers_own)
    store.meanwhile = lambda name: store.buckets.update({name: copy(there)})
    world = World(store=store).apply(**WISH, policy=LOCKED).settle()
    assert world.ready == ("False", reason)
    assert world.bucket == there
    assert "Created" not in world.reasons()
    assert "created" not in world.status
    world.edit(deletionPolicy="DeleteIfEmpty").delete().settle()
    assert world.gone
    assert world.bucket == there


@pytest.mark.parametrize("answers_own", [True, False])
def test_a_new_bucket_needs_no_agreement(*, answers_own: bool) -> None:
    """Nothing can be at risk in it; only a store whose 200 proves nothing is asked for its settings as well."""
    world = World(store=MemoryStore(answers_own=answers_own)).apply(**ON, lifecycle=EXPIRY)
    calls = world.calls(world.settle)
    assert world.ready == ("True", "InSync")
    assert calls[:4] == ["Check", "Create", "Check", "Remains"]
    assert calls[4:6] == (["Get:versioning", "Get:lifecycle"] if answers_own else ["Put:tags", "Get:tags"])
    assert world.calls(world.later().settle) == ["Check", "Get:versioning", "Get:lifecycle"]


def test_another_clusters_bucket_of_ours_is_found_not_made() -> None:
    """It carries our mark and pictures: that is no creation, and its rules are weighed as always."""
    store = MemoryStore(answers_own=True)
    mine = MemoryBucket(theirs("tags", {OWNER: MARK, "cost": "7"}), {"old.jpg": ""})
    store.meanwhile = lambda name: store.buckets.update({name: mine})
    world = World(store=store).apply(versioning={"state": "Suspended"})
    mine.facets["versioning"] = Versioning(state="Enabled")
    world.settle()
    assert world.ready == ("False", "NeedsApproval")
    assert world.bucket.facets["versioning"] == Versioning(state="Enabled")
    assert world.bucket.tags == {OWNER: MARK, "cost": "7"}
    assert "Created" not in world.reasons()


class Late(dict[str, MemoryBucket]):
    """Buckets that a store shows only after it was asked for them some more times (SeaweedFS, for a moment)."""

    def __init__(self, asked: int) -> None:
        super().__init__()
        self.left = asked

    def get(self, key: str, default: Any = None) -> Any:
        found = super().get(key, default)
        if found is None or self.left <= 0:
            return found
        self.left -= 1
        return None


@pytest.mark.parametrize("asked", [1, 2, 3, 6])
@pytest.mark.parametrize("answers_own", [True, False])
def test_a_bucket_that_does_not_show_up_at_once_is_no_orphan(asked: int, *, answers_own: bool) -> None:
    """ "The name is taken" forgot the intent, and the bucket was another's from then on."""
    store = MemoryStore(Late(asked), answers_own=answers_own)
    world = World(store=store).apply(**ON).settle()
    assert world.ready == ("True", "InSync")
    assert world.bucket.tags == {"team": "shop", OWNER: MARK}
    assert "BucketTaken" not in world.reasons()


def denied(world: World) -> None:
    """The store says twice that the bucket is not there, and has it again when it is asked to create it."""
    hidden = world.store.buckets.pop(BUCKET)
    world.store.meanwhile = lambda name: world.store.buckets.update({name: hidden})
    world.later().settle()
    world.store.meanwhile = None


def waiting(*, answers_own: bool) -> World:
    """A full bucket, with a suspension, a removed statement and an expiry that wait for a person."""
    world = World(store=MemoryStore(answers_own=answers_own)).apply(**ON, policy=LOCKED).settle()
    world.bucket.versions["old.jpg"] = ""
    world.fill("a", "b", "c", "d", "e", "f")
    world.edit(versioning={"state": "Suspended"}, policy=None, lifecycle=EXPIRY).settle()
    assert set(world.held()) == {"versioning", "policy", "lifecycle"}
    return world


@pytest.mark.parametrize("answers_own", [True, False])
def test_what_waits_for_approval_waits_on_after_a_store_has_lied(*, answers_own: bool) -> None:
    """Two answers 404 and an intent counted as consent to all of it."""
    world = waiting(answers_own=answers_own)
    before, facets = world.held(), dict(world.bucket.facets)
    denied(world)
    assert world.bucket.facets == facets
    assert world.ready == ("False", "NeedsApproval")
    assert before.items() <= world.held().items()
    world.edit(approve=[before["versioning"]]).settle()
    assert world.bucket.facets["versioning"] == Versioning(state="Suspended")
    assert world.bucket.facets["policy"] == facets["policy"]


def test_a_lost_bucket_that_is_back_is_not_said_to_be_made_again() -> None:
    world = waiting(answers_own=True)
    world.events.clear()
    denied(world)
    lost = world.condition("ContentLost")
    assert lost is not None
    assert "exists again" in lost.message
    assert "Created" not in world.reasons()
    world.edit(approve=[world.held()["content"]]).settle()
    assert world.condition("ContentLost") is None


def test_a_bucket_that_is_truly_lost_is_made_again_at_once_and_said_so() -> None:
    world = waiting(answers_own=True)
    world.store.buckets.clear()
    world.later().settle()
    lost = world.condition("ContentLost")
    assert lost is not None
    assert "was recreated empty" in lost.message
    assert set(world.held()) == {"content"}, "nothing is at risk in the new one"
    assert world.ready == ("True", "InSync")
    assert "policy" not in world.bucket.facets


def test_killed_while_a_lost_bucket_is_made_again_it_still_ends() -> None:
    world = World().apply(**ON).settle()
    world.store.buckets.clear()
    world.later().step()
    world.store.buckets[BUCKET] = MemoryBucket(theirs("tags", {OWNER: MARK, "team": "shop"}))
    world.restart().settle()
    assert world.ready == ("True", "InSync")
    assert world.bucket.facets["versioning"] == Versioning(state="Enabled")


def test_a_loss_whose_token_is_gone_can_still_be_acknowledged() -> None:
    world = World().apply(**ON).settle()
    world.store.buckets.clear()
    world.later().settle()
    world.status.pop("plan")
    world.later().settle()
    world.edit(approve=[world.held()["content"]]).settle()
    assert world.condition("ContentLost") is None


def test_a_switch_to_observe_between_intent_and_mark_forgets_nothing() -> None:
    world = World().apply(**ON)
    world.step()
    world.store.buckets[BUCKET] = MemoryBucket()
    world.restart().edit(mode="Observe").settle()
    assert world.bucket.tags == {}
    world.edit(mode="Enforce").settle()
    assert world.ready == ("True", "InSync")
    assert world.bucket.tags[OWNER] == MARK


def orphaned(after: timedelta | None = timedelta(seconds=5), **spec: object) -> World:
    """Killed between creating and marking; before the next start a picture came."""
    world = World(backend_spec=backend_spec(**ALL)).apply(**ON, **spec)
    world.step()
    made_at = None if after is None else START + after
    world.store.buckets[BUCKET] = MemoryBucket(versions={"new.jpg": ""}, made_at=made_at)
    return world.restart().settle()


def test_an_upload_between_creation_and_mark_is_told_with_the_way_out() -> None:
    """The bucket was an orphan: BucketExists for ever, and DeleteAll left it."""
    world = orphaned()
    assert world.ready == ("False", "CreationNotProven")
    token = world.held()["creation"]
    found = world.condition("Ready")
    assert found is not None
    assert token in found.message
    assert "ApprovalNeeded" in world.reasons()
    writes = world.writes
    world.later().settle()
    assert (world.held()["creation"], world.writes) == (token, writes)
    world.edit(approve=[token]).settle()
    assert world.ready == ("True", "InSync")
    assert world.bucket.tags[OWNER] == MARK
    assert world.bucket.versions == {"new.jpg": ""}
    assert world.held() == {}


def test_that_approval_is_good_once_the_bucket_may_be_marked() -> None:
    world = orphaned()
    world.edit(mode="Observe", approve=[world.held()["creation"]]).settle()
    assert world.ready == ("False", "CreationNotProven")
    assert "created" not in world.status
    world.restart().edit(mode="Enforce").settle()
    assert world.bucket.tags[OWNER] == MARK
    assert world.ready == ("True", "InSync")


def test_that_approval_is_none_to_what_the_spec_would_remove() -> None:
    world = orphaned(lifecycle=EXPIRY)
    world.fill("a", "b", "c", "d", "e", "f")
    world.edit(approve=[world.held()["creation"]]).settle()
    assert world.ready == ("False", "NeedsApproval")
    assert "lifecycle" not in world.bucket.facets


def keep(world: World) -> None:
    """Nothing is approved."""


def agree(world: World) -> None:
    world.edit(approve=[world.held()["creation"]])


@pytest.mark.parametrize(("act", "left"), [(keep, True), (agree, False)])
def test_an_orphan_is_deleted_only_by_agreement(act: Callable[[World], None], *, left: bool) -> None:
    world = orphaned(deletionPolicy="DeleteAll")
    act(world)
    world.delete().settle()
    assert world.gone
    assert (BUCKET in world.store.buckets) is left
    assert world.events[-1].reason == ("Retained" if left else "Deleted")


@pytest.mark.parametrize(
    ("after", "reason"), [(timedelta(seconds=-1), "BucketExists"), (None, "CreationNotProven")]
)
def test_a_forged_status_gets_nothing_that_was_there_before(after: timedelta | None, reason: str) -> None:
    """Intent and token stand in a status; the store's date and the object's can be forged by no tenant."""
    world = orphaned(after)
    assert world.ready == ("False", reason)
    assert "creation" not in world.held()
    world.status["intent"] = (START - timedelta(days=1)).isoformat()
    held = {"facet": "creation", "token": "forged", "why": "-", "digest": "-"}
    world.status["plan"] = {"held": [held]}
    world.edit(approve=["forged"]).settle()
    assert world.ready == ("False", reason)
    assert world.bucket.tags == {}
    found = world.condition("Ready")
    assert found is not None
    assert "adoption: Granted" in found.message


def test_a_bucket_made_in_the_second_of_its_object_may_be_its_own() -> None:
    """Kubernetes' and the store's dates have seconds only: a bucket is often made in its object's own."""
    world = orphaned(timedelta())
    world.edit(approve=[world.held()["creation"]]).settle()
    assert world.ready == ("True", "InSync")
