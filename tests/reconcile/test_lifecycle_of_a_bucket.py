"""Stories of one bucket: made, kept, changed, lost, found again. Each says why it matters."""

from typing import Any

from imagestore.backends.memory import MemoryBucket
from imagestore.core.errors import Rejected
from imagestore.core.reading import Level, Support
from imagestore.facets.cors import Cors
from imagestore.facets.tags import Tags
from imagestore.facets.versioning import Versioning
from tests.reconcile.world import BUCKET, MARK, OWNER, World

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
    (note,) = world.events
    assert note.reason == "Created"
    assert note.message.endswith(" was created; the store agrees with the spec"), "one Event says both"
    assert world.facet("tags")["parts"] == ["team"]
    assert "intent" not in world.status


def test_creation_costs_what_the_benchmark_allows() -> None:
    """Four calls and two for each setting, the owner's mark riding on the tags; three writes to Kubernetes.

    The look after the creation and the listing prove that the bucket is new: without them a bucket that somebody had made
    in between lost its tags and got rules that nobody had agreed to.
    """
    world = World().apply(**ON)
    calls = world.calls(world.settle)
    proof = ["Check", "Remains"]
    settings = ["Put:tags", "Get:tags", "Put:versioning", "Get:versioning"]
    assert calls == ["Check", "Create", *proof, *settings]
    assert world.writes == 3


def test_a_look_that_finds_nothing_reads_once_a_setting_and_writes_nothing() -> None:
    world = made()
    writes = world.writes
    assert world.calls(world.later().settle) == ["Check", "Get:versioning"]
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
        "name": "cors", "state": "Failed", "reason": "Rejected", "message": "MalformedXML: no", "desiredDigest": "-", "parts": []
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
    assert world.facet("cors")["message"] == (
        "this store does not have cors (501 NotImplemented); remove spec.cors, or use a backend that has it"
    )
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
    assert world.ready == ("False", "CreationNotProven")
    assert world.held() == {}
    assert world.bucket.tags == {}
