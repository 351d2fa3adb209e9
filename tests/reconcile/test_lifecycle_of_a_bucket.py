"""Stories of one bucket: made, kept, changed, lost, found again. Each says why it matters."""

from typing import Any

from imagestore.backends.memory import MemoryBucket
from imagestore.core.errors import Denied, Rejected, Throttled, Unavailable
from imagestore.core.facet import Facet
from imagestore.core.reading import Level, Support
from imagestore.facets.cors import Cors
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.tags import Tags
from imagestore.facets.versioning import Versioning
from tests.reconcile.world import BUCKET, MARK, OWNER, World, backend_spec

ON: dict[str, Any] = {"versioning": {"state": "Enabled"}, "tags": {"team": "shop"}}


def made(**spec: Any) -> World:
    """A bucket that is Ready."""
    world = World().apply(**(spec or ON)).settle()
    assert world.ready == ("True", "InSync")
    return world


def test_a_bucket_is_made_as_declared_and_marked() -> None:
    world = made()
    assert world.bucket.tags == {"team": "shop", OWNER: MARK}
    assert world.bucket.facets["versioning"] == Versioning(state="Enabled")
    assert world.reasons() == ["Created", "Ready"]
    assert world.facet("tags")["parts"] == ["team"]
    assert "intent" not in world.status


def test_creation_costs_what_the_benchmark_allows() -> None:
    """Two calls and two for each setting, the owner's mark riding on the tags; three writes to Kubernetes."""
    world = World().apply(**ON)
    calls = world.calls(world.settle)
    assert calls == ["Look", "Create", "Put:tags", "Get:tags", "Put:versioning", "Get:versioning"]
    assert world.writes == 3


def test_a_look_that_finds_nothing_reads_once_a_setting_and_writes_nothing() -> None:
    world = made()
    writes = world.writes
    assert world.calls(world.later().settle) == ["Look", "Get:versioning"]
    assert world.writes == writes


def test_what_is_not_mentioned_is_not_touched() -> None:
    """provider-aws#1998: an upgrade removed settings that another tool owned."""
    world = made()
    world.bucket.facets["cors"] = cors = Cors.model_validate(
        {"rules": [{"allowedOrigins": ["*"], "allowedMethods": ["GET"]}]}
    )
    world.bucket.facets["tags"] = Tags(values={**world.bucket.tags, "cost": "7"})
    calls = world.calls(world.later().settle)
    assert "Get:cors" not in calls
    assert world.bucket.facets["cors"] == cors
    assert world.bucket.tags["cost"] == "7"
    assert world.ready == ("True", "InSync")


def test_a_setting_removed_from_the_spec_obeys_its_removal_rule() -> None:
    """KCC#554: rules could not be removed once set. Clearing versioning would weaken protection, so it stays."""
    rules = {"rules": [{"allowedOrigins": ["*"], "allowedMethods": ["GET"]}]}
    world = made(**ON, cors=rules)
    world.edit(versioning=None, cors=None, tags=None).settle()
    assert "cors" not in world.bucket.facets
    assert world.bucket.tags == {OWNER: MARK}
    assert world.bucket.facets["versioning"] == Versioning(state="Enabled")
    assert world.status["facets"] == []
    assert world.ready == ("True", "InSync")


def test_present_but_empty_clears() -> None:
    world = made(cors={"rules": [{"allowedOrigins": ["*"], "allowedMethods": ["GET"]}]})
    world.edit(cors={"rules": []}).settle()
    assert "cors" not in world.bucket.facets
    assert world.facet("cors")["state"] == "InSync"


def test_one_failing_setting_does_not_stop_the_others() -> None:
    world = World().apply(**ON, cors={"rules": [{"allowedOrigins": ["*"], "allowedMethods": ["GET"]}]})

    def fault(operation: str, bucket: str) -> None:
        if operation == "Put:cors":
            raise Rejected("MalformedXML: no", code="MalformedXML")

    world.store.fault = fault
    for _ in range(3):
        world.step()
    assert world.ready == ("False", "Rejected")
    assert world.facet("versioning")["state"] == "InSync"
    assert world.facet("cors") == {
        "name": "cors", "state": "Failed", "reason": "Rejected", "message": "MalformedXML: no", "wish": "-", "parts": []
    }  # fmt: skip
    world.store.fault = None
    world.settle()
    assert world.ready == ("True", "InSync")


def test_a_store_that_forgets_a_write_is_never_ready() -> None:
    """upjet-aws#1986: Ready and Synced, but the lifecycle was never created."""
    world = World().apply(**ON)
    world.store.alters = lambda name, value: Versioning(state="Suspended") if name == "versioning" else value
    for _ in range(12):
        world.step()
        world.later(seconds=world.wait or 1)
        assert world.ready[0] == "False"
    assert world.ready == ("False", "NotConverging")
    assert world.store.calls.count(("Put:versioning", BUCKET)) == 3
    world.store.alters = None
    world.edit(reconcileRequest="now").settle()
    assert world.ready == ("True", "InSync")


def test_a_field_that_the_store_would_lose_is_refused_not_widened() -> None:
    lost = Support(Level.PARTIAL, lost=("rules[].match.minSize",))
    rule = {"name": "big", "expire": {"days": 1}, "match": {"minSize": "1Gi"}}
    world = World(limits={"lifecycle": lost}).apply(lifecycle={"rules": [rule]}).settle()
    assert world.ready == ("False", "Unsupported")
    message = world.condition("Ready")
    assert message is not None
    assert "lifecycle.rules[name=big].match.minSize" in message.message
    assert "lifecycle" not in world.bucket.facets


def test_an_unsupported_setting_says_so_and_the_rest_is_applied() -> None:
    world = World(limits={"cors": Support(Level.NONE, "501 NotImplemented")})
    world.apply(**ON, cors={"rules": []}).settle()
    assert world.ready == ("False", "Unsupported")
    assert world.facet("cors")["message"] == "501 NotImplemented"
    assert world.facet("versioning")["state"] == "InSync"


def test_a_restart_changes_nothing() -> None:
    world = made()
    writes = world.writes
    world.restart().settle()
    assert (world.writes, world.ready) == (writes, ("True", "InSync"))


def test_a_rebuilt_cluster_finds_its_bucket_by_the_mark() -> None:
    world = made(**ON).rebuilt()
    world.store.buckets[BUCKET].versions["a.jpg"] = ""
    calls = world.calls(world.settle)
    assert not [c for c in calls if c.startswith(("Put", "Create", "Delete"))]
    assert world.ready == ("True", "InSync")
    assert "a.jpg" in world.bucket.versions


def test_a_crash_between_creating_and_marking_is_resumed() -> None:
    world = World().apply(**ON)
    world.step()
    world.store.buckets[BUCKET] = MemoryBucket()
    world.restart().settle()
    assert world.bucket.tags[OWNER] == MARK
    assert world.ready == ("True", "InSync")


def test_a_create_whose_answer_was_lost_is_ours() -> None:
    """The repetition of a lost create is refused with BucketAlreadyOwnedByYou."""
    world = World().apply(**ON)
    world.step()
    world.store.buckets[BUCKET] = MemoryBucket()
    world.settle()
    assert world.ready == ("True", "InSync")


def test_an_intent_is_not_believed_of_a_bucket_with_content() -> None:
    """A forged status must not take over somebody's pictures."""
    world = World().apply(**ON)
    world.step()
    world.store.buckets[BUCKET] = MemoryBucket(versions={"theirs.jpg": ""})
    world.restart().settle()
    assert world.ready == ("False", "BucketExists")
    assert world.bucket.tags == {}


def test_a_lost_bucket_is_made_again_and_said_until_acknowledged() -> None:
    """ACK: created again, empty, Ready, without an Event."""
    world = made()
    del world.store.buckets[BUCKET]
    world.later().settle()
    assert world.ready == ("True", "InSync")
    lost = world.condition("ContentLost")
    assert lost is not None
    assert "restore its content" in lost.message
    assert "ContentLost" in world.reasons()
    token = world.held()["content"]
    assert token in lost.message
    world.later().settle()
    assert world.condition("ContentLost") is not None
    world.edit(approve=[token]).settle()
    assert world.condition("ContentLost") is None
    assert world.held() == {}


def test_an_old_acknowledgement_does_not_cover_the_next_loss() -> None:
    world = made()
    for _ in range(2):
        del world.store.buckets[BUCKET]
        world.later().settle()
        assert world.condition("ContentLost") is not None
        world.edit(approve=[*world.spec.get("approve", []), world.held()["content"]]).settle()
        assert world.condition("ContentLost") is None


def test_an_unreachable_store_is_unknown_after_a_grace_period() -> None:
    world = made()

    def fault(operation: str, bucket: str) -> None:
        raise Unavailable("connection refused")

    world.store.fault = fault
    world.later().step()
    assert world.ready == ("True", "InSync")
    world.later(seconds=200).step()
    assert world.ready == ("Unknown", "StoreUnreachable")
    world.store.fault = None
    world.later().settle()
    assert world.ready == ("True", "InSync")


def test_a_first_visit_to_a_dead_store_still_has_a_condition() -> None:
    world = World().apply(**ON)

    def fault(operation: str, bucket: str) -> None:
        raise Unavailable("connection refused")

    world.store.fault = fault
    world.step()
    assert world.ready == ("Unknown", "StoreUnreachable")


def test_wrong_credentials_are_said_at_once() -> None:
    world = made()

    def fault(operation: str, bucket: str) -> None:
        raise Denied("InvalidAccessKeyId", code="InvalidAccessKeyId")

    world.store.fault = fault
    world.later().step()
    assert world.ready == ("False", "AccessDenied")


def test_retry_after_is_obeyed() -> None:
    world = World().apply(**ON)

    def fault(operation: str, bucket: str) -> None:
        raise Throttled("SlowDown", retry_after=77)

    world.store.fault = fault
    assert world.step().requeue_after == 77


def test_what_cannot_be_read_is_not_written() -> None:
    world = made()

    def fault(operation: str, bucket: str) -> None:
        if operation == "Get:versioning":
            raise Denied("AccessDenied")

    world.store.fault = fault
    world.edit(versioning={"state": "Suspended"}).step()
    assert world.ready == ("False", "Denied")
    assert world.bucket.facets["versioning"] == Versioning(state="Enabled")


def test_foreign_parts_survive_everything() -> None:
    foreign: Facet = Lifecycle.model_validate({"rules": [{"name": "foreign/theirs", "expire": {"days": 9}}]})
    world = made()
    world.bucket.facets["lifecycle"] = foreign
    world.edit(lifecycle={"rules": [{"name": "mine", "expire": {"days": 3}}]}).settle()
    world.edit(lifecycle=None).settle()
    assert world.bucket.facets["lifecycle"].canonical() == foreign.canonical()


def test_risk_waits_for_its_token_and_a_token_is_good_once() -> None:
    world = made()
    for _ in range(2):
        world.edit(versioning={"state": "Suspended"}).settle()
        assert world.ready == ("False", "NeedsApproval")
        assert world.bucket.facets["versioning"] == Versioning(state="Enabled")
        assert "ApprovalNeeded" in world.reasons()
        world.edit(approve=[*world.spec.get("approve", []), world.held()["versioning"]]).settle()
        assert world.ready == ("True", "InSync")
        assert world.bucket.facets["versioning"] == Versioning(state="Suspended")
        world.edit(versioning={"state": "Enabled"}).settle()


def test_removing_the_policy_from_the_spec_waits_for_a_person() -> None:
    statement = {
        "sid": "read", "effect": "Deny", "principals": ["*"], "actions": ["s3:GetObject"], "resources": ["*"]
    }  # fmt: skip
    world = made(policy={"statements": [statement]})
    world.edit(policy=None).settle()
    assert world.ready == ("False", "NeedsApproval")
    assert "policy" in world.bucket.facets
    world.edit(approve=[world.held()["policy"]]).settle()
    assert world.ready == ("True", "InSync")
    assert "policy" not in world.bucket.facets


def test_suspend_looks_at_nothing_and_keeps_the_last_word() -> None:
    world = made()
    world.edit(suspend=True)
    assert world.calls(world.settle) == []
    assert world.ready == ("True", "InSync")
    assert world.condition("Suspended") is not None
    world.edit(suspend=None).settle()
    assert world.condition("Suspended") is None


def test_a_rotated_away_secret_is_not_a_false_ready() -> None:
    world = made()
    world.usable = False
    world.settle()
    assert world.ready == ("Unknown", "BackendUnusable")


def test_a_missing_backend_is_waited_for() -> None:
    """GitOps applies in any order."""
    world = World(backend_spec=None).apply(**ON)
    world.settle()
    assert world.ready == ("False", "BackendNotFound")
    assert not world.finalized
    world.backend_spec = backend_spec()
    world.settle()
    assert world.ready == ("True", "InSync")
