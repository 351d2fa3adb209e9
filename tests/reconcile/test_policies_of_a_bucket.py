"""Stories of a bucket that LifecyclePolicies match: what is in the store afterwards, and what it cost."""

from typing import Any

from imagestore.core.errors import Unavailable
from imagestore.core.reading import Level, Support
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.lifecycle_rule import Expire, LifecycleRule
from imagestore.reconcile.shared.digests import inputs_hash
from tests.reconcile.world import World, declared

THUMBS = {"name": "thumbs", "match": {"prefix": "thumbs/"}, "expire": {"days": 30}}
COOL = {"name": "cool", "match": {"prefix": "originals/"}, "transitions": [{"tier": "Cool", "days": 30}]}
THEIRS = LifecycleRule(name="foreign/theirs", expire=Expire(days=9), raw="{}")


def world(**policies: dict[str, Any]) -> World:
    made = World(policies=policies).apply()
    return made.settle()


def rules(w: World) -> dict[str, Any]:
    found = w.bucket.facets.get("lifecycle")
    return {r.name: r.to_json() for r in found.rules} if isinstance(found, Lifecycle) else {}


def test_a_bucket_carries_out_its_policies() -> None:
    w = world(tidy={"rules": [THUMBS, COOL]})
    assert set(rules(w)) == {"tidy/thumbs", "tidy/cool"}
    assert w.ready == ("True", "InSync")
    assert w.facet("lifecycle")["parts"] == ["tidy/cool", "tidy/thumbs"]


def test_an_edit_of_a_policy_costs_one_write_and_a_no_op_none() -> None:
    w = world(tidy={"rules": [THUMBS]}, other={"rules": [COOL]})
    assert w.calls(w.later().settle) == ["Check", "Get:lifecycle"]
    writes = w.writes
    w.later().settle()
    assert w.writes == writes, "and Kubernetes is not written to either"
    w.policies["tidy"] = {"rules": [{**THUMBS, "expire": {"days": 60}}]}
    calls = w.calls(w.later().settle)
    assert calls.count("Put:lifecycle") == 1
    assert rules(w)["tidy/thumbs"]["expire"] == {"days": 60}
    assert not w.status.get("drift"), "an edit is no drift"


def test_a_bucket_without_policies_has_the_inputs_that_it_had_before_there_were_any() -> None:
    w = World().apply(lifecycle={"rules": [THUMBS]}).settle()
    assert w.status["inputsHash"] == inputs_hash(w.backend_spec)
    w.policies["tidy"] = {"rules": [COOL]}
    w.later().settle()
    assert w.status["inputsHash"] != inputs_hash(w.backend_spec), (
        "so that a change while we are down is noticed"
    )


def test_a_policy_that_is_gone_takes_exactly_its_rules_with_it() -> None:
    w = World(policies={"tidy": {"rules": [THUMBS]}, "other": {"rules": [COOL]}})
    w.apply(
        lifecycle={"rules": [{"name": "mine", "expire": {"days": 99}, "match": {"prefix": "m/"}}]}
    ).settle()
    there = w.bucket.facets["lifecycle"]
    assert isinstance(there, Lifecycle)
    w.bucket.facets["lifecycle"] = there.model_copy(update={"rules": (*there.rules, THEIRS)})
    del w.policies["tidy"]
    w.later().settle()
    assert set(rules(w)) == {"mine", "other/cool", "foreign/theirs"}
    del w.policies["other"]
    w.edit(lifecycle=None).settle()
    assert set(rules(w)) == {"foreign/theirs"}
    assert "lifecycle" not in [f["name"] for f in w.status["facets"]], "nothing of it is ours any more"


def test_a_policy_deleted_while_the_store_is_down_is_finished_later() -> None:
    """No finalizer: the bucket's status and the rules' ids remember."""
    w = world(tidy={"rules": [THUMBS]})

    def down(operation: str, bucket: str) -> None:
        raise Unavailable("connection refused")

    w.store.fault = down
    del w.policies["tidy"]
    w.later().restart()
    for _ in range(5):
        w.step()
        w.later(seconds=w.wait or 1)
    assert rules(w), "nothing could be done"
    w.store.fault = None
    w.settle()
    assert not rules(w)


def test_rules_of_ours_that_no_status_remembers_are_known_by_their_ids() -> None:
    w = world(tidy={"rules": [THUMBS]}, other={"rules": [COOL]}).rebuilt()
    del w.policies["tidy"]
    w.settle()
    assert set(rules(w)) == {"other/cool"}


def test_foreign_rules_go_only_if_a_policy_is_exclusive() -> None:
    w = world(tidy={"rules": [THUMBS]})
    there = w.bucket.facets["lifecycle"]
    assert isinstance(there, Lifecycle)
    w.bucket.facets["lifecycle"] = there.model_copy(update={"rules": (*there.rules, THEIRS)})
    w.later().settle()
    assert set(rules(w)) == {"tidy/thumbs", "foreign/theirs"}
    w.policies["tidy"] = {"rules": [THUMBS], "exclusive": True}
    w.later().settle()
    assert set(rules(w)) == {"tidy/thumbs"}


def test_a_conflict_leaves_what_is_in_force_until_somebody_decides() -> None:
    w = world(tidy={"rules": [THUMBS]})
    w.policies["rival"] = {"rules": [{"name": "all", "expire": {"days": 365}}]}
    calls = w.calls(w.later().settle)
    assert "Put:lifecycle" not in calls
    assert rules(w)["tidy/thumbs"]["expire"] == {"days": 30}
    assert set(rules(w)) == {"tidy/thumbs"}
    assert w.ready == ("True", "InSync"), "the bucket itself asks for nothing else"
    w.policies["rival"]["priority"] = 1
    w.later().settle()
    assert set(rules(w)) == {"rival/all"}
    w.policies.clear()
    w.later().settle()
    assert not rules(w)


def test_a_conflict_that_outlives_both_policies_leaves_nothing() -> None:
    w = world(tidy={"rules": [THUMBS]})
    w.policies["rival"] = {"rules": [{"name": "all", "expire": {"days": 365}}]}
    w.later().settle()
    w.policies.clear()
    w.later().restart().settle()
    assert not rules(w)


def test_what_the_store_cannot_hold_is_the_policys_trouble_not_the_buckets() -> None:
    w = World(
        limits={"lifecycle": Support(Level.PARTIAL, "no tiers", lost=("rules[].transitions",))},
        policies={"moves": {"rules": [COOL]}, "tidy": {"rules": [THUMBS]}},
    )
    w.apply().settle()
    assert set(rules(w)) == {"tidy/thumbs"}
    assert w.ready == ("True", "InSync")


def test_a_bucket_on_a_store_without_lifecycle_is_not_asked_for_it() -> None:
    w = World(limits={"lifecycle": Support(Level.NONE, "no")}, policies={"tidy": {"rules": [THUMBS]}})
    w.apply().settle()
    assert w.ready == ("True", "InSync")


def test_drift_of_a_policys_rule_is_drift_of_the_bucket_by_its_path() -> None:
    w = world(moves={"rules": [COOL]})
    changed = LifecycleRule.model_validate(
        {**COOL, "name": "cool", "transitions": [{"tier": "Cool", "days": 3}]}
    )
    w.bucket.facets["lifecycle"] = Lifecycle(rules=(changed.model_copy(update={"name": "moves/cool"}),))
    w.later().step()
    w.later(seconds=60).step()
    assert [f["path"] for f in w.status["drift"]["fields"]] == [
        "lifecycle.rules[name=moves/cool].transitions[tier=Cool].days"
    ]
    w.settle()
    assert rules(w)["moves/cool"]["transitions"] == [{"tier": "Cool", "days": 30}]


def test_a_policy_that_would_remove_sooner_waits_for_the_buckets_owner() -> None:
    w = world(tidy={"rules": [THUMBS]})
    w.policies["tidy"] = {"rules": [{**THUMBS, "expire": {"days": 3}}]}
    w.later().settle()
    assert w.ready == ("False", "NeedsApproval")
    assert rules(w)["tidy/thumbs"]["expire"] == {"days": 30}
    w.edit(approve=[w.held()["lifecycle"]]).settle()
    assert rules(w)["tidy/thumbs"]["expire"] == {"days": 3}


def test_the_inputs_are_those_of_what_is_asked_not_of_whom() -> None:
    one, other = declared("a", rules=[THUMBS]), declared("a", rules=[COOL])
    assert inputs_hash(None, [one]) != inputs_hash(None, [other]) != inputs_hash(None)
