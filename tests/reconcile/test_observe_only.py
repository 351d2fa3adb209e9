"""Stories of what the operator reports and never writes: MFA delete, the ACL, and what is found in it."""

from datetime import timedelta
from typing import Any

from imagestore.core.errors import Denied
from imagestore.core.reading import Level, Support
from imagestore.facets.acl import Acl
from imagestore.facets.tags import Tags
from imagestore.facets.versioning import Versioning
from tests.reconcile.test_lifecycle_of_a_bucket import made
from tests.reconcile.world import BUCKET, START, World

PUBLIC = {"grants": [{"grantee": "AllUsers", "permissions": ["READ"]}]}
MFA: dict[str, Any] = {"versioning": {"state": "Enabled", "mfaDelete": "Enabled"}}


def opened(**spec: Any) -> World:
    """A bucket that somebody opened by its ACL."""
    world = made(**spec)
    world.bucket.facets["acl"] = Acl.model_validate(PUBLIC)
    return world.later()


def touched(world: World) -> list[str]:
    """What was written of the ACL, ever."""
    return [c for c, _ in world.store.calls if c in ("Put:acl", "Delete:acl")]


def test_who_does_not_ask_pays_nothing() -> None:
    world = opened(tags={"team": "shop"})
    assert "Get:acl" not in world.calls(world.settle)
    assert world.condition("PublicAcl") is None


def test_a_public_acl_is_found_and_told_once() -> None:
    world = opened(acl={})
    assert world.calls(world.settle) == ["Check", "Get:acl"]
    found = world.condition("PublicAcl")
    assert found is not None
    assert "READ to AllUsers" in found.message
    assert world.ready == ("True", "InSync"), "the spec does not forbid it"
    world.later().settle()
    assert world.reasons().count("PublicAcl") == 1
    told = next(e for e in world.events if e.reason == "PublicAcl")
    assert (told.warning, told.message) == (True, found.message)
    del world.bucket.facets["acl"]
    world.later().settle()
    assert world.condition("PublicAcl") is None
    assert touched(world) == []


def test_what_is_meant_is_no_finding() -> None:
    world = opened(acl={})
    world.edit(acl=PUBLIC).settle()
    assert world.ready == ("True", "InSync")
    assert world.condition("PublicAcl") is None


def test_a_finding_stays_while_nobody_can_look() -> None:
    world = opened(acl={}).settle()
    world.store.fault = denied
    world.later().settle()
    assert world.facet("acl")["reason"] == "Denied"
    assert world.condition("PublicAcl") is not None
    world.edit(suspend=True).settle()
    assert world.condition("PublicAcl") is not None
    world.store.fault = None
    world.edit(suspend=None, acl=None).settle()
    assert world.condition("PublicAcl") is None, "nobody asks any more"
    assert world.reasons().count("PublicAcl") == 1


def denied(operation: str, _bucket: str) -> None:
    if operation == "Get:acl":
        raise Denied("AccessDenied", code="AccessDenied")


def test_a_difference_that_only_a_person_can_mend_is_drift_and_never_written() -> None:
    world = opened(acl={"grants": []})
    world.step()
    assert world.ready == ("True", "InSync"), "seen once"
    world.later(seconds=45).settle()
    assert world.ready == ("False", "OnlyByHand")
    assert world.condition("Stalled") is not None
    assert world.condition("DriftDetected") is not None
    assert world.status["drift"]["fields"][0]["path"] == "acl.grants[grantee=AllUsers]"
    assert "put-bucket-acl" in world.facet("acl")["message"]
    assert world.held() == {}, "no token lets it go"
    del world.bucket.facets["acl"]
    world.later().settle()
    assert world.ready == ("True", "InSync")
    assert world.status["drift"]["history"][0]["how"] == "Vanished"
    assert touched(world) == []


def test_it_can_be_snoozed_and_ignored() -> None:
    snooze = {"until": (START + timedelta(days=1)).isoformat(), "reason": "the CDN moves"}
    for drift in ({"snooze": snooze}, {"ignore": ["acl.grants"]}):
        world = opened(acl={"grants": []}, drift=drift).settle()
        world.later(minutes=2).settle()
        assert world.ready[0] == "True"
        assert world.condition("DriftDetected") is None
        assert world.condition("PublicAcl") is not None, "a finding is no drift"


def test_in_observe_mode_it_is_a_difference_like_any_other() -> None:
    world = opened(acl={"grants": []})
    world.edit(mode="Observe").settle()
    assert world.ready == ("True", "Observed")
    assert world.facet("acl")["state"] == "Drifted"


def test_mfa_delete_is_read_with_the_state_and_the_state_is_written_without_it() -> None:
    world = World().apply(**MFA)
    world.settle()
    assert world.bucket.facets["versioning"] == Versioning(state="Enabled"), "it is not sent"
    assert world.ready == ("False", "OnlyByHand")
    assert 'versioning.mfaDelete is null and should be "Enabled"' in world.facet("versioning")["message"]
    world.bucket.facets["versioning"] = Versioning(state="Enabled", mfa_delete="Enabled")
    world.later().settle()
    assert world.ready == ("True", "InSync")


def test_what_differs_besides_is_corrected_and_what_is_left_is_told() -> None:
    world = World().apply(**MFA).settle()
    world.bucket.facets["versioning"] = Versioning(state="Suspended", mfa_delete="Disabled")
    world.later().settle()
    assert world.bucket.facets["versioning"] == Versioning(state="Enabled", mfa_delete="Disabled")
    assert world.ready == ("False", "OnlyByHand"), "not InSync because the write succeeded"


def test_it_does_not_trip_the_breaker_of_what_can_be_corrected() -> None:
    world = opened(acl={"grants": []}, tags={"team": "shop"}).settle()
    for _ in range(world.settings.max_repeats + 2):
        world.later().settle()  # a look that finds nothing to correct
        world.bucket.facets["tags"] = Tags(values={**world.bucket.tags, "team": "press"})
        world.later().settle()
        assert world.bucket.tags["team"] == "shop"
    assert world.ready == ("False", "OnlyByHand")


def test_a_store_without_acls_says_so() -> None:
    world = World(
        limits={"acl": Support(Level.NONE, "PutBucketAcl: 501 NotImplemented; a read answers a dummy")}
    )
    world.apply(acl={}).settle()
    assert world.ready == ("False", "Unsupported")
    assert "a dummy" in world.facet("acl")["message"]
    assert "Get:acl" not in [c for c, _ in world.store.calls]


def test_an_edit_to_observe_stops_a_creation_whose_intent_is_recorded() -> None:
    world = World().apply(tags={"team": "shop"})
    world.step()
    assert world.status.get("intent"), "the next step creates it"
    world.edit(mode="Observe").settle()
    assert BUCKET not in world.store.buckets
    assert world.ready == ("False", "BucketMissing")
