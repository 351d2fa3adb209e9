"""Which side is written to, when that changes, and what keeps a late write from being lost."""

from dataclasses import replace
from typing import Any

import pytest

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.backends.s3.transport.address import USER_AGENT
from imagestore.core.outcome import Continue
from imagestore.core.plan import Op, plan
from imagestore.core.reading import Found
from imagestore.facets.policy import BucketPolicy, Statement
from imagestore.reconcile.replication.fence import OURS, contributed_fence, fence
from imagestore.reconcile.replication.runs import RunReport
from imagestore.reconcile.replication.situation import Publication, RoleChange
from tests.reconcile.replicated import World, end

PROMOTED: dict[str, Any] = {"failover": {"role": "Promoted"}}
PRIMARY: dict[str, Any] = {"failover": {"role": "Primary"}}


def run(began: float, *, two_way: bool = True, **more: Any) -> RunReport:
    return RunReport(began, began + 1.0, complete=True, listed=began, two_way=two_way, **more)


def role(world: World) -> tuple[str, bool]:
    known = world.status.failover
    return (known.role, known.settled) if known else ("", False)


def two_way(world: World) -> bool:
    assert world.runs.job is not None
    return world.runs.job.two_way


def noted(world: World) -> bool:
    """Whether the destination is told that it has, or will have, what the source has not."""
    assert world.runs.job is not None
    return world.runs.job.under_way


def settled(world: World) -> World:
    """Reconcile as long as there is something to do at once."""
    world.step()
    while isinstance(world.then, Continue):
        world.step()
    return world


def promoted() -> World:
    """A policy whose destination is written to."""
    world = settled(World(PRIMARY))
    world.spec = PROMOTED
    return settled(world)


def test_without_failover_nothing_is_said_of_roles() -> None:
    world = settled(World())
    assert world.status.failover is None
    assert not two_way(world)


def test_the_source_is_written_to_at_first() -> None:
    world = settled(World(PRIMARY))
    assert role(world) == ("Primary", True)
    assert not two_way(world)


def test_a_promotion_waits_only_for_the_end_of_the_run_that_writes_there() -> None:
    """A copy that ends late would lay an old object over what applications write to the destination."""
    world = settled(World(PRIMARY))
    world.runs.state = replace(world.runs.state, stopping="pods")
    world.spec = PROMOTED
    settled(world)
    assert role(world) == ("Primary", True)
    assert two_way(world), "no one-way run begins any more"
    assert world.said() == ("False", "RoleWaits")
    assert world.message() == "the destination is not promoted yet: pods"
    world.runs.state = replace(world.runs.state, stopping="")
    settled(world)
    assert role(world) == ("Promoted", False)
    assert ("RoleChanged", False) in world.events


def test_while_promoted_runs_go_both_ways_for_good() -> None:
    world = promoted()
    world.clock = 100.0
    world.ran(run(100.0))
    settled(world)
    assert role(world) == ("Promoted", True)
    assert two_way(world)


@pytest.mark.parametrize(
    "report",
    [
        run(5.0),  # it began before the way back was asked for
        run(200.0, two_way=False),
        run(200.0, failed={"Denied": 1}),
        replace(run(200.0), complete=False),
    ],
)
def test_the_way_back_waits_until_the_source_has_everything(report: RunReport) -> None:
    world = promoted()
    world.spec, world.clock = PRIMARY, 100.0
    settled(world)
    world.ran(report)
    settled(world)
    assert role(world)[0] == "Promoted"
    assert two_way(world)


def test_the_way_back_switches_then_brings_late_writes_over_then_goes_one_way() -> None:
    world = promoted()
    world.spec, world.clock = PRIMARY, 100.0
    settled(world)
    world.ran(run(110.0))
    settled(world)
    assert role(world) == ("Primary", False)
    assert two_way(world), "what the destination received until the switch is brought over"
    world.ran(run(105.0))
    settled(world)
    assert role(world) == ("Primary", False), "that run began before the switch"
    world.ran(run(120.0))
    settled(world)
    assert role(world) == ("Primary", True)
    assert not two_way(world)


def test_a_restart_forgets_when_it_was_asked_for_and_so_takes_a_later_run() -> None:
    world = promoted()
    world.spec, world.clock = PRIMARY, 100.0
    settled(world)
    world.memo = None
    world.clock = 300.0
    settled(world)
    world.ran(run(200.0))
    settled(world)
    assert role(world)[0] == "Promoted"
    world.ran(run(301.0))
    settled(world)
    assert role(world)[0] == "Primary"


def test_a_spec_without_failover_is_the_way_back() -> None:
    """Removing the field must not let a one-way run write over what only the destination has."""
    world = promoted()
    world.spec, world.clock = {}, 100.0
    settled(world)
    assert role(world)[0] == "Promoted"
    assert two_way(world)
    world.ran(run(110.0))
    settled(world)
    world.ran(run(120.0))
    settled(world)
    assert world.status.failover is None
    assert not two_way(world)


def test_what_is_refused_keeps_its_role() -> None:
    world = promoted()
    world.source = None
    settled(world)
    assert world.said()[1] == "BucketNotFound"
    assert role(world)[0] == "Promoted"


def test_the_fence_is_on_the_other_side_and_is_read_back() -> None:
    bare = {n: replace(end(n), status=ImageBucketStatus()) for n in ("photos", "dr")}
    world = settled(World(PRIMARY, bare["photos"], bare["dr"]))
    assert world.said("Fenced") == ("False", "Pending")
    world.destination = end("dr")
    world.step()
    assert world.said("Fenced") == ("True", "Fenced")
    world.spec = PROMOTED
    settled(world)
    assert world.said("Fenced") == ("False", "Pending"), "now the source is to be fenced"
    world.spec = {"failover": {"role": "Promoted", "fence": False}}
    settled(world)
    assert world.said("Fenced") == ("", "")


def test_the_operator_passes_its_own_fence() -> None:
    assert OURS.endswith("/*")
    assert USER_AGENT.startswith(OURS[:-1])
    (statement,) = fence("copy", ("a/", "b/")).statements
    assert statement.resources == ("a/*", "b/*")
    assert statement.effect == "Deny"


def test_a_fence_is_lifted_without_approval_and_nothing_else_is() -> None:
    """Lifting a Deny is held: then the new primary would have stayed read-only until a person approved."""
    own = Statement(sid="mine", effect="Deny", principals=("*",), actions=("s3:GetObject",), resources=("x",))
    there = BucketPolicy(statements=(*fence("copy", ("",)).statements, own))
    managed = {"policy": frozenset({"imagestore-fence-copy"})}
    active = contributed_fence("copy", ("",), fenced=False).value
    assert isinstance(active, BucketPolicy)
    (change,) = plan({"policy": active}, {"policy": Found(there)}, managed, {"policy": BucketPolicy}).changes
    assert (change.op, change.risk) == (Op.SET, None)
    assert isinstance(change.after, BucketPolicy)
    assert [s.sid for s in change.after.statements] == ["mine"]
    (change,) = plan({}, {"policy": Found(there)}, managed, {"policy": BucketPolicy}).changes
    assert (change.op, change.risk) == (Op.CLEAR, None)
    more = {"policy": frozenset({"imagestore-fence-copy", "mine"})}
    for desired in ({"policy": active}, {}):
        (change,) = plan(desired, {"policy": Found(there)}, more, {"policy": BucketPolicy}).changes
        assert change.risk is not None


def test_a_change_of_roles_is_remembered_by_its_role() -> None:
    world = promoted()
    assert world.memo == RoleChange("Promoted", 0.0, closed=0.0)


def test_a_method_that_is_refused_does_not_forget_who_is_promoted() -> None:
    """The next run would go one way, from the old source over what the promoted side has received."""
    world = promoted()
    world.spec = {**PROMOTED, "method": "Native"}
    world.step()
    assert world.said("Stalled") == ("True", "Unsupported")
    world.spec = PRIMARY
    settled(world)
    assert (role(world)[0], two_way(world)) == ("Promoted", True)


def test_a_role_of_an_older_operator_is_taken_for_these_buckets() -> None:
    world = promoted()
    assert world.status.failover is not None
    older = {"source": None, "destination": None}
    world.status = world.status.model_copy(
        update={"failover": world.status.failover.model_copy(update=older)}
    )
    world.step()
    assert world.status.failover is not None
    assert world.status.failover.source == "photos"


def test_a_service_follows_and_an_endpoint_without_a_name_stops_nothing_else() -> None:
    """A failover to an address left the ConfigMap at the old side, because no Service could lead there."""
    written: list[Publication] = []
    publish = {"failover": {"role": "Primary", "publish": {"configMap": "active", "service": "s3"}}}

    def write(what: Publication) -> str:
        written.append(what)
        return ""

    world = World(publish, publish=write)
    settled(world)
    assert (written[-1].service, written[-1].host, written[-1].data["role"]) == (
        "s3",
        "photos.example",
        "Primary",
    )
    assert world.said("Published") == ("True", "Published")
    world.destination = end("dr", endpoint="https://10.0.0.7:9000")
    settled(world)
    assert world.said("Published") == ("False", "Unsupported")
    assert "the endpoint https://10.0.0.7:9000 has no name" in world.message("Published")
    world.spec = {"failover": {**publish["failover"], "role": "Promoted"}}
    settled(world)
    assert (written[-1].service, written[-1].config_map) == ("", "active")
    assert written[-1].data["role"] == "Promoted"


def test_while_promoted_the_objective_holds_for_the_changes_of_either_bucket() -> None:
    """Nothing that was written at the destination reached the source, and every change of the source was there."""
    world = promoted()
    world.spec = PROMOTED | {"objectives": {"rpo": "15m"}}
    world.clock = 100.0
    world.ran(run(100.0))
    settled(world)
    assert (
        world.message("WithinObjective") == "every change of either bucket older than 15m is in the other one"
    )
    world.ran(run(200.0, failed={"Denied": 1}, unequal_since=110.0))
    world.clock = 110.0 + 901.0
    settled(world)
    assert world.said("WithinObjective")[0] == "False"
    assert "changes of either bucket" in world.message("WithinObjective")


def test_the_destination_is_told_of_a_failover_until_all_has_come_back() -> None:
    world = World()
    world.step()
    assert not noted(world)
    world.spec = PROMOTED
    world.step()
    assert noted(world), "its role is not known yet"
    settled(world)
    assert noted(world)
    world.spec, world.clock = PRIMARY, 100.0
    for began in (110.0, 120.0):
        settled(world)
        assert noted(world)
        world.ran(run(began))
    settled(world)
    assert (role(world), noted(world)) == (("Primary", True), False)
