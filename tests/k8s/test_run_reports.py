"""What the engine's report becomes: its times are the stores', ours are the process' clock."""

from typing import Any

import pytest

from imagestore.controller.replicating import reported, rereading
from imagestore.controller.run_samples import run_samples
from imagestore.controller.run_tasks import RunTask
from imagestore.core.census import Amount
from imagestore.core.errors import Denied
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.runs import RunsState
from imagestore.transfer.report import BothSides, HeldDeletes, TransferReport, TransferTrouble
from tests.k8s.staged_runs import job, key

WALL = 1_800_000_000_000  # ms; when the run ended by our wall clock
AT, BEGAN = 500.0, 440.0  # the same by the process' clock


def report(**more: Any) -> TransferReport:
    read = {"source_read": True, "destination_read": True, "complete": True}
    return TransferReport(
        **{"began": WALL - 60_000, "ended": WALL, "listed_at": WALL - 50_000, **read, **more}
    )


def test_what_was_listed_dates_what_is_proven() -> None:
    found = reported(report(), BEGAN, AT, two_way=False)
    assert (found.began, found.ended, found.listed, found.covered) == (440.0, 500.0, 450.0, 450.0)


def test_a_source_whose_clock_is_ahead_dates_by_its_own() -> None:
    """Its listing began at 10:01:00 by its clock, which is 60 s ahead: 50 s before the end, not 10 s after it."""
    found = reported(report(listed_at=WALL + 10_000, skew=BothSides(60_000, 0)), BEGAN, AT, two_way=False)
    assert found.covered == pytest.approx(450.0)
    assert found.skew == (60.0, 0.0)


def test_a_listing_from_before_an_interruption_is_as_old_as_it_is() -> None:
    assert reported(report(listed_at=WALL - 3_600_000), BEGAN, AT, two_way=False).covered == AT - 3600.0


def test_the_oldest_object_that_is_not_equal_dates_the_rest() -> None:
    found = reported(report(oldest_unequal=WALL - 90_000, backlog=Amount(1, 9)), BEGAN, AT, two_way=True)
    assert (found.covered, found.backlog, found.two_way) == (410.0, (1, 9), True)


def test_nothing_in_the_future_is_proven() -> None:
    assert reported(report(listed_at=WALL + 5_000), BEGAN, AT, two_way=False).covered == AT


@pytest.mark.parametrize("missing", ["source_read", "destination_read", "complete"])
def test_a_side_that_was_not_read_to_its_end_proves_nothing(missing: str) -> None:
    found = reported(report(**{missing: False}), BEGAN, AT, two_way=False)
    assert (found.complete, found.covered, found.clean) == (False, None, False)


def test_trouble_keeps_its_side_and_its_reason() -> None:
    trouble = TransferTrouble("destination", Denied("PutObject: AccessDenied"))
    found = reported(report(trouble=trouble, complete=False), BEGAN, AT, two_way=False)
    assert found.trouble is not None
    assert (found.trouble.side, found.trouble.reason) == ("destination", Reason.DENIED)


def test_held_deletes_say_why_in_words() -> None:
    held = HeldDeletes(70, 12.0, "abc", "TooMany")
    found = reported(report(held=held), BEGAN, AT, two_way=False).held
    assert found is not None
    assert (found.token, found.objects) == ("abc", 70)
    assert found.why == "there are more of them than spec.guard lets go at once"


@pytest.mark.parametrize("why", ["NotComplete", "Refused", "JournalLost", "FirstRun"])
def test_what_no_approval_overrules_says_why_in_words(why: str) -> None:
    held = HeldDeletes(70, 12.0, "", why)
    found = reported(report(held=held), BEGAN, AT, two_way=False, refused="ContentLost is True").held
    assert found is not None
    assert why not in found.why
    assert (found.why == "ContentLost is True") is (why == "Refused")


def test_what_is_known_of_attributes_ages_although_later_runs_fail() -> None:
    told = reported(report(attributes_since=WALL - 80_000), BEGAN, AT, two_way=False)
    failed = reported(report(complete=False), AT, AT + 10, two_way=False)
    state = RunsState(BEGAN).after(told).after(failed)
    assert (state.attributes_lag(AT), state.attributes_lag(AT + 20)) == (80.0, 100.0)
    assert RunsState(BEGAN).after(reported(report(), BEGAN, AT, two_way=False)).attributes_lag(AT) is None
    task = RunTask((key("a"), ""), job(), state, AT)
    ages = {family.name: (labels, value) for family, labels, value in run_samples(AT, [task], [])}
    assert ages["imagestore_replication_attributes_lag_seconds"] == (("shop", "a"), 80.0)


def test_a_first_run_is_told_until_one_has_ended_well_or_not() -> None:
    began = RunsState(BEGAN)
    ended = began.after(reported(report(complete=False), BEGAN, AT, two_way=False))
    told = [
        [value for family, _, value in run_samples(AT, [RunTask((key("a"), ""), job(), state, AT)], [])
         if family.name == "imagestore_replication_first_run"]
        for state in (began, ended)
    ]  # fmt: skip
    assert told == [[1.0], []]


@pytest.mark.parametrize(("interval", "parts"), [(1.0, 1000), (300.0, 288), (3600.0, 24), (2 * 86400.0, 1)])
def test_attributes_of_every_key_are_read_again_within_a_day(interval: float, parts: int) -> None:
    assert rereading(interval) == parts
