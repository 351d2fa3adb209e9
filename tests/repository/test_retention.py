"""Which backups stay: tables, and what holds in any case."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagestore.repository.format.roots import AHEAD, BackupCounts, BackupRoot, BackupState, SourceName
from imagestore.repository.removing.retention import RetentionPlan, RetentionRules, retention_plan

SOURCE = SourceName("eu", "photos")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def root(
    when: str, *, state: BackupState = BackupState.SUCCEEDED, objects: int = 100, by_hand: bool = False
) -> BackupRoot:
    time = at(when)
    return BackupRoot(
        when,
        when,
        SOURCE,
        time,
        time,
        (),
        state,
        BackupCounts(objects, objects * 10),
        scheduled=None if by_hand else time,
    )


def nightly(days: int, month: int = 1) -> list[BackupRoot]:
    return [root(f"2027-{month:02}-{day:02}T02:30") for day in range(1, days + 1)]


def kept(plan: RetentionPlan) -> list[str]:
    return [d.backup.name for d in plan.decisions if d.backup not in plan.forgotten]


NOW = at("2027-02-01T12:00")


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (RetentionRules(last=2), ["2027-01-30T02:30", "2027-01-31T02:30"]),
        (RetentionRules(daily=2), ["2027-01-30T02:30", "2027-01-31T02:30"]),
        # 2027-01-31 is a Sunday: ISO weeks end on the 31st, 24th, 17th
        (RetentionRules(weekly=3), ["2027-01-17T02:30", "2027-01-24T02:30", "2027-01-31T02:30"]),
        (RetentionRules(monthly=2), ["2027-01-31T02:30"]),
        (RetentionRules(last=1, weekly=2), ["2027-01-24T02:30", "2027-01-31T02:30"]),
        (RetentionRules(last=1, min_age=2.5), ["2027-01-31T02:30", "2027-01-30T02:30"]),
    ],
)
def test_rules_of_a_month_of_nights(rules: RetentionRules, expected: list[str]) -> None:
    plan = retention_plan(nightly(31), replace(rules, most_share=1.0), NOW)
    assert sorted(kept(plan)) == sorted(expected)


def test_periods_are_of_the_schedules_zone() -> None:
    """23:30 UTC is the next day in Berlin: two backups of one day there, one each of two days in UTC."""
    roots = [root("2027-01-10T22:30"), root("2027-01-10T23:30"), root("2027-01-11T22:30")]
    berlin = RetentionRules(daily=5, most_share=1.0, zone=ZoneInfo("Europe/Berlin"))
    assert kept(retention_plan(roots, berlin, NOW)) == ["2027-01-10T22:30", "2027-01-11T22:30"]
    assert kept(retention_plan(roots, RetentionRules(daily=5, most_share=1.0), NOW)) == [
        "2027-01-10T23:30",
        "2027-01-11T22:30",
    ]


def test_a_partial_backup_stays_until_the_next_success() -> None:
    partial = root("2027-01-03T02:30", state=BackupState.PARTIALLY_FAILED)
    rules = RetentionRules(last=1, most_share=1.0)
    assert partial.name in kept(retention_plan([*nightly(2), partial], rules, NOW))
    assert partial.name not in kept(
        retention_plan([*nightly(2), partial, root("2027-01-04T02:30")], rules, NOW)
    )


def test_the_newest_is_told_by_the_stores_times() -> None:
    """A person gave one backup the scheduled time of another year."""
    hour = 3_600_000
    early = replace(root("2027-01-30T02:30"), scheduled=at("2001-01-01T00:00"))
    late = replace(root("2027-01-10T02:30"), scheduled=NOW + 9000 * hour)
    rules = RetentionRules(last=1, most_share=1.0)
    plan = retention_plan([late, root("2027-01-20T02:30"), early], rules, NOW)
    assert (plan.held, sorted(kept(plan))) == ("", ["2027-01-20T02:30", "2027-01-30T02:30"])
    emptied = replace(early, counts=BackupCounts(1, 10))
    held = retention_plan([late, root("2027-01-20T02:30"), emptied], rules, NOW)
    assert "was the bucket emptied?" in held.held


def test_made_by_hand_does_not_count_for_the_schedule() -> None:
    hand = root("2027-01-31T09:00", by_hand=True)
    plan = retention_plan([*nightly(31), hand], RetentionRules(last=1, most_share=1.0), NOW)
    assert kept(plan) == ["2027-01-31T02:30", hand.name]


@pytest.mark.parametrize(
    ("roots", "rules", "why"),
    [
        (nightly(10), RetentionRules(last=2), "8 of 10 backups would go, more than 50%"),
        (nightly(10), RetentionRules(), "no rule keeps a backup"),
        ([*nightly(3), root("2027-03-01T02:30")], RetentionRules(last=3), "lies in the future"),
        (
            [*nightly(3), root("2027-01-30T02:30", objects=40)],
            RetentionRules(last=3),
            "was the bucket emptied?",
        ),
        (
            [*nightly(3), root("2027-01-30T02:30", objects=0)],
            RetentionRules(last=3),
            "was the bucket emptied?",
        ),
    ],
)
def test_what_holds_the_removal(roots: list[BackupRoot], rules: RetentionRules, why: str) -> None:
    plan = retention_plan(roots, rules, NOW)
    assert why in plan.held
    assert plan.forgotten == ()


ROOTS = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from(BackupState), st.booleans()),
    min_size=1,
    max_size=30,
    unique_by=lambda r: r[0],
)


@pytest.mark.parametrize(
    ("counts", "held"),
    [
        (BackupCounts(49, 1000), True),
        (BackupCounts(100, 499), True),
        (BackupCounts(50, 500), False),
        (BackupCounts(200, 500), False),
    ],
)
def test_a_bucket_is_emptied_that_lost_more_than_half_of_its_objects_or_of_their_bytes(
    counts: BackupCounts, *, held: bool
) -> None:
    roots = [*nightly(4), replace(root("2027-01-05T02:30"), counts=counts)]
    assert ("was the bucket emptied?" in retention_plan(roots, RetentionRules(last=4), NOW).held) is held


def test_an_approval_is_good_for_the_very_backups_that_it_was_shown_for() -> None:
    roots, rules = nightly(10), RetentionRules(last=2)
    held = retention_plan(roots, rules, NOW)
    assert (held.forgotten, len(held.going)) == ((), 8)
    assert held.token.startswith("r")
    approved = retention_plan(roots, rules, NOW, approved=frozenset({held.token}))
    assert (approved.held, [r.name for r in approved.forgotten]) == ("", [r.name for r in roots[:8]])
    one_more = retention_plan(nightly(11), rules, NOW, approved=frozenset({held.token}))
    assert one_more.held
    assert one_more.token != held.token


def test_a_bucket_that_was_emptied_on_purpose_can_be_approved_and_a_wrong_clock_cannot() -> None:
    emptied = [*nightly(4), root("2027-01-05T02:30", objects=1)]
    held = retention_plan(emptied, RetentionRules(last=4), NOW)
    assert "was the bucket emptied?" in held.held
    assert retention_plan(emptied, RetentionRules(last=4), NOW, approved=frozenset({held.token})).forgotten
    ahead = retention_plan([*nightly(9), root("2029-01-01T02:30")], RetentionRules(last=2), NOW)
    assert (ahead.token, ahead.forgotten) == ("", ())
    assert ahead.held == "the newest backup lies in the future; a clock was wrong"


def test_a_bucket_that_is_full_again_or_shrank_by_and_by_holds_nothing() -> None:
    rules = RetentionRules(last=2, most_share=1.0)
    full_again = [*nightly(4), root("2027-01-05T02:30", objects=1), root("2027-01-06T02:30", objects=90)]
    assert retention_plan(full_again, rules, NOW).held == ""
    slowly = [replace(root(f"2027-01-{n:02}T02:30", objects=100 - n * 3), sequence=n) for n in range(1, 29)]
    assert retention_plan(slowly, rules, NOW).held == ""
    thinned = [slowly[0], slowly[14], slowly[27], replace(slowly[27], name="newest", sequence=29)]
    assert thinned[0].counts.objects > 2 * thinned[2].counts.objects
    assert retention_plan(thinned, rules, NOW).held == "", "those between were removed"
    partly = replace(root("2027-01-05T02:30", state=BackupState.PARTIALLY_FAILED, objects=60), sequence=5)
    emptied = [replace(r, sequence=n) for n, r in enumerate(nightly(4), 1)]
    emptied += [partly, replace(root("2027-01-06T02:30", objects=1), sequence=6)]
    assert "was the bucket emptied?" in retention_plan(emptied, rules, NOW).held


@given(ROOTS, st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.sets(st.integers(0, 400)))
def test_never_the_newest_that_is_verified_nor_the_newest_that_succeeded(
    made: list[tuple[int, BackupState, bool]], last: int, daily: int, monthly: int, verified: set[int]
) -> None:
    """Cellarion#1183: retention of nothing or of everything."""
    hour = 3_600_000
    roots = [
        BackupRoot(
            str(n), str(n), SOURCE, n * hour, n * hour, (), state, scheduled=None if by_hand else n * hour
        )
        for n, state, by_hand in made
    ]
    rules = RetentionRules(last=last, daily=daily, monthly=monthly, most_share=1.0)
    names = frozenset(map(str, verified))
    plan = retention_plan(roots, rules, 401 * hour, verified=names)
    gone = {r.name for r in plan.forgotten}
    good = sorted((r for r in roots if r.state is BackupState.SUCCEEDED), key=lambda r: r.due)
    proven = [r for r in good if r.name in names]
    assert not {r.name for r in (*good[-1:], *proven[-1:])} & gone
    assert gone < {r.name for r in roots}
    assert all(d.reasons or d.backup.name in gone or plan.held for d in plan.decisions)


def test_a_clock_may_be_ahead_by_as_much_as_is_allowed() -> None:
    newest = nightly(3)[-1].started
    assert retention_plan(nightly(3), RetentionRules(last=2), newest - AHEAD).held == ""
    assert "in the future" in retention_plan(nightly(3), RetentionRules(last=2), newest - AHEAD - 1).held


def test_just_the_share_that_is_allowed_may_go() -> None:
    assert len(retention_plan(nightly(4), RetentionRules(last=2), NOW).forgotten) == 2
