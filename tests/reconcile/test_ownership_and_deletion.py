"""Stories of taking over, conflict and deletion. Whatever is not certainly ours is never deleted."""

import pytest

from imagestore.backends.memory import MemoryBucket
from imagestore.core.errors import Unavailable
from imagestore.facets.tags import Tags
from imagestore.facets.versioning import Versioning
from tests.reconcile.test_lifecycle_of_a_bucket import ON, made
from tests.reconcile.world import BUCKET, MARK, OWNER, World, backend_spec

GRANT = {"adoptionGrants": [{"namespace": "shop", "bucketName": BUCKET}]}
ALL = {"deletionPolicies": ["Retain", "DeleteIfEmpty", "DeleteAll"]}


def existing(**tenancy: object) -> World:
    """Somebody's bucket with pictures in it."""
    world = World(backend_spec=backend_spec(**tenancy)).apply(**ON)
    world.store.buckets[BUCKET] = MemoryBucket({"tags": Tags(values={"a": "b"})}, {"old.jpg": ""})
    return world


def test_an_existing_bucket_is_not_taken() -> None:
    world = existing(**GRANT).settle()
    assert world.ready == ("False", "BucketExists")
    assert world.bucket.tags == {"a": "b"}


def test_adoption_without_a_grant_is_refused() -> None:
    world = existing().edit(adoption="Granted").settle()
    assert world.ready == ("False", "BucketExists")


def test_adoption_shows_its_plan_first_and_needs_consent() -> None:
    """crossplane#2095: an import wiped settings."""
    world = existing(**GRANT).edit(adoption="Granted").settle()
    assert world.ready == ("False", "AdoptionNeedsApproval")
    assert "versioning.state" in world.status["plan"]["held"][0]["why"]
    assert world.bucket.tags == {"a": "b"}
    world.edit(approve=[world.held()["adoption"]]).settle()
    assert world.ready == ("True", "InSync")
    assert world.bucket.tags == {"a": "b", "team": "shop", OWNER: MARK}
    assert "old.jpg" in world.bucket.versions
    assert "Adopted" in world.reasons()


def test_adoption_that_changes_nothing_needs_no_consent() -> None:
    world = existing(**GRANT).apply(adoption="Granted").settle()
    assert world.ready == ("True", "InSync")
    assert world.bucket.tags == {"a": "b", OWNER: MARK}


def test_consent_to_one_plan_is_none_to_another() -> None:
    world = existing(**GRANT).edit(adoption="Granted").settle()
    token = world.held()["adoption"]
    world.edit(approve=[token], tags={"team": "press"}).settle()
    assert world.ready == ("False", "AdoptionNeedsApproval")
    assert world.bucket.tags == {"a": "b"}


def test_another_owners_bucket_is_not_named_across_namespaces() -> None:
    world = existing()
    world.bucket.facets["tags"] = Tags(values={OWNER: "prod/secret-project/x"})
    world.settle()
    assert world.ready == ("False", "OwnedByAnother")
    assert "secret-project" not in str(world.status)


@pytest.mark.parametrize(("rival", "named"), [("shop/first", True), ("press/hidden", False)])
def test_the_younger_claimant_reports_and_never_calls(rival: str, *, named: bool) -> None:
    world = World(rival=rival).apply(**ON)
    assert world.calls(world.settle) == []
    assert world.ready == ("False", "Conflict")
    assert (rival.split("/")[1] in str(world.status)) is named


def test_the_default_keeps_the_bucket_and_says_so() -> None:
    world = made().delete()
    assert world.calls(world.settle) == []
    assert world.gone
    assert BUCKET in world.store.buckets
    assert world.events[-1].reason == "Retained"


def test_delete_if_empty_deletes_an_empty_bucket_in_four_calls() -> None:
    world = made(**ON, deletionPolicy="DeleteIfEmpty").delete()
    assert world.calls(world.settle) == ["Check", "Remains", "Delete"]
    assert world.gone
    assert world.store.buckets == {}


@pytest.mark.parametrize("content", [{"versions": {"a.jpg": ""}}, {"uploads": {"u"}}])
def test_delete_if_empty_keeps_a_bucket_with_anything_in_it(content: dict[str, object]) -> None:
    """SeaweedFS deletes non-empty buckets, MinIO deletes buckets with open uploads: emptiness is proven."""
    world = made(**ON, deletionPolicy="DeleteIfEmpty")
    for name, value in content.items():
        setattr(world.bucket, name, value)
    world.delete().step()
    assert world.ready == ("False", "NotEmpty")
    assert "deletionPolicy: Retain" in str(world.condition("Ready"))
    waits = [world.stepped() or 0 for _ in range(4)]
    assert waits == sorted(waits)
    assert waits[-1] > waits[0]
    assert BUCKET in world.store.buckets
    world.edit(deletionPolicy=None).settle()
    assert world.gone
    assert BUCKET in world.store.buckets


def doomed(**content: str) -> World:
    """A bucket that is being deleted with everything in it."""
    world = World(backend_spec=backend_spec(**ALL)).apply(**ON, deletionPolicy="DeleteAll").settle()
    world.bucket.versions.update(content)
    return world.delete()


def test_delete_all_empties_in_visible_steps() -> None:
    world = doomed(**{f"k{i}": "" for i in range(2500)})
    world.step()
    assert world.ready == ("False", "Emptying")
    assert world.status["deletion"]["removed"] == 1000
    world.restart().settle()
    assert world.gone
    assert world.store.buckets == {}


def test_emptying_can_be_stopped() -> None:
    world = doomed(**{f"k{i}": "" for i in range(2500)})
    world.step()
    world.edit(deletionPolicy="Retain").settle()
    assert world.gone
    assert len(world.bucket.versions) == 1500
    said = world.events[-1].message
    assert "with everything in it" not in said, "a thousand objects are gone"
    assert "1 000 versions, delete markers and uploads were deleted from it" in said


@pytest.mark.parametrize("stop", [{"suspend": True}, {"mode": "Observe"}])
def test_emptying_that_is_stopped_otherwise_says_how_much_is_gone(stop: dict[str, object]) -> None:
    world = doomed(**{f"k{i}": "" for i in range(1500)})
    world.step()
    world.edit(**stop).settle()
    assert "1 000 versions, delete markers and uploads were deleted from it" in world.events[-1].message


def test_a_store_that_says_yes_and_keeps_the_objects_stops_the_emptying() -> None:
    """It was asked again at once, for ever, with a status for each time that counted what was still there."""
    world = doomed(**{f"k{i}": "" for i in range(1500)})
    world.step()
    world.store.keeps = True
    world.step()
    assert world.ready == ("False", "NotRemoved")
    assert "500 versions and uploads stay" in str(world.condition("Ready"))
    assert world.status["deletion"]["removed"] == 1000
    writes = world.writes
    waits = [world.stepped() or 0 for _ in range(5)]
    assert waits == sorted(waits)
    assert waits[-1] > 100
    assert world.writes == writes, "nothing is new, so nothing is written"
    world.store.keeps = False
    world.settle()
    assert world.gone


def test_a_store_that_lists_again_what_it_removed_stops_the_emptying() -> None:
    world = doomed(a="", b="")
    for _ in range(3):
        world.step()
        world.bucket.versions.update(a="", b="")
    assert world.ready == ("False", "NotRemoved")
    assert "is listed again" in str(world.condition("Ready"))
    assert world.status["deletion"]["removed"] == 2
    assert (world.wait or 0) > 0
    world.settle()
    assert world.gone, "once nothing comes back"


def test_emptying_stops_at_what_is_locked_and_says_so() -> None:
    world = doomed(free="", held="legal hold")
    world.step()
    world.step()
    assert world.ready == ("False", "ObjectLocked")
    assert "1 versions and uploads stay (1: legal hold)" in str(world.condition("Ready"))
    assert set(world.bucket.versions) == {"held"}


def test_what_stays_is_counted_by_its_reason_and_never_named() -> None:
    """ "and 15 more" was said of 2295, and names of pictures stood in a status."""
    world = doomed(**{f"patient-{i}.dcm": "legal hold" for i in range(2295)}, x="retention")
    world.step()
    said = str(world.condition("Ready"))
    assert "2 296 versions and uploads stay (2 295: legal hold; 1: retention)" in said
    assert "patient" not in str(world.status) + str(world.events)


def test_a_deleted_crd_removes_nothing() -> None:
    world = doomed(a="", b="")
    world.withdrawn = "the CRD was deleted"
    world.settle()
    assert world.gone
    assert set(world.bucket.versions) == {"a", "b"}
    assert "the CRD was deleted" in world.events[-1].message


def test_delete_all_needs_the_administrators_leave() -> None:
    world = made()
    world.edit(deletionPolicy="DeleteAll").settle()
    assert world.ready == ("False", "DeletionPolicyNotAllowed")
    world.delete().settle()
    assert world.gone
    assert BUCKET in world.store.buckets


def test_a_bucket_without_our_mark_is_never_deleted() -> None:
    world = doomed()
    world.bucket.facets["tags"] = Tags(values={OWNER: "other/shop/photos"})
    world.settle()
    assert world.gone
    assert BUCKET in world.store.buckets
    assert world.events[-1].warning


@pytest.mark.parametrize("change", [{"suspend": True}, {"mode": "Observe"}])
def test_a_suspended_or_observing_object_lets_go(change: dict[str, object]) -> None:
    world = doomed(pic="").edit(**change).settle()
    assert world.gone
    assert "pic" in world.bucket.versions


def test_a_losing_claim_never_deletes() -> None:
    world = doomed()
    world.rival = "press/first"
    world.settle()
    assert world.gone
    assert BUCKET in world.store.buckets


def test_a_deletion_while_the_store_is_down_waits_and_says_the_way_out() -> None:
    """rook#16432: a deletion that cannot go on hangs for ever without a word."""
    world = made(**ON, deletionPolicy="DeleteIfEmpty").delete()

    def fault(operation: str, bucket: str) -> None:
        raise Unavailable("connection refused")

    world.store.fault = fault
    world.step()
    assert world.ready == ("False", "Unavailable")
    assert "deletionPolicy: Retain" in str(world.condition("Ready"))
    world.store.fault = None
    world.settle()
    assert world.gone


def test_the_default_lets_go_while_the_store_is_down() -> None:
    world = made().delete()
    world.usable = False
    world.settle()
    assert world.gone


def test_a_bucket_that_is_gone_already_is_done() -> None:
    """KCC#12929: stuck on a 404."""
    world = doomed()
    world.store.buckets.clear()
    world.settle()
    assert world.gone


def test_a_never_created_object_deletes_nothing() -> None:
    world = World(finalized=True).apply(**ON, deletionPolicy="DeleteIfEmpty")
    world.store.buckets[BUCKET] = MemoryBucket({"versioning": Versioning(state="Enabled")})
    world.delete().settle()
    assert world.gone
    assert BUCKET in world.store.buckets
