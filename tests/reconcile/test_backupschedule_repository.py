"""Which backups count for what a schedule promises: those of all that it backs up, in the repository that it names."""

from typing import Any

import pytest

from imagestore.api.repositories import ObjectSelection
from imagestore.reconcile.schedule.situation import BackupView
from tests.reconcile.scheduled import BEGIN, ScheduleWorld
from tests.reconcile.test_backupschedule_upkeep import FULL, backed_up

ELSEWHERE: dict[str, Any] = {"bucketRef": {"name": "backups"}, "prefix": "elsewhere/"}


def test_what_is_proven_of_one_repository_is_not_said_of_another_one() -> None:
    world = backed_up(**FULL | {"verify": {"full": {"days": 1}, "drill": {"cron": "0 5 * * *"}}})
    world.at("2027-01-02 05:00:01")
    world.drilled(sampled=50)
    world.checked("full", objects=1000)
    types = ("WithinRpo", "Verified", "Drilled")
    assert [world.said(t)[0] for t in types] == ["True"] * 3
    world.spec["repository"] = ELSEWHERE
    world.step()
    assert [world.said(t)[0] for t in types] == ["Unknown"] * 3
    assert world.job("removal") is None
    world.at("2027-01-03 02:17:01")
    world.ended()
    world.step()
    assert world.said("WithinRpo")[0] == "True"
    assert world.job("quick").repository.end.prefix == "elsewhere/"


def test_a_prefix_that_is_written_in_another_way_changes_nothing() -> None:
    world = backed_up(objectives={"rpo": "26h"})
    world.spec["repository"] = {"bucketRef": {"name": "backups"}, "prefix": "photos"}
    world.step()
    assert world.said("WithinRpo")[0] == "True"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "True"),
        ({"place": "backups/photos"}, "True"),
        ({"place": "backups/by-hand"}, "Unknown"),
        ({"filter": ObjectSelection(prefixes=("few/",))}, "Unknown"),
    ],
    ids=["of the schedule", "the same", "elsewhere", "of a few"],
)
def test_a_backup_by_hand_counts_if_it_has_all_and_is_in_the_repository(
    more: dict[str, Any], said: str
) -> None:
    world = ScheduleWorld({"objectives": {"rpo": "26h"}})
    world.step()
    found = BackupView(
        "mine", "u", "photos", BEGIN, "Succeeded", started=BEGIN, finished=BEGIN, backup="root-mine"
    )
    world.backups["mine"] = BackupView(**{**vars(found), **more})
    world.step()
    assert world.said("WithinRpo")[0] == said


ORIGINALS = {"prefixes": ["originals/"]}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (None, ORIGINALS, "True"),
        (ORIGINALS, {"prefixes": ["originals/2027/"]}, "True"),
        (ORIGINALS, {**ORIGINALS, "exclude": ["originals/tmp/"]}, "True"),
        ({"exclude": ["tmp/"]}, {"exclude": ["t"]}, "True"),
        ({"exclude": ["tmp/"]}, ORIGINALS, "True"),
        (ORIGINALS, None, "Unknown"),
        (ORIGINALS, {"prefixes": ["originals/", "thumbs/"]}, "Unknown"),
        ({"exclude": ["tmp/"]}, None, "Unknown"),
        ({"exclude": ["tmp/"]}, {"exclude": ["tmp/a"]}, "Unknown"),
        ({"exclude": ["originals/tmp/"]}, ORIGINALS, "Unknown"),
    ],
)
def test_an_edited_filter_counts_from_the_edit_on(
    before: dict[str, Any] | None, after: dict[str, Any] | None, said: str
) -> None:
    """A backup that lacks what is wanted now made WithinRpo true until the objective had passed."""
    world = backed_up(objectives={"rpo": "26h"}, **({"filter": before} if before else {}))
    assert world.said("WithinRpo")[0] == "True"
    world.spec.pop("filter", None)
    world.spec |= {"filter": after} if after else {}
    world.step()
    assert world.said("WithinRpo")[0] == said
    assert world.job("full") is not None, "what is there goes on being checked"
    world.at("2027-01-03 02:17:01")
    world.ended()
    world.step()
    assert world.said("WithinRpo")[0] == "True"


def test_an_edited_filter_without_a_backup_misses_the_objective() -> None:
    world = backed_up(objectives={"rpo": "26h"}, filter=ORIGINALS)
    del world.spec["filter"]
    world.at("2027-01-03 09:00:00")
    assert world.said("WithinRpo") == ("False", "RpoMissed")
