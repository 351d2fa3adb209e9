"""Stories of changes behind the operator's back."""

from datetime import timedelta
from typing import Any

import pytest

from imagestore.core.errors import Throttled
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.lifecycle_rule import Expire, LifecycleRule
from imagestore.facets.tags import Tags
from imagestore.facets.versioning import Versioning
from tests.reconcile.test_lifecycle_of_a_bucket import ON, made
from tests.reconcile.world import BUCKET, START, World, backend_spec


def tamper(world: World) -> None:
    """Somebody clicks in the console."""
    world.bucket.facets["versioning"] = Versioning(state="Suspended")


def drifted(**spec: Any) -> World:
    """A bucket whose versioning somebody suspended, seen once."""
    world = made(**{**ON, **spec})
    tamper(world)
    return world.later()


def test_a_difference_is_believed_only_at_the_second_look() -> None:
    world = drifted()
    outcome = world.step()
    assert outcome.status is None
    assert world.wait == world.settings.confirm_drift
    assert world.bucket.facets["versioning"] == Versioning(state="Suspended")


def test_a_difference_that_vanishes_is_never_drift() -> None:
    """ansible community.aws#1085: a read after a write alternates between old and new for half a minute."""
    world = drifted()
    world.step()
    world.bucket.facets["versioning"] = Versioning(state="Enabled")
    world.later(seconds=45).settle()
    assert "DriftDetected" not in world.reasons()
    assert "drift" not in world.status


def test_drift_is_declared_before_it_is_corrected_and_recorded_after() -> None:
    world = drifted()
    world.step()
    world.later(seconds=45).step()
    assert world.ready == ("False", "Drifted")
    assert world.condition("DriftDetected") is not None
    assert world.status["drift"]["fields"] == [
        {"path": "versioning.state", "desired": '"Enabled"', "observed": '"Suspended"'}
    ]
    assert world.bucket.facets["versioning"] == Versioning(state="Suspended")
    world.settle()
    assert world.bucket.facets["versioning"] == Versioning(state="Enabled")
    assert world.ready == ("True", "InSync")
    assert world.condition("DriftDetected") is None
    assert world.status["drift"]["history"][0]["how"] == "Corrected"
    assert world.reasons()[-3:] == ["DriftDetected", "Ready", "DriftCorrected"]


def test_drift_whose_correction_fails_stays_drift() -> None:
    world = drifted()
    world.step()
    world.later(seconds=45).step()

    def fault(operation: str, bucket: str) -> None:
        if operation.startswith("Put"):
            raise Throttled("SlowDown")

    world.store.fault = fault
    for _ in range(3):
        world.step()
        world.later(seconds=30)
    assert world.condition("DriftDetected") is not None
    assert "history" not in world.status["drift"] or not world.status["drift"]["history"]
    world.store.fault = None
    world.settle()
    assert world.status["drift"]["history"][0]["how"] == "Corrected"


def test_an_edit_is_not_drift() -> None:
    world = made()
    world.edit(tags={"team": "press"}).settle()
    assert world.bucket.tags["team"] == "press"
    assert "DriftDetected" not in world.reasons()


def test_an_edit_beside_drift_is_applied_and_the_drift_still_told() -> None:
    """Nobody learns that somebody clicks in the console, if an unrelated edit repairs it in silence."""
    world = drifted()
    world.edit(tags={"team": "press"}).settle()
    assert world.bucket.tags["team"] == "press"
    assert "DriftDetected" in world.reasons()
    assert world.bucket.facets["versioning"] == Versioning(state="Enabled")


def test_observe_reports_and_changes_nothing() -> None:
    world = made()
    world.edit(mode="Observe").settle()
    tamper(world)
    world.later().settle()
    assert world.ready == ("True", "Observed")
    assert world.condition("DriftDetected") is not None
    assert world.facet("versioning")["state"] == "Drifted"
    assert world.bucket.facets["versioning"] == Versioning(state="Suspended")
    writes = world.writes
    world.later().settle()
    assert world.writes == writes
    assert world.reasons().count("DriftDetected") == 1


def test_observe_creates_no_bucket() -> None:
    world = World().apply(**ON, mode="Observe").settle()
    assert world.store.buckets == {}
    assert world.ready == ("False", "BucketMissing")


def test_an_ignored_path_may_be_changed_by_others() -> None:
    world = made(**ON, drift={"ignore": ['tags["team"]']})
    world.bucket.facets["tags"] = Tags(values={**world.bucket.tags, "team": "theirs"})
    world.later().settle()
    assert world.bucket.tags["team"] == "theirs"
    assert world.ready == ("True", "InSync")
    assert "DriftDetected" not in world.reasons()


def test_a_snooze_that_ended_before_all_time_is_said_as_well() -> None:
    """In UTC that is no date: the bucket was never reconciled again. The fuzz of specs found it."""
    world = drifted(drift={"snooze": {"until": "0001-01-01T00:00:00+23:59", "reason": "long ago"}})
    found = world.settle().condition("Ready")
    assert found is not None
    assert "drift.snooze ended at 0001-01-01T00:00:00+23:59" in found.message


def test_snooze_leaves_drift_alone_until_it_ends() -> None:
    until = (START + timedelta(hours=2)).isoformat()
    world = drifted(drift={"snooze": {"until": until, "reason": "migration"}})
    world.settle()
    assert world.ready == ("True", "InSync")
    assert world.facet("versioning")["reason"] == "Snoozed"
    assert world.status["drift"]["fields"]
    assert "DriftDetected" not in world.reasons()
    assert world.bucket.facets["versioning"] == Versioning(state="Suspended")
    world.later(hours=2).settle()
    assert world.bucket.facets["versioning"] == Versioning(state="Enabled")
    assert "DriftDetected" in world.reasons()


def test_a_snooze_that_is_over_is_said() -> None:
    """Copied from last year's migration, it left nothing alone, and that was not said."""
    world = drifted(drift={"snooze": {"until": "2025-01-01T00:00:00Z", "reason": "migration"}})
    assert world.reasons().count("SnoozeOver") == 1, "at the edit, and not at each look"
    found = world.settle().condition("Ready")
    assert found is not None
    assert "drift.snooze ended at 2025-01-01T00:00:00Z, so drift is corrected" in found.message
    assert world.bucket.facets["versioning"] == Versioning(state="Enabled")
    assert world.reasons().count("SnoozeOver") == 1


def test_a_fight_over_a_setting_ends() -> None:
    """upjet-aws#2055: several writes a second for each bucket, 14 million a day."""
    world = made()
    for _ in range(6):
        tamper(world)
        world.later().settle()
    assert world.ready == ("False", "NotConverging")
    assert world.store.calls.count(("Put:versioning", BUCKET)) == world.settings.max_repeats


def test_a_quiet_look_forgives_earlier_repeats() -> None:
    world = made()
    for _ in range(6):
        tamper(world)
        world.later().settle()
        world.later().settle()
        assert world.ready == ("True", "InSync")


def test_all_tags_replaced_in_the_console_are_restored_with_the_mark() -> None:
    world = made()
    world.bucket.facets["tags"] = Tags(values={"theirs": "1"})
    world.later().settle()
    assert world.bucket.tags == {"theirs": "1", "team": "shop", "imagestore.dev/owner": "prod/shop/photos"}
    assert world.ready == ("True", "InSync")


def test_a_mark_that_vanished_while_nobody_watched_needs_the_administrator() -> None:
    """A status can be forged, so it is no proof of ownership."""
    world = made()
    world.bucket.facets["tags"] = Tags(values={})
    world.restart().settle()
    assert world.ready == ("False", "MarkMissing")
    assert world.bucket.tags == {}


@pytest.mark.parametrize(("wish", "seconds"), [("30m", 1800), ("1m", 300)])
def test_the_interval_is_the_users_but_not_below_the_administrators(wish: str, seconds: int) -> None:
    world = World(backend_spec=backend_spec(minDriftInterval="5m")).apply(**ON, drift={"interval": wish})
    world.settle()
    assert world.stepped() == seconds


def test_rules_with_ids_of_any_number_and_length_are_no_trouble() -> None:
    """Three hundred rules that look like policies' made every reconcile fail, and so did one long name."""
    world = made(lifecycle={"rules": [{"name": "x", "expire": {"days": 9}}]})
    there = world.bucket.facets["lifecycle"]
    assert isinstance(there, Lifecycle)
    ids = [*(f"p{n}/x" for n in range(300)), "p" * 300 + "/x"]
    alien = tuple(LifecycleRule(name=name, expire=Expire(days=9)) for name in ids)
    world.bucket.facets["lifecycle"] = there.model_copy(update={"rules": (*there.rules, *alien)})
    world.later().step()
    world.later(seconds=45).step()
    assert world.status["drift"]["total"] == len(ids)
    assert len(world.status["drift"]["policies"]) == 250
