"""What is held back of a plan: a fight that does not end, rules that another program disabled, halves of a write."""

from typing import Any

import pytest

from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.versioning import Versioning
from tests.reconcile.test_lifecycle_of_a_bucket import ON, made
from tests.reconcile.test_removals import ALL, COOL, TMP, in_force, message, with_rules
from tests.reconcile.world import BUCKET, World

KEEPS = {**ALL, "expire": {"days": 400}}


def fight(world: World, times: int = 6) -> World:
    """Another program suspends versioning, again and again."""
    for _ in range(times):
        world.bucket.facets["versioning"] = Versioning(state="Suspended")
        world.later().settle()
    return world


def puts(world: World) -> int:
    return world.store.calls.count(("Put:versioning", BUCKET))


def test_a_check_that_finds_nothing_to_correct_begins_the_count_anew() -> None:
    world = fight(made(versioning={"state": "Enabled"}), 1)
    before = puts(world)
    world.later().settle()
    assert world.ready == ("True", "InSync")
    fight(world)
    assert world.ready == ("False", "NotConverging")
    assert puts(world) == before + 3


def test_any_edit_ends_the_hold_of_a_fight() -> None:
    world = fight(made())
    assert world.ready == ("False", "NotConverging")
    assert world.held() == {}, "no token lets it go"
    world.edit(tags={"team": "press"}).settle()
    assert world.ready == ("True", "InSync")
    assert world.bucket.facets["versioning"] == Versioning(state="Enabled")


def test_another_write_is_no_repetition() -> None:
    world = fight(made(), 2)
    world.bucket.facets["tags"] = world.bucket.facets["tags"].model_copy(
        update={"values": {**world.bucket.tags, "team": "theirs"}}
    )
    fight(world, 1)
    assert world.bucket.tags["team"] == "shop"
    fight(world, 2)
    assert world.ready == ("True", "InSync"), "the row began anew with a write of another kind"


def ruled(*rules: dict[str, Any]) -> World:
    """Rules in force since the bucket was new, and filled since."""
    return with_rules(World().apply().settle(), *rules).fill(*["photos/"] * 10)


def spoiled(world: World, **changes: Any) -> World:
    """Another program changes the first rule."""
    there = world.bucket.facets["lifecycle"]
    assert isinstance(there, Lifecycle)
    said = there.to_json()
    said["rules"][0] |= changes
    world.bucket.facets["lifecycle"] = Lifecycle.model_validate(said).canonical()
    return world.later()


def states(world: World) -> list[str | None]:
    there = world.bucket.facets["lifecycle"]
    assert isinstance(there, Lifecycle)
    return [r.state for r in there.rules]


def test_a_rule_that_another_program_disabled_is_counted_before_it_is_enabled() -> None:
    """Meanwhile much has come due, and somebody may have had a reason."""
    world = spoiled(ruled(ALL), state="Disabled").settle()
    assert world.ready == ("False", "NeedsApproval")
    assert "rule all would remove 10 of 10 objects" in message(world)
    assert states(world) == ["Disabled"]
    assert world.facet("lifecycle")["switchedOff"] is True
    world.edit(approve=[world.held()["lifecycle"]]).settle()
    assert states(world) == ["Enabled"]


def killed_halfway(world: World) -> World:
    """Rules are written disabled, read back, and then enabled."""
    spoiled(world, state="Disabled")
    return world.restart()


@pytest.mark.parametrize(
    ("drift", "enabled"), [({"match": {"prefix": "x/"}}, True), ({"state": "Disabled"}, False)]
)
def test_the_second_half_of_a_correction_that_an_edit_goes_on_with(
    drift: dict[str, Any], *, enabled: bool
) -> None:
    """Unless it was drift of just that kind: another program had disabled the rule."""
    world = spoiled(ruled(ALL), **drift)
    world.step()
    world.later(seconds=45).step()
    there = Lifecycle.model_validate({"rules": [{**ALL, "state": "Disabled"}]}).canonical()
    world.bucket.facets["lifecycle"] = there
    world.restart().edit(lifecycle={"rules": [ALL], "exclusive": True}).settle()
    assert (states(world) == ["Enabled"]) is enabled
    assert (world.ready == ("True", "InSync")) is enabled


def test_the_second_half_of_a_first_write_is_no_new_risk() -> None:
    world = World().apply().settle().fill(*["photos/"] * 10)
    world.edit(lifecycle={"rules": [{**ALL, "expire": {"days": 400}}]}).settle()
    assert states(killed_halfway(world)) == ["Disabled"]
    world.status["facets"] = [f for f in world.status["facets"] if f["name"] != "lifecycle"]
    world.settle()
    assert states(world) == ["Enabled"]


def test_of_a_rebuilt_cluster_nothing_is_known_so_it_is_counted() -> None:
    """There is no status that says that the rules are this operator's own half."""
    world = ruled(ALL)
    spoiled(world, state="Disabled")
    again = world.rebuilt()
    again.settle()
    assert again.ready == ("False", "NeedsApproval")
    assert states(again) == ["Disabled"]


def test_more_than_enabling_is_never_a_half() -> None:
    world = ruled(KEEPS, COOL)
    there = Lifecycle.model_validate({"rules": [{**KEEPS, "state": "Disabled"}, COOL]}).canonical()
    world.bucket.facets["lifecycle"] = there
    world.restart().edit(lifecycle={"rules": [ALL, COOL]}).settle()
    assert world.ready == ("False", "NeedsApproval")
    assert in_force(world) == ["all", "cool"]
    assert states(world)[0] == "Disabled"


@pytest.mark.parametrize("staged", ["Disabled", None])
def test_what_the_user_enables_is_a_change_of_its_own(staged: str | None) -> None:
    """A rule that was staged disabled is counted when it is enabled; one that was in force is not."""
    world = ruled({**ALL, **({"state": staged} if staged else {})}, COOL)
    with_rules(world, {**ALL, "state": "Enabled"}, COOL)
    assert (world.ready == ("False", "NeedsApproval")) is (staged == "Disabled")


def test_rules_of_others_are_no_part_of_a_half() -> None:
    world = ruled({**ALL, "expire": {"days": 400}})
    there = world.bucket.facets["lifecycle"].to_json()
    there["rules"] = [{**there["rules"][0], "state": "Disabled"}, {**TMP, "name": "foreign/x"}]
    world.bucket.facets["lifecycle"] = Lifecycle.model_validate(there).canonical()
    world.later().edit(lifecycle={"rules": [{**ALL, "expire": {"days": 400}}], "exclusive": False}).settle()
    assert in_force(world) == ["all", "foreign/x"]


def test_observing_holds_everything_and_asks_for_nothing() -> None:
    world = made(**ON).edit(mode="Observe", versioning={"state": "Suspended"}).settle()
    assert world.facet("versioning")["reason"] == "Observing"
    assert world.held() == {}
    assert world.ready == ("True", "Observed")
