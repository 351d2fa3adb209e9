"""How drift is told: its fields, their number, whose rules they are, and how it ended."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from imagestore.api.bucketstatus import DriftStatus, ImageBucketStatus
from imagestore.core.diff import FieldDiff, some_paths
from imagestore.core.errors import Throttled
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.tags import Tags
from imagestore.facets.versioning import Versioning
from imagestore.reconcile.bucket.drift import report
from imagestore.reconcile.bucket.report import news
from tests.reconcile.test_drift import drifted, tamper
from tests.reconcile.test_lifecycle_of_a_bucket import ON, made
from tests.reconcile.test_waits import failing
from tests.reconcile.world import START, World

NAMES = [f"t{n}" for n in range(8)]


def field(path: str, before: Any = None, after: Any = "a") -> FieldDiff:
    return FieldDiff(path, before, after)


def policies(*found: str) -> list[str]:
    status = report(None, [field(p) for p in found], START, "Vanished")
    assert status is not None
    return list(status.policies)


def test_only_rules_of_policies_have_a_policy() -> None:
    assert policies(
        "lifecycle.rules[name=tidy/old].expire.days",
        "lifecycle.rules[name=tidy/new]",
        "lifecycle.rules[name=archive/x].state",
        "lifecycle.rules[name=own].state",
        "lifecycle.rules[name=foreign/theirs].state",
        "lifecycle.rules",
        "lifecycle",
        "inventory.configurations[name=a/b].schedule",
        "versioning.state",
    ) == ["archive", "tidy"]


def test_a_name_that_no_object_can_have_is_no_policy() -> None:
    long = "p" * 253
    assert policies(f"lifecycle.rules[name={long}/x]", f"lifecycle.rules[name={long}p/x]") == [long]


def test_a_value_is_shown_as_json_that_people_can_read() -> None:
    status = report(None, [field("a.b", {"ä": [True], "z": 1}, None)], START, "Vanished")
    assert status is not None
    shown = status.fields[0]
    assert (shown.path, shown.observed, shown.desired) == ("a.b", '{"z": 1, "ä": [true]}', None)
    assert status.total == 1


def test_drift_began_when_it_was_first_seen_by_any_clock() -> None:
    later = START + timedelta(hours=1)
    before = report(None, [field("a.b")], START, "Vanished")
    again = report(before, [field("a.b")], later, "Vanished")
    assert again is not None
    assert again.since == START
    back = report(again, [field("a.b")], START - timedelta(hours=1), "Vanished")
    assert back is not None
    assert back.since == START - timedelta(hours=1), "none of it is in the future"
    over = report(again, [], START - timedelta(hours=2), "Corrected")
    assert over is not None
    (record,) = over.history
    assert (record.since, record.until, record.how, record.paths) == (START, START, "Corrected", ("a.b",))
    assert (over.since, over.fields) == (None, ())


def test_the_last_ten_are_remembered_the_newest_first() -> None:
    status: DriftStatus | None = None
    for n in range(12):
        moment = START + timedelta(minutes=n)
        status = report(status, [field(f"a.f{n}")], moment, "Vanished")
        status = report(status, [], moment, "Vanished")
    assert status is not None
    assert [r.paths for r in status.history] == [(f"a.f{n}",) for n in range(11, 1, -1)]
    assert report(None, [], START, "Vanished") is None


@pytest.mark.parametrize(("count", "rest"), [(1, ""), (5, ""), (6, " and 1 more"), (8, " and 3 more")])
def test_five_paths_are_named(count: int, rest: str) -> None:
    named = ", ".join(f"a.f{n}" for n in range(min(count, 5)))
    assert some_paths([field(f"a.f{n}") for n in range(count)]) == f"{named}{rest}"


def wiped(count: int) -> World:
    """A bucket of which another program changed so many tags; the drift is declared."""
    names = NAMES[:count]
    world = made(tags=dict.fromkeys(names, "a"))
    world.bucket.facets["tags"] = Tags(values={**world.bucket.tags, **dict.fromkeys(names, "b")})
    world.later().step()
    world.events.clear()
    world.later(seconds=45).step()
    return world


@pytest.mark.parametrize(("count", "rest"), [(1, ""), (5, ""), (6, "; and 1 more"), (8, "; and 3 more")])
def test_its_event_has_the_values_of_five_fields(count: int, rest: str) -> None:
    world = wiped(count)
    told = next(e for e in world.events if e.reason == "DriftDetected")
    said = "; ".join(f'tags["{n}"] is "b", should be "a"' for n in NAMES[: min(count, 5)])
    assert (told.message, told.warning) == (f"{said}{rest}", True)
    condition = world.condition("DriftDetected")
    assert condition is not None
    named = ", ".join(f'tags["{n}"]' for n in NAMES[: min(count, 5)])
    assert condition.message == f"changed outside the operator: {named}{rest.replace(';', '')}"
    ready = world.condition("Ready")
    assert ready is not None
    assert ready.message == f"tags: {named}{rest.replace(';', '')}"


def test_its_end_is_told_with_the_paths_and_how() -> None:
    world = wiped(6)
    world.settle()
    ended = world.events[-1]
    named = ", ".join(f'tags["{n}"]' for n in NAMES[:5])
    assert (ended.reason, ended.message, ended.warning) == ("DriftCorrected", named, False)
    assert [r["how"] for r in world.status["drift"]["history"]] == ["Corrected"]
    world.events.clear()
    world.later().settle()
    assert world.events == [], "an old end is not told again"


def observed(**spec: Any) -> World:
    """An object in mode Observe whose bucket differs in versioning."""
    world = made(**{**ON, **spec}).edit(mode="Observe").settle()
    tamper(world)
    return world.later().settle()


def test_what_mode_observe_finds_is_counted() -> None:
    world = observed()
    ready = world.condition("Ready")
    assert ready is not None
    assert ready.message == "mode Observe: 1 settings differ, nothing is changed"
    world.bucket.facets["tags"] = Tags(values={})
    world.bucket.facets["tags"] = Tags(
        values={**world.bucket.tags, "imagestore.dev/owner": "prod/shop/photos"}
    )
    world.later().settle()
    ready = world.condition("Ready")
    assert ready is not None
    assert ready.message == "mode Observe: 2 settings differ, nothing is changed"


def test_drift_that_another_mends_has_vanished_and_is_not_remembered_of_the_setting() -> None:
    world = observed()
    assert world.facet("versioning")["drift"]
    world.bucket.facets["versioning"] = Versioning(state="Enabled")
    world.later().settle()
    assert "drift" not in world.facet("versioning")
    assert [r["how"] for r in world.status["drift"]["history"]] == ["Vanished"]
    assert world.events[-1].reason == "DriftVanished"
    assert world.events[-1].message == "versioning.state"


def test_while_other_drift_is_confirmed_what_was_reported_stays_reported() -> None:
    world = observed()
    known, since = world.facet("versioning")["drift"], world.status["drift"]["since"]
    world.bucket.facets["tags"] = Tags(values={**world.bucket.tags, "team": "theirs"})
    world.later().edit(drift={"interval": "30m"}).step()
    assert world.wait == 45, "the tags were seen once"
    assert world.status["observedGeneration"] == world.generation, "the edit was seen"
    assert world.facet("versioning")["drift"] == known
    assert world.status["drift"]["since"] == since
    assert world.status["drift"]["total"] == 1
    world.settle()
    assert world.status["drift"]["total"] == 2
    assert world.reasons().count("DriftDetected") == 1, "it is the same drift, grown"


def test_drift_that_grows_is_shown_as_it_is_while_other_drift_is_confirmed() -> None:
    world = observed()
    there = world.bucket.facets["versioning"]
    world.bucket.facets["versioning"] = there.model_copy(update={"state": "Suspended"})
    world.status["drift"]["fields"][0]["observed"] = '"before"'
    world.bucket.facets["tags"] = Tags(values={**world.bucket.tags, "team": "theirs"})
    world.later().edit(drift={"interval": "30m"}).step()
    assert world.wait == 45
    assert world.status["drift"]["fields"][0]["observed"] == '"Suspended"'


def test_rules_that_were_disabled_are_remembered_as_that() -> None:
    rules = {"rules": [{"name": n, "expire": {"days": 9}} for n in ("a", "b")]}
    for update, off in ({"state": "Disabled"}, True), ({"expire": {"days": 99}}, None):
        world = made(lifecycle=rules).edit(mode="Observe").settle()
        there = world.bucket.facets["lifecycle"].to_json()
        there["rules"][0] |= update
        world.bucket.facets["lifecycle"] = Lifecycle.model_validate(there)
        world.later().settle()
        assert world.facet("lifecycle")["state"] == "Drifted"
        assert world.facet("lifecycle").get("switchedOff") is off


@pytest.mark.parametrize(("left", "snoozed"), [(1, True), (0, False)])
def test_a_snooze_ends_in_its_second(left: int, *, snoozed: bool) -> None:
    until = START + timedelta(hours=2)
    world = drifted(drift={"snooze": {"until": until.isoformat(), "reason": "migration"}})
    world.settle()
    assert world.facet("versioning")["message"] == "snoozed: versioning.state"
    world.now = until - timedelta(seconds=left)
    world.step()
    ready = world.condition("Ready")
    assert ready is not None
    assert (ready.message == "the store agrees with the spec") is snoozed
    assert (world.facet("versioning")["reason"] == "Snoozed") is snoozed


def test_a_correction_is_told_although_other_drift_has_to_be_confirmed() -> None:
    world = drifted()
    world.step()
    world.later(seconds=45).step()
    assert world.ready == ("False", "Drifted")
    world.bucket.facets["tags"] = Tags(values={**world.bucket.tags, "team": "theirs"})
    assert world.step().status is not None
    assert world.facet("versioning")["state"] == "InSync"
    assert world.facet("tags")["reason"] == "Unconfirmed"
    assert world.wait == 45


def test_drift_that_cannot_be_corrected_yet_is_not_over() -> None:
    world = wiped(1)
    failing(world, Throttled("SlowDown"), "Put:tags")
    for _ in range(3):
        world.step()
        world.later(seconds=world.wait or 0)
    assert world.condition("DriftDetected") is not None
    assert not world.status["drift"].get("history")
    assert world.reasons().count("DriftDetected") == 1


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("Corrected", "DriftCorrected"),
        ("Vanished", "DriftVanished"),
        ("Accepted", "DriftVanished"),
    ],
)
def test_an_end_of_drift_is_told_however_a_version_called_it(how: str, reason: str) -> None:
    since = START.isoformat()
    record = {"since": since, "until": since, "how": how, "paths": ["versioning.state"]}
    before = ImageBucketStatus.model_validate({"drift": {"since": since}})
    after = ImageBucketStatus.model_validate({"drift": {"history": [record]}})
    told = news(World().apply().situation(), after)
    assert told == ()
    (event,) = news(replace(World().apply().situation(), status=before), after)
    assert (event.reason, event.message, event.warning) == (reason, "versioning.state", False)
