"""What rules do to one object on one day, by S3's words, and by properties that no rule may break."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given

from imagestore.core.stored import StoredVersion
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.forecast.effect import Action, acting, matches
from imagestore.forecast.fate import begin, of_key, successions
from imagestore.forecast.terms import Terms
from tests.forecast.strategies import CLASSES, RULES, SPAN, TERMS, TODAY, Happened, by_hand, groups

PLAIN = Terms(CLASSES, ("STANDARD", *CLASSES.values()), smallest=128 * 1024)
VERSIONED = Terms(CLASSES, PLAIN.ladder, versioned=True)
BEGUN = date(2027, 3, 1).toordinal()


def rule(**fields: Any) -> LifecycleRule:
    return LifecycleRule.model_validate({"name": "r", **fields})


def told(
    group: list[StoredVersion], *rules: LifecycleRule, terms: Terms = PLAIN, days: int = 400
) -> list[tuple[int, str, int, str]]:
    """Days after the first of March, what, to which version, and where to."""
    events = of_key(group, rules, terms, BEGUN, BEGUN + days)
    return [(e.day - BEGUN, str(e.action), e.version, e.target) for e in events]


def stored(size: int = 10**6, **more: Any) -> StoredVersion:
    return StoredVersion("a/photo.jpg", size, BEGUN, **more)


def test_an_age_is_over_at_the_midnight_that_follows() -> None:
    """S3's own example: 15 January and three days is 19 January."""
    assert told([stored()], rule(expire={"days": 3})) == [(4, "remove", 0, "")]


def test_an_object_cools_step_by_step_and_goes() -> None:
    cool = [{"tier": "Cool", "days": 30}, {"tier": "Cold", "days": 90}, {"tier": "Archive", "days": 200}]
    assert told([stored()], rule(transitions=cool, expire={"days": 365})) == [
        (31, "move", 0, "COOL"),
        (91, "move", 0, "COLD"),
        (201, "move", 0, "ICE"),
        (366, "remove", 0, ""),
    ]


def test_overdue_moves_go_straight_to_the_coldest() -> None:
    old = stored()._replace(modified=BEGUN - 100)
    cool = [{"tier": "Cool", "days": 30}, {"tier": "Cold", "days": 90}]
    assert told([old], rule(transitions=cool)) == [(0, "move", 0, "COLD")]


def test_a_removal_goes_before_a_move_whatever_the_order_of_the_rules() -> None:
    moves, removes = rule(transitions=[{"tier": "Cool", "days": 5}]), rule(expire={"days": 5})
    assert told([stored()], moves, removes) == told([stored()], removes, moves) == [(6, "remove", 0, "")]


def test_small_objects_stay_unless_the_rule_speaks_of_sizes() -> None:
    cool = [{"tier": "Cool", "days": 5}]
    assert told([stored(1000)], rule(transitions=cool)) == []
    assert told([stored(1000)], rule(transitions=cool, match={"minSize": "500"})) == [(6, "move", 0, "COOL")]


@pytest.mark.parametrize(("size", "hit"), [(100, False), (101, True), (199, True), (200, False)])
def test_both_bounds_of_a_size_are_excluded(size: int, *, hit: bool) -> None:
    bounded = rule(expire={"days": 1}, match={"minSize": "100", "maxSize": "200"})
    assert bool(told([stored(size)], bounded)) == hit


def test_a_date_is_for_all_that_is_there_and_all_that_comes_later() -> None:
    dated = rule(expire={"date": "2027-03-11"})
    assert told([stored()], dated) == [(10, "remove", 0, "")]
    assert told([stored()._replace(modified=BEGUN - 99)], dated) == [(10, "remove", 0, "")]
    assert told([stored()], rule(expire={"date": "2020-01-01"})) == [(0, "remove", 0, "")]


def test_with_versions_an_expired_object_is_hidden_kept_and_removed_later() -> None:
    rules = (
        rule(expire={"days": 10}),
        rule(noncurrent={"expire": {"days": 30}}),
        rule(removeExpiredDeleteMarkers=True),
    )
    assert told([stored()], *rules, terms=VERSIONED) == [
        (11, "hide", 0, "STANDARD"),
        (42, "remove", 0, ""),
        (43, "sweep", -1, ""),
    ]


def test_the_newest_old_versions_are_kept_whatever_their_age() -> None:
    group = [stored(version=f"v{i}", latest=i == 0)._replace(modified=BEGUN - 100 * i) for i in range(5)]
    kept = rule(noncurrent={"expire": {"days": 30, "keepNewest": 2}})
    assert told(group, kept, terms=VERSIONED) == [(0, "remove", 3, ""), (0, "remove", 4, "")]


def test_hiding_the_current_version_pushes_an_older_one_out() -> None:
    group = [stored(version="v1"), stored(version="v0", latest=False)._replace(modified=BEGUN - 90)]
    rules = (rule(expire={"days": 9}), rule(noncurrent={"expire": {"days": 3, "keepNewest": 1}}))
    assert told(group, *rules, terms=VERSIONED)[:2] == [(10, "hide", 0, "STANDARD"), (11, "remove", 1, "")]


def test_uploads_are_aborted_and_nothing_else() -> None:
    upload = stored(0, upload=True)
    rules = (rule(expire={"days": 1}), rule(abortIncompleteMultipartUpload={"days": 7}))
    assert told([upload], *rules) == [(8, "abort", 0, "")]


def test_what_minio_has_moved_it_moves_no_more() -> None:
    once = Terms(CLASSES, PLAIN.ladder, once=True)
    moves = [{"tier": "Cool", "days": 5}, {"tier": "Cold", "days": 9}]
    assert told([stored()], rule(transitions=moves), terms=once) == [(6, "move", 0, "COOL")]


@given(groups(), RULES, TERMS)
def test_looking_only_at_days_that_matter_finds_what_looking_at_every_day_finds(
    group: list[StoredVersion], rules: tuple[LifecycleRule, ...], terms: Terms
) -> None:
    events = of_key(group, rules, terms, TODAY, TODAY + SPAN)
    sizes = [v.size for v in group] + [0]
    found = [Happened(e.day, e.rule, e.action, sizes[e.version], e.source, e.target) for e in events]
    assert found == by_hand(group, rules, terms, TODAY, TODAY + SPAN)


@given(groups(), RULES, TERMS)
def test_nothing_goes_earlier_than_the_rule_that_takes_it_says(
    group: list[StoredVersion], rules: tuple[LifecycleRule, ...], terms: Terms
) -> None:
    since = successions(group)
    hidden = {}
    for event in of_key(group, rules, terms, TODAY, TODAY + SPAN):
        said, place = rules[event.rule], event.version
        if event.action is Action.HIDE:
            hidden[place] = event.day
        if event.action not in (Action.REMOVE, Action.HIDE) or place < 0:
            continue
        noncurrent = hidden.get(place, since[place])
        if event.action is Action.REMOVE and noncurrent is not None:
            assert said.noncurrent is not None
            assert said.noncurrent.expire is not None
            assert event.day - noncurrent > said.noncurrent.expire.days
        else:
            assert said.expire is not None
            if said.expire.days is not None:
                assert event.day - group[place].modified > said.expire.days
            else:
                assert date.fromordinal(event.day).isoformat() >= (said.expire.date or "")


@given(groups(), RULES, TERMS)
def test_a_rule_that_does_not_match_or_is_disabled_touches_nothing(
    group: list[StoredVersion], rules: tuple[LifecycleRule, ...], terms: Terms
) -> None:
    for event in of_key(group, rules, terms, TODAY, TODAY + SPAN):
        if event.version >= 0:
            touched = group[event.version]
            assert rules[event.rule].state != "Disabled"
            assert matches(rules[event.rule].match, touched, tags=touched.tags)


@given(groups(), RULES, TERMS)
def test_time_only_cools_and_removes_and_a_longer_look_changes_no_past(
    group: list[StoredVersion], rules: tuple[LifecycleRule, ...], terms: Terms
) -> None:
    long = of_key(group, rules, terms, TODAY, TODAY + SPAN)
    short = of_key(group, rules, terms, TODAY, TODAY + SPAN // 2)
    assert long[: len(short)] == short
    assert [e.day for e in long] == sorted(e.day for e in long)
    gone = set()
    for event in (e for e in long if e.version >= 0):
        assert event.version not in gone
        if event.action is Action.MOVE:
            assert terms.ladder.index(event.target) > terms.ladder.index(event.source)
        if event.action.frees:
            gone.add(event.version)


@given(groups(), RULES, TERMS)
def test_an_act_that_is_due_stays_due(
    group: list[StoredVersion], rules: tuple[LifecycleRule, ...], terms: Terms
) -> None:
    """Until it is done: a store that is late does no less."""
    versions = [begin(v, s, rules) for v, s in zip(group, successions(group), strict=True)]
    for early, late in zip(
        acting(versions, rules, terms, TODAY), acting(versions, rules, terms, TODAY + SPAN), strict=True
    ):
        assert early is None or late is not None
