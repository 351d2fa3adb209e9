"""Which Events a reconcile posts, which of them warn, and what the status says beside them."""

import pytest

from imagestore.core.errors import Rejected
from imagestore.core.outcome import Event
from imagestore.core.reasons import Reason
from imagestore.facets.versioning import Versioning
from imagestore.reconcile.bucket.report import with_actions
from tests.reconcile.test_lifecycle_of_a_bucket import ON, made
from tests.reconcile.test_waits import failing
from tests.reconcile.world import BUCKET, World, backend_spec

CREATED = Event(Reason.CREATED, "bucket a was created")
ADOPTED = Event(Reason.ADOPTED, "bucket a was taken over")
READY = Event(Reason.READY, "the store agrees with the spec")
LOST = Event(Reason.CONTENT_LOST, "lost", warning=True)


@pytest.mark.parametrize(
    ("actions", "news", "told"),
    [
        ((), (), ()),
        ((), (READY,), (READY,)),
        ((CREATED,), (), (CREATED,)),
        ((CREATED,), (LOST,), (CREATED, LOST)),
        ((CREATED,), (READY, LOST), (Event(Reason.CREATED, f"{CREATED.message}; {READY.message}"), LOST)),
        (
            (ADOPTED, CREATED),
            (READY,),
            (ADOPTED, Event(Reason.CREATED, f"{CREATED.message}; {READY.message}")),
        ),
    ],
)
def test_an_action_that_made_a_bucket_ready_says_so_itself(
    actions: tuple[Event, ...], news: tuple[Event, ...], told: tuple[Event, ...]
) -> None:
    assert with_actions(actions, news) == told


def warned(world: World) -> dict[str, bool]:
    return {e.reason: e.warning for e in world.events}


def test_a_hold_warns_with_its_token() -> None:
    world = made()
    world.events.clear()
    world.edit(versioning={"state": "Suspended"}).settle()
    (event,) = world.events
    token = world.held()["versioning"]
    assert event == Event(
        Reason.APPROVAL_NEEDED,
        "versioning waits for approval: suspending versioning: from then on overwritten and deleted objects cannot be"
        f" restored (versioning.state); add {token} to spec.approve",
        warning=True,
    )


def test_what_failed_beside_a_hold_is_a_warning_of_its_own() -> None:
    world = failing(made(), Rejected("no"), "Put:cors")
    world.events.clear()
    world.edit(versioning={"state": "Suspended"}, cors={"rules": _RULES}).settle()
    assert world.reasons().count("ApprovalNeeded") == 1
    assert "NeedsApproval" in world.reasons()
    assert all(warned(world).values())


_RULES = [{"allowedOrigins": ["*"], "allowedMethods": ["GET"]}]


def test_a_loss_warns_once_and_its_token_is_in_that_event() -> None:
    world = made()
    world.store.buckets.clear()
    world.events.clear()
    world.later().settle()
    assert warned(world) == {"ContentLost": True, "Created": False}
    assert world.reasons().count("ContentLost") == 1
    world.events.clear()
    world.later().settle()
    assert world.events == []


def test_a_token_that_a_loss_gets_later_is_told() -> None:
    """The status was restored from a backup without its plan."""
    world = made()
    world.store.buckets.clear()
    world.later().settle()
    world.status.pop("plan")
    world.events.clear()
    world.later().settle()
    (event,) = world.events
    assert (event.reason, event.warning) == ("ApprovalNeeded", True)
    assert world.held()["content"] in event.message


def test_a_stalled_bucket_warns_once_for_each_reason() -> None:
    world = World(backend_spec=backend_spec(maxBuckets=1), earlier=1).apply(**ON)
    world.settle()
    assert [(e.reason, e.warning) for e in world.events] == [("TooManyBuckets", True)]
    world.later().settle()
    assert len(world.events) == 1
    world.rival, world.earlier = "shop/first", 0
    world.later().settle()
    assert [e.reason for e in world.events[1:]] == ["Conflict"]
    world.rival = None
    world.settle()
    assert [(e.reason, e.warning) for e in world.events[2:]] == [("Created", False)]


def test_an_ended_snooze_warns() -> None:
    snooze = {"snooze": {"until": "2025-01-01T00:00:00Z", "reason": "long ago"}}
    world = World().apply(**ON, drift=snooze).settle()
    told = [e for e in world.events if e.reason == "SnoozeOver"]
    assert [(e.warning, e.message) for e in told] == [
        (
            True,
            "drift.snooze ended at 2025-01-01T00:00:00Z, so drift is corrected; remove it, or set a time in the future",
        )
    ]


def test_a_bucket_that_stays_ready_has_no_news() -> None:
    world = made()
    world.events.clear()
    world.edit(tags={"team": "press"}).settle()
    world.later().settle()
    assert world.events == []


def test_status_says_what_was_asked_for_and_of_which_bucket() -> None:
    world = made()
    assert world.status["bucketName"] == BUCKET
    assert "reconcileRequest" not in world.status
    world.edit(reconcileRequest="now").settle()
    assert world.status["reconcileRequest"] == "now"
    assert world.status["observedGeneration"] == world.generation


def test_a_plan_in_status_has_the_digest_of_what_is_written_beside_a_hold() -> None:
    world = made()
    world.edit(versioning={"state": "Suspended"}, tags={"team": "press"}).step()
    first = world.status["plan"]["digest"]
    world.later().settle()
    assert "digest" not in world.status["plan"], "nothing is written any more"
    world.edit(tags={"team": "lab"}).step()
    assert world.status["plan"]["digest"] not in (None, first)
    world.edit(versioning=ON["versioning"]).settle()
    assert "plan" not in world.status


def test_each_setting_in_trouble_is_in_the_message_with_the_worst_reason_first() -> None:
    world = failing(made(), Rejected("no"), "Put:cors")
    world.bucket.facets["versioning"] = Versioning(state="Enabled")
    world.edit(versioning={"state": "Suspended"}, cors={"rules": _RULES}).settle()
    ready = world.condition("Ready")
    assert ready is not None
    assert (ready.reason, ready.message) == (
        "NeedsApproval",
        "versioning: suspending versioning: from then on overwritten and deleted objects cannot be restored; cors: no",
    )
