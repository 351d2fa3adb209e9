"""Stories of trouble: a bucket lost, a store that does not answer, a change that waits for a person."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from imagestore.backends.base import Observation
from imagestore.backends.memory import MemoryBackend, MemoryBucket
from imagestore.core.errors import Denied, Throttled, Unavailable
from imagestore.core.facet import Facet
from imagestore.core.reading import Level, Support
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.versioning import Versioning
from tests.reconcile.test_lifecycle_of_a_bucket import ON, made
from tests.reconcile.world import BUCKET, World, backend_spec


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


@pytest.mark.parametrize(("operation", "state"), [("", "Unknown"), ("Get:versioning", "False")])
@pytest.mark.parametrize(("silent", "most"), [(False, 120), (True, 45)])
def test_what_a_silent_store_said_last_is_believed_no_longer_than_the_grace(
    operation: str, state: str, *, silent: bool, most: float
) -> None:
    """The waits between the tries grew over its end; known silent, the store was so for up to 75 seconds before."""
    world = made()
    world.silent = silent

    def fault(asked: str, bucket: str) -> None:
        if operation in ("", asked):
            raise Unavailable("a web page")

    world.store.fault = fault
    began = world.later().now
    world.step()
    assert world.ready[0] == "True", "one look that fails makes no difference"
    while world.ready[0] == "True":
        world.now += timedelta(seconds=world.wait or 0)
        world.step()
    assert world.ready[0] == state
    assert (world.now - began).total_seconds() == most


def test_one_setting_that_is_not_told_does_not_make_ready_flap() -> None:
    """A single 503 in ten thousand looks must wake nobody; one that lasts must not be kept quiet."""
    world = made()

    def fault(operation: str, bucket: str) -> None:
        if operation == "Get:versioning":
            raise Unavailable("503")

    world.store.fault = fault
    assert world.later().step().status is None
    assert world.ready == ("True", "InSync")
    world.later(seconds=130).step()
    assert world.ready == ("False", "Unavailable")
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
    assert world.stepped() == 77


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


def test_a_hold_is_told_in_one_event_that_has_its_token() -> None:
    world = made()
    world.events.clear()
    world.edit(versioning={"state": "Suspended"}).settle()
    assert world.reasons() == ["ApprovalNeeded"]
    assert world.held()["versioning"] in world.events[0].message
    world.later().settle()
    assert world.reasons() == ["ApprovalNeeded"], "and not again at the next look"
    del world.store.buckets[BUCKET]
    world.events.clear()
    world.later().settle()
    assert [r for r in world.reasons() if r != "Ready"] == ["ContentLost", "Created"]
    assert world.held()["content"] in world.events[0].message


def test_what_is_wrong_besides_a_hold_is_told_as_well() -> None:
    world = made()
    world.limits["quota"] = Support(Level.NONE)
    world.events.clear()
    world.edit(versioning={"state": "Suspended"}, quota={"hard": "1Gi"}).settle()
    assert sorted(world.reasons()) == ["ApprovalNeeded", "NeedsApproval"]


def by_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store of two sites of which one has the bucket."""
    check, asked = MemoryBackend.check, count()

    def turning(self: MemoryBackend, *args: Any, **more: Any) -> Observation | None:
        return check(self, *args, **more) if next(asked) % 2 else None

    monkeypatch.setattr(MemoryBackend, "check", turning)


def passes(world: World) -> int:
    """How many there are in twenty minutes."""
    end, steps = world.now + timedelta(minutes=20), 0
    while world.now < end and steps < 100:
        world.step()
        steps += 1
        world.now += timedelta(seconds=world.wait or 0)
    return steps


def test_a_bucket_that_is_there_by_turns_is_looked_for_ever_less_and_not_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was looked for each second, Ready all the time."""
    world = made().later()
    by_turns(monkeypatch)
    assert passes(world) < 30
    assert world.ready == ("Unknown", "StoreUnreachable")
    assert world.condition("ContentLost") is None


def test_a_name_that_is_taken_by_turns_is_asked_for_ever_less(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World().apply(**ON)
    world.step()
    world.store.buckets[BUCKET] = MemoryBucket()
    by_turns(monkeypatch)
    assert passes(world) < 30
