"""When the runs of a schedule are due."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dev.testing.examples import examples
from imagestore.reconcile.schedule.timing import (
    MOST_COUNTED,
    CronTiming,
    DueRun,
    InvalidTiming,
    cron_timing,
    due_run,
    jitter_of,
)


def local(timing: CronTiming, start: str, number: int) -> list[str]:
    """The next scheduled times on the clocks of the zone, with their distance from UTC."""
    begin = datetime.fromisoformat(start).replace(tzinfo=timing.zone)
    found = islice(timing.after(begin.astimezone(UTC)), number)
    return [t.astimezone(timing.zone).strftime("%d %H:%M %z") for t in found]


# The days when clocks are changed in a common zone, and in two that are not like others.
@pytest.mark.parametrize(
    ("cron", "zone", "start", "times"),
    [
        # Europe/Berlin, 2027-03-28: 02:00 becomes 03:00.
        ("30 2 * * *", "Europe/Berlin", "2027-03-27 00:00", ["27 02:30 +0100", "28 03:00 +0200", "29 02:30 +0200"]),
        ("30 2,3 * * *", "Europe/Berlin", "2027-03-28 00:00", ["28 03:00 +0200", "28 03:30 +0200", "29 02:30 +0200"]),
        ("*/30 * * * *", "Europe/Berlin", "2027-03-28 01:15", ["28 01:30 +0100", "28 03:00 +0200", "28 03:30 +0200"]),
        # 2027-10-31: 03:00 becomes 02:00.
        ("30 2 * * *", "Europe/Berlin", "2027-10-30 12:00", ["31 02:30 +0200", "01 02:30 +0100", "02 02:30 +0100"]),
        ("15 * * * *", "Europe/Berlin", "2027-10-31 01:30", ["31 02:15 +0200", "31 02:15 +0100", "31 03:15 +0100"]),
        ("*/30 2 * * *", "Europe/Berlin", "2027-10-31 01:30", ["31 02:00 +0200", "31 02:30 +0200", "31 02:00 +0100"]),
        # Lord Howe, half an hour: 2027-10-03 02:00 becomes 02:30; 2027-04-04 02:00 becomes 01:30.
        ("10 2 * * *", "Australia/Lord_Howe", "2027-10-03 00:00", ["03 02:30 +1100", "04 02:10 +1100"]),
        ("40 1 * * *", "Australia/Lord_Howe", "2027-04-04 00:00", ["04 01:40 +1100", "05 01:40 +1030"]),
        ("*/20 1 * * *", "Australia/Lord_Howe", "2027-04-04 01:30", ["04 01:40 +1100", "04 01:40 +1030", "05 01:00 +1030"]),
        # Havana, 2027-03-14: midnight becomes 01:00; 2027-11-07 01:00 becomes midnight again.
        ("0 0 * * *", "America/Havana", "2027-03-13 12:00", ["14 01:00 -0400", "15 00:00 -0400"]),
        ("0 0 * * *", "America/Havana", "2027-11-06 12:00", ["07 00:00 -0400", "08 00:00 -0500"]),
        ("30 23 * * *", "America/Havana", "2027-03-13 12:00", ["13 23:30 -0500", "14 23:30 -0400"]),
        # Day and weekday together mean or.
        ("0 4 1 * MON", "UTC", "2027-02-27 00:00", ["01 04:00 +0000", "08 04:00 +0000", "15 04:00 +0000"]),
        ("0 4 3 * mon", "UTC", "2027-03-01 05:00", ["03 04:00 +0000", "08 04:00 +0000"]),
        ("0 4 29 2 *", "UTC", "2027-02-01 00:00", ["29 04:00 +0000"]),
    ],
)  # fmt: skip
def test_a_time_of_day_runs_once_on_the_days_when_clocks_are_changed(
    cron: str, zone: str, start: str, times: list[str]
) -> None:
    assert local(cron_timing(cron, zone), start, len(times)) == times


def test_nothing_is_due_again_in_the_second_of_two_equal_hours() -> None:
    """02:10 by the second clock: 02:30 of the first one is over, and its run was made."""
    timing = cron_timing("30 2 * * *", "Europe/Berlin")
    second = datetime(2027, 10, 31, 2, 10, tzinfo=timing.zone, fold=1).astimezone(UTC)
    (time,) = islice(timing.after(second), 1)
    assert time == datetime(2027, 11, 1, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "zone", "told"),
    [
        ("0 0 30 2 *", "UTC", "bad day-of-month"),
        ("0 0 31 4,6 *", "UTC", "bad day-of-month"),
        ("60 * * * *", "UTC", "bad minute"),
        ("* * * * * *", "UTC", "needs five fields"),
        ("@daily", "UTC", "needs five fields"),
        ("*/0 * * * *", "UTC", "bad minute"),
        ("0 0 * * *", "Europe/Bonn", "there is no time zone 'Europe/Bonn'"),
        ("0 0 * * *", "Europe", "there is no time zone"),
        ("0 0 * * *", "../UTC", "there is no time zone"),
        ("0 0 * * *", "", "there is no time zone"),
    ],
)
def test_what_no_clock_can_follow_is_refused(cron: str, zone: str, told: str) -> None:
    with pytest.raises(InvalidTiming, match=told):
        cron_timing(cron, zone)


NIGHTLY = cron_timing("17 2 * * *", "UTC", deadline=3600)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_run_begins_at_its_time_and_is_not_due_twice() -> None:
    before = due_run(NIGHTLY, at("2027-01-01 12:00"), at("2027-01-02 02:16:59"))
    assert (before.start, before.begins) == (None, at("2027-01-02 02:17"))
    begun = due_run(NIGHTLY, before.until, at("2027-01-02 02:17"))
    assert (begun.start, begun.missed) == (at("2027-01-02 02:17"), 0)
    again = due_run(NIGHTLY, begun.until, at("2027-01-02 02:17:01"))
    assert (again.start, again.missed, again.next) == (None, 0, at("2027-01-03 02:17"))


def test_after_an_outage_one_run_is_caught_up_within_the_deadline() -> None:
    """k8up#855: every missed run fired at once."""
    found = due_run(NIGHTLY, at("2027-01-01 12:00"), at("2027-01-05 03:17"))
    assert (found.start, found.missed) == (at("2027-01-05 02:17"), 3)
    late = due_run(NIGHTLY, at("2027-01-01 12:00"), at("2027-01-05 03:17:01"))
    assert (late.start, late.missed, late.next) == (None, 4, at("2027-01-06 02:17"))


def test_a_clock_that_was_set_back_repeats_no_run() -> None:
    begun = due_run(NIGHTLY, at("2027-01-01 12:00"), at("2027-01-05 02:17"))
    back = due_run(NIGHTLY, begun.until, at("2027-01-05 02:00"))
    assert (back.start, back.missed) == (None, 0)
    assert due_run(NIGHTLY, back.until, at("2027-01-05 02:18")).start is None
    assert back.begins == at("2027-01-06 02:17")


def test_a_clock_far_ahead_makes_one_run() -> None:
    found = due_run(NIGHTLY, at("2027-01-01 12:00"), at("2029-01-05 02:30"))
    assert (found.start, found.missed) == (at("2029-01-05 02:17"), 734)


def test_the_jitter_is_kept_over_restarts_and_counts_before_the_deadline() -> None:
    timing = cron_timing("0 2 * * *", "UTC", jitter=600, deadline=60, uid="5f9c")
    assert timing.offset == cron_timing("0 2 * * *", "UTC", jitter=600, deadline=60, uid="5f9c").offset
    assert timedelta(0) < timing.offset < timedelta(minutes=10)
    begins = at("2027-01-02 02:00") + timing.offset
    assert due_run(timing, at("2027-01-02 00:00"), begins - timedelta(seconds=1)).start is None
    assert due_run(timing, at("2027-01-02 00:00"), begins).start == at("2027-01-02 02:00")
    assert due_run(timing, at("2027-01-02 00:00"), begins + timedelta(seconds=60)).start is not None
    assert due_run(timing, at("2027-01-02 00:00"), begins + timedelta(seconds=61)).missed == 1


def test_the_jitter_spreads_schedules_over_the_whole_time() -> None:
    found = [jitter_of(f"uid-{n}", 60) for n in range(2000)]
    assert set(found) == set(range(60))


def test_a_year_without_the_operator_is_not_counted_minute_by_minute() -> None:
    each = cron_timing("* * * * *", "Europe/Berlin", deadline=60)
    found = due_run(each, at("2026-01-01 00:00"), at("2027-01-01 00:00:30"))
    assert (found.start, found.missed) == (at("2027-01-01 00:00"), MOST_COUNTED)


def test_the_end_of_the_calendar_is_no_error() -> None:
    found = due_run(NIGHTLY, at("9999-12-30 00:00"), at("9999-12-31 20:00"))
    assert (found.next, found.begins) == (None, None)


ZONES = ("UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "Pacific/Apia", "Africa/Casablanca")
minutes = st.sampled_from(["*", "*/30", "*/7", "0", "17", "0,30", "59", "5-8"])
hours = st.sampled_from(["*", "*/5", "0", "1", "2", "2,3", "23", "0-3"])
days = st.sampled_from([("*", "*"), ("1", "*"), ("*", "1"), ("15", "5"), ("*/10", "*")])
moments = st.integers(0, 366 * 1440 * 2).map(
    lambda m: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=m, seconds=1)
)


@st.composite
def timings(draw: st.DrawFn) -> CronTiming:
    day, weekday = draw(days)
    cron = f"{draw(minutes)} {draw(hours)} {day} * {weekday}"
    return cron_timing(
        cron,
        draw(st.sampled_from(ZONES)),
        jitter=draw(st.sampled_from([0, 60, 900])),
        deadline=draw(st.sampled_from([0, 60, 3600])),
        uid=draw(st.text("0123456789abcdef", min_size=4, max_size=4)),
    )


@given(timings(), moments, st.integers(1, 200))
def test_scheduled_times_depend_on_no_starting_point(timing: CronTiming, start: datetime, ahead: int) -> None:
    """After a restart the sequence goes on where it was: from any moment between two of them the same ones follow."""
    times = list(islice(timing.after(start), 6))
    assert times == sorted(set(times))
    later = times[0] + timedelta(seconds=ahead)
    assume(later < times[5])
    rest = [t for t in times if t > later]
    assert list(islice(timing.after(later), len(rest))) == rest


steps = st.lists(st.integers(-30, 200), min_size=1, max_size=8)  # minutes between two reconciles; some back


@settings(max_examples=examples(25))
@given(timings(), moments, steps)
def test_each_scheduled_time_is_dealt_with_once(timing: CronTiming, start: datetime, walk: list[int]) -> None:
    """Whatever the clock does and whenever the operator is there: begun once or missed, never both, never again."""
    until, now, begun, missed = start, start, list[datetime](), 0
    for step in walk:
        now += timedelta(minutes=step)
        found = due_run(timing, until, now)
        assert found.until >= until
        if found.start is not None:
            late = now - found.start - timing.offset
            assert timedelta(0) <= late <= timing.deadline
            begun.append(found.start)
        missed, until = missed + found.missed, found.until
    assert begun == sorted(set(begun))
    passed = [t for t in islice(timing.after(start), 2000) if t <= until]
    assert len(begun) + missed == len(passed)
    assert set(begun) <= set(passed)


@given(timings(), moments)
def test_the_next_run_begins_when_it_is_told(timing: CronTiming, start: datetime) -> None:
    def asked(now: datetime) -> DueRun:
        return due_run(timing, start, now)

    begins = asked(start).begins
    assert begins is not None
    assert asked(begins - timedelta(seconds=1)).start is None
    assert asked(begins).start == begins - timing.offset
