"""Stories of work that was cut off between the store and the status: what was set is never forgotten.

The soak found tags of a spec that had been edited twice while the operator was away: they stayed for ever, because the
status that would have remembered them was never written.
"""

from collections.abc import Callable
from typing import Any

import pytest

from imagestore.core.errors import Denied
from imagestore.core.facet import Facet
from imagestore.facets.policy import BucketPolicy
from imagestore.facets.tags import Tags
from tests.reconcile.test_lifecycle_of_a_bucket import made
from tests.reconcile.world import BUCKET, MARK, OWNER, World, backend_spec

TAGS = {"tags": {"team": "shop"}}
RULES = {"lifecycle": {"rules": [{"name": "thumbs", "match": {"prefix": "thumbs/"}, "expire": {"days": 30}}]}}
CORS = {"cors": {"rules": [{"allowedOrigins": ["*"], "allowedMethods": ["GET"]}]}}
DENY = {"effect": "Deny", "principals": ["*"], "actions": ["s3:DeleteObject"], "resources": ["kept/*"]}
POLICY = {"policy": {"statements": [{"sid": "kept", **DENY}]}}
ALL = {**TAGS, **RULES, **CORS}


def until(world: World, put: str) -> World:
    """Reconciled until the store has been told ``put``, of which no status says anything."""
    for _ in range(9):
        before = (world.status, world.writes)
        if f"Put:{put}" in world.calls(world.step):
            world.status, world.writes = before
            return world
    raise AssertionError(f"{put} is never written")


def settings(world: World) -> dict[str, Facet]:
    """What the bucket has beside the owner's mark."""
    kept = {n: f for n, f in world.bucket.facets.items() if n != "tags"}
    own = {k: v for k, v in world.bucket.tags.items() if k != OWNER}
    return {**kept, **({"tags": Tags(values=own)} if own else {})}


@pytest.mark.parametrize("spec", [TAGS, RULES, CORS, ALL], ids=["tags", "lifecycle", "cors", "all"])
@pytest.mark.parametrize("cut_off", ["killed", "conflict"])
def test_what_an_edit_had_set_is_taken_back_with_the_edit(spec: dict[str, Any], cut_off: str) -> None:
    world = made(versioning={"state": "Enabled"})
    before = settings(world)
    until(world.edit(**spec), next(iter(spec)))
    assert settings(world) != before
    if cut_off == "killed":
        world.restart()
    world.edit(**dict.fromkeys(spec)).settle()
    assert settings(world) == before
    assert world.ready == ("True", "InSync")
    assert "DriftDetected" not in world.reasons()


def test_a_statement_that_was_set_is_asked_about_before_it_goes() -> None:
    """What a policy denies is never opened without a person's word: not even what no status ever called done."""
    world = until(made(versioning={"state": "Enabled"}).edit(**POLICY), "policy").restart()
    world.edit(policy=None).settle()
    assert world.ready == ("False", "NeedsApproval")
    assert isinstance(world.bucket.facets["policy"], BucketPolicy)
    world.edit(approve=[world.held()["policy"]]).settle()
    assert "policy" not in world.bucket.facets


def test_what_a_creation_had_set_is_taken_back() -> None:
    world = until(World().apply(**TAGS, **RULES, **CORS), "lifecycle").restart()
    world.edit(tags=None, lifecycle=None, cors=None).settle()
    assert settings(world) == {}
    assert world.bucket.tags == {OWNER: MARK}
    assert world.ready == ("True", "InSync")


def test_an_edit_between_intent_and_creation_is_remembered_too() -> None:
    world = World().apply(versioning={"state": "Enabled"})
    world.step()
    until(world.edit(**TAGS, **CORS), "cors").restart()
    world.edit(tags=None, cors=None).settle()
    assert world.bucket.tags == {OWNER: MARK}
    assert "cors" not in world.bucket.facets


def test_what_an_adoption_had_set_is_taken_back() -> None:
    grants = [{"namespace": "shop", "bucketName": BUCKET}]
    world = World(backend_spec=backend_spec(adoptionGrants=grants))
    world.store.buckets[BUCKET] = World().apply().settle().bucket
    world.bucket.facets["tags"] = Tags(values={"theirs": "1"})
    world.apply(adoption="Granted", **TAGS, **CORS).settle()
    world.edit(approve=[world.held()["adoption"]])
    until(world, "cors").restart()
    world.edit(tags=None, cors=None).settle()
    assert world.bucket.tags == {OWNER: MARK, "theirs": "1"}
    assert "cors" not in world.bucket.facets


def test_what_a_rebuilt_cluster_had_set_is_taken_back() -> None:
    world = made(versioning={"state": "Enabled"}).rebuilt()
    until(world.edit(**TAGS), "tags").restart()
    world.edit(tags=None).settle()
    assert world.bucket.tags == {OWNER: MARK}


@pytest.mark.parametrize("change", [{"team": "lab"}, {"team": "shop"}], ids=["changed", "same"])
def test_what_status_knows_of_costs_no_further_write(change: dict[str, str]) -> None:
    world = made(**TAGS)
    writes = world.writes
    world.edit(tags=change, versioning={"state": "Enabled"}).settle()
    assert world.writes - writes == 1


def test_what_is_newly_mentioned_costs_one_write_and_no_call() -> None:
    world = made(versioning={"state": "Enabled"})
    writes = world.writes
    calls = world.calls(lambda: world.edit(**CORS).settle())
    assert calls == ["Check", "Get:versioning", "Get:cors", "Put:cors", "Get:cors"]
    assert world.writes - writes == 2


def test_what_was_read_is_not_believed_for_long() -> None:
    """The pass that writes may come late: what somebody has set meanwhile is then seen, and stays."""
    world = made(versioning={"state": "Enabled"})
    world.edit(**TAGS).step()
    world.bucket.facets["tags"] = Tags(values={**world.bucket.tags, "theirs": "1"})
    calls = world.calls(world.later(seconds=6).step)
    assert calls[0] == "Check"
    assert world.bucket.tags == {OWNER: MARK, "team": "shop", "theirs": "1"}


def test_nothing_is_promised_that_status_does_not_say() -> None:
    """Between the two writes the object is as it was: not of this generation, and nothing is called done."""
    world = made(versioning={"state": "Enabled"}).edit(**CORS)
    conditions = world.status["conditions"]
    world.step()
    assert world.status["conditions"] == conditions
    assert world.status["observedGeneration"] == world.generation - 1
    said = world.facet("cors")
    assert (said["state"], said["reason"]) == ("Pending", "Writing")


def test_a_policy_does_not_take_what_is_claimed_for_what_is_applied() -> None:
    """A settled policy that gets one more bucket, whose own rules are in force: said Applied before anything was written."""
    world = made(**RULES)
    world.policies["tidy"] = {"rules": [{"name": "x", "match": {"prefix": "x/"}, "expire": {"days": 1}}]}
    world.later().step()
    said = world.facet("lifecycle")
    assert said["parts"] == ["thumbs", "tidy/x"]
    assert (said["state"], said["reason"]) == ("Pending", "Writing")
    world.settle()
    assert world.facet("lifecycle")["state"] == "InSync"


def test_what_waits_for_a_person_is_not_ours_yet() -> None:
    """Somebody's statement of the same sid stays when the user has never agreed to replace it."""
    cdn = "arn:aws:iam::123456789012:user/cdn"
    world = (
        World(backend_spec=backend_spec(allowedPrincipals=[cdn]))
        .apply(versioning={"state": "Enabled"})
        .settle()
    )
    theirs = BucketPolicy.model_validate(POLICY["policy"])
    world.bucket.facets["policy"] = theirs
    allow = {**DENY, "effect": "Allow", "principals": [cdn]}
    world.edit(policy={"statements": [{"sid": "kept", **allow}]}).settle()
    assert world.ready == ("False", "NeedsApproval")
    world.edit(policy=None).settle()
    assert world.bucket.facets["policy"] == theirs
    assert world.ready == ("True", "InSync")


def test_a_store_that_refuses_is_asked_to_forget_nothing() -> None:
    """Claimed, refused, taken out again: there is nothing to clear, and status forgets it."""
    world = made(versioning={"state": "Enabled"})
    world.store.fault = _refusing("Put:cors")
    world.edit(**CORS).step()
    world.step()
    world.store.fault = None
    calls = world.calls(lambda: world.edit(cors=None).settle())
    assert "Delete:cors" not in calls
    assert [f["name"] for f in world.status["facets"]] == ["versioning"]


def test_a_store_that_keeps_refusing_is_told_once() -> None:
    """A claim and its failure must not take turns in the status for ever."""
    world = made(versioning={"state": "Enabled"})
    world.store.fault = _refusing("Put:cors")
    writes = world.writes
    world.edit(**CORS)
    for _ in range(6):
        world.step()
        world.later(seconds=world.wait or 0)
    assert (world.facet("cors")["state"], world.facet("cors")["reason"]) == ("Failed", "Denied")
    assert world.writes - writes == 2


def _refusing(operation: str) -> Callable[[str, str], None]:
    def fault(called: str, _bucket: str) -> None:
        if called == operation:
            raise Denied("access denied")

    return fault
