"""Conditions: transition times that mean something, and each rule of kstatus found when it is broken."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from imagestore.core.conditions import NEVER, Condition, Status, find, is_true, settle, violations

THEN = datetime(2027, 1, 1, tzinfo=UTC)
NOW = datetime(2027, 1, 2, tzinfo=UTC)


def condition(
    type_: str, status: Status = "True", reason: str = "Because", at: datetime | None = THEN
) -> Condition:
    return Condition(type=type_, status=status, reason=reason, last_transition_time=at)


def test_a_condition_that_stays_keeps_its_time_even_if_its_words_change() -> None:
    before = settle(THEN, 1, [condition("Ready", "False", "Drifted", None)], ())
    after = settle(NOW, 2, [condition("Ready", "False", "Held", None)], before)
    assert [(c.last_transition_time, c.reason, c.observed_generation) for c in after] == [(THEN, "Held", 2)]


def test_a_condition_that_turns_or_is_new_gets_the_present() -> None:
    before = settle(THEN, 1, [condition("Ready", "False", at=None)], ())
    after = settle(NOW, 1, [condition("Stalled", at=None), condition("Ready", at=None)], before)
    assert [(c.type, c.last_transition_time) for c in after] == [("Ready", NOW), ("Stalled", NOW)]


def test_a_condition_that_is_no_longer_said_is_gone() -> None:
    assert settle(NOW, 1, [], [condition("Stalled")]) == ()


def test_settling_twice_changes_nothing() -> None:
    once = settle(THEN, 1, [condition("Ready", at=None)], ())
    assert settle(NOW, 1, once, once) == once


def test_conditions_are_found_by_type() -> None:
    there = [condition("Ready", "False"), condition("Stalled")]
    assert find(there, "Ready") == there[0]
    assert find(there, "Nothing") is None
    assert is_true(there, "Stalled")
    assert not is_true(there, "Ready")


@dataclass(frozen=True)
class Broken:
    why: str
    conditions: tuple[Condition, ...]
    observed: int = 1


@pytest.mark.parametrize(
    "case",
    [
        Broken("twice", (condition("Ready"), condition("Ready"))),
        Broken("no Ready", (condition("Stalled"),)),
        Broken("observedGeneration -1", (condition("Ready"),), observed=NEVER),
        Broken("observedGeneration 2", (condition("Ready"),), observed=2),
        Broken("Stalled is present and not True", (condition("Ready"), condition("Stalled", "False"))),
        Broken("Ready and Stalled", (condition("Ready"), condition("Stalled"))),
        Broken("Ready and Reconciling", (condition("Ready"), condition("Reconciling"))),
        Broken("has no reason", (condition("Ready", reason=""),)),
        Broken("has no transition time", (condition("Ready", at=None),)),
    ],
    ids=lambda case: case.why,
)
def test_each_broken_rule_is_named(case: Broken) -> None:
    assert any(case.why in wrong for wrong in violations(case.conditions, 1, case.observed))


def test_a_good_status_breaks_nothing() -> None:
    good = [condition("Ready", "False"), condition("Reconciling"), condition("DriftDetected")]
    assert violations(good, generation=2, observed=2) == ()
    assert violations([condition("Suspended")], 1, 1) == (), "nobody has looked, so nobody knows"


@pytest.mark.parametrize(
    "type_",
    [
        "Reconciling",
        "Stalled",
        "DriftDetected",
        "ContentLost",
        "Suspended",
        "TierNotReady",
        "QuotaNearlyFull",
    ],
)
def test_what_is_bad_when_it_is_true_is_there_only_then(type_: str) -> None:
    """kstatus and people read the mere presence of these."""
    there = [condition("Ready", "False"), condition(type_, "False")]
    assert violations(there, 1, 1) == (f"{type_} is present and not True",)
