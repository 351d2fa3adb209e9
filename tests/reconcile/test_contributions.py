"""What other kinds contribute to a bucket: who prevails, what is withheld, and what the bucket's status remembers."""

from itertools import permutations
from typing import Any

import pytest

from imagestore.core.facet import Facet
from imagestore.facets.cors import Cors
from imagestore.facets.policy import BucketPolicy
from imagestore.facets.tags import Tags
from imagestore.facets.versioning import Versioning
from imagestore.reconcile.lifecycle.selector import contribution_of
from imagestore.reconcile.shared.contribution import (
    Contribution,
    ContributionVerdict,
    Contributor,
    digest_with,
    join,
)
from tests.reconcile.world import World

ON, OFF = Versioning(state="Enabled"), Versioning(state="Suspended")
DENY = {"effect": "Deny", "principals": ["*"], "actions": ["s3:DeleteObject"], "resources": ["kept/*"]}


def tags(**values: str) -> Tags:
    return Tags(values=values)


def policy(*sids: str, **more: Any) -> BucketPolicy:
    return BucketPolicy.model_validate({"statements": [{**DENY, "sid": sid, **more} for sid in sids]})


def given(name: str, value: Facet | None, facet: str = "tags") -> Contribution:
    return Contribution(facet, value, Contributor("Copy", name), repr(value))


A, B, C = (Contributor("Copy", name) for name in "abc")


def test_a_setting_of_parts_is_the_union() -> None:
    found = join(tags(team="shop"), [given("a", tags(copy="lab")), given("b", tags(tier="cold"))])
    assert found.desired == tags(team="shop", copy="lab", tier="cold")
    assert found.verdicts == {
        A: ContributionVerdict(frozenset({"copy"})),
        B: ContributionVerdict(frozenset({"tier"})),
    }
    statements = join(policy("mine"), [given("a", policy("theirs"), "policy")]).desired
    assert isinstance(statements, BucketPolicy)
    assert {s.sid for s in statements.statements} == {"mine", "theirs"}


def test_a_contradicting_part_is_withheld_and_the_others_are_not() -> None:
    found = join(
        tags(team="shop"),
        [
            given("b", tags(tier="cold", b="1")),
            given("a", tags(team="lab", tier="hot")),
            given("c", tags(b="1")),
        ],
    )
    assert found.desired == tags(team="shop", tier="hot", b="1")
    assert [found.verdicts[o].parts for o in (A, B, C)] == [{"tier"}, {"b"}, {"b"}]
    assert [found.verdicts[o].state for o in (A, B, C)] == ["Conflict", "Conflict", None]
    assert found.verdicts[A].message == "team: the bucket's own spec says otherwise, and prevails"
    assert found.verdicts[B].message == "tier: Copy a says otherwise, and prevails"
    assert not found.contested


def test_a_setting_without_parts_is_the_buckets_own() -> None:
    found = join(ON, [given("a", OFF, "versioning"), given("b", ON, "versioning")])
    assert found.desired == ON
    assert (found.verdicts[A].state, found.verdicts[B].state) == ("Conflict", None)


def test_two_that_agree_are_no_conflict() -> None:
    found = join(None, [given("a", ON, "versioning"), given("b", ON, "versioning")])
    assert (found.desired, set(found.verdicts.values())) == (ON, {ContributionVerdict()})


def test_two_that_differ_about_a_setting_without_parts_leave_it_as_it_is() -> None:
    found = join(None, [given("a", ON, "versioning"), given("b", OFF, "versioning")])
    assert found.desired is None
    assert {v.state for v in found.verdicts.values()} == {"Conflict"}
    assert "Copy a, Copy b want different values" in found.contested


@pytest.mark.parametrize("own", [None, tags(team="shop")])
def test_the_order_means_nothing(own: Tags | None) -> None:
    some = [given("a", tags(team="1", x="1")), given("b", tags(x="2", y="1")), given("c", tags(y="2"))]
    first, *others = (join(own, order) for order in permutations(some))
    assert all(other == first for other in others)


def test_what_is_not_understood_says_so() -> None:
    found = join(None, [given("a", None)])
    assert (found.desired, found.verdicts[A].state) == (None, "Pending")


def test_the_inputs_differ_with_each_contribution() -> None:
    a, b = given("a", tags(x="1")), given("b", tags(x="1"))
    digests = [digest_with("d", some) for some in ((), (a,), (b,), (a, b), (given("a", tags(x="2")),))]
    assert digests[0] == "d"
    assert len(set(digests)) == len(digests)
    assert digest_with("d", (b, a)) == digest_with("d", (a, b))


def test_a_contributed_part_is_set_corrected_and_removed_with_its_contributor() -> None:
    world = World().apply(tags={"team": "shop"}).settle()
    inputs = world.status["inputsHash"]
    world.contributions = [given("a", tags(copy="lab"))]
    world.later().settle()
    assert _tags(world) == {"team": "shop", "copy": "lab"}
    assert world.ready == ("True", "InSync")
    assert world.status["inputsHash"] != inputs
    assert set(world.facet("tags")["parts"]) == {"team", "copy"}
    world.contributions = []
    world.later().settle()
    assert (_tags(world), world.status["inputsHash"]) == ({"team": "shop"}, inputs)


def test_a_contributed_setting_may_be_one_that_the_spec_does_not_mention() -> None:
    world = World().apply().settle()
    world.contributions = [given("a", ON, "versioning"), given("b", tags(copy="lab"))]
    world.later().settle()
    assert world.bucket.facets["versioning"] == ON
    assert _tags(world) == {"copy": "lab"}


def test_a_contested_setting_stays_as_it_is() -> None:
    world = World().apply().settle()
    world.contributions = [given("a", ON, "versioning")]
    world.later().settle()
    world.contributions.append(given("b", OFF, "versioning"))
    world.later().step()
    assert world.bucket.facets["versioning"] == ON
    assert world.ready == ("False", "ContributionsDiffer")
    world.edit(versioning={"state": "Enabled"}).settle()
    assert world.ready == ("True", "InSync")


def test_the_tenancy_limits_what_is_contributed() -> None:
    """A contributed statement would have let in a principal that the tenant may not name."""
    world = World().apply(policy={"statements": [{**DENY, "sid": "mine"}]}).settle()
    held = world.bucket.facets["policy"]
    world.contributions = [given("a", policy("theirs", effect="Allow", principals=["arn:else"]), "policy")]
    world.later().settle()
    assert world.ready == ("False", "PrincipalNotAllowed")
    assert world.bucket.facets["policy"] == held


@pytest.mark.parametrize("spec", [{}, {"tags": {"team": "shop"}}])
def test_what_is_in_force_of_a_contribution_that_is_not_understood_stays(spec: dict[str, Any]) -> None:
    """Which parts it asks for is not known, so none of the setting is cleared: a right that was missing took tags away."""
    world = World().apply(**spec).settle()
    world.contributions = [given("a", tags(copy="lab"))]
    world.later().settle()
    world.contributions = [given("a", None)]
    world.later().step()
    assert _tags(world)["copy"] == "lab"
    assert world.ready == ("False", "ContributionsDiffer")
    world.contributions = [given("a", tags(copy="lab"))]
    assert world.later().settle().ready == ("True", "InSync")


def test_an_unknown_setting_is_nobodys() -> None:
    world = World().apply().settle()
    world.contributions = [given("a", Cors.model_validate({"rules": []}), "holograms")]
    assert world.later().settle().ready == ("True", "InSync")


def _tags(world: World) -> dict[str, str]:
    found = world.bucket.facets["tags"]
    assert isinstance(found, Tags)
    return {k: v for k, v in found.values.items() if not k.startswith("imagestore.dev/")}


def test_a_setting_that_is_the_buckets_own_as_a_whole_leaves_nothing_to_others() -> None:
    unclear = Contribution("versioning", None, A, "?")
    assert join(ON, [unclear]).desired == ON
    assert join(None, [unclear]).desired is None


def test_a_policy_that_is_not_understood_is_not_the_same_as_one_that_is() -> None:
    """They differ only in whom they match, which is no input of a bucket."""
    rules = [{"name": "old", "expire": {"days": 9}}]
    known = contribution_of("p", {"rules": rules, "bucketRefs": [{"name": "x"}]})
    newer = contribution_of("p", {"rules": rules, "bucketRefs": [{"name": "x", "new": 1}]})
    assert known.value is not None
    assert newer.value is None
    assert known != newer
