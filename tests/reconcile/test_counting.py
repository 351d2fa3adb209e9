"""What a survey is asked, how old its answer may be, and what is said while there is none."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.base import Backend
from imagestore.backends.memory import MemoryBackend, MemoryBucket, MemoryStore
from imagestore.core.errors import Denied, StoreError, Unavailable
from imagestore.core.stored import StoredVersion
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.facets.versioning import Versioning
from imagestore.forecast.terms import Terms
from imagestore.reconcile.shared.survey import (
    Bounded,
    Purpose,
    Survey,
    SurveyAnswer,
    SurveyQuestion,
)
from tests.reconcile.test_removals import ALL, COOL, TMP, in_force, library, message, with_rules
from tests.reconcile.world import START, World, backend_spec


@dataclass
class Recording:
    """Answers as it is told, and remembers what it was asked and what was dropped."""

    answer: SurveyAnswer = field(default_factory=SurveyAnswer)
    asked: list[tuple[Purpose, SurveyQuestion, float]] = field(default_factory=list)
    dropped: list[Purpose] = field(default_factory=list)

    def ask(
        self, purpose: Purpose, question: SurveyQuestion, backend: Backend, today: date, age: float
    ) -> SurveyAnswer:
        self.asked.append((purpose, question, age))
        return self.answer

    def drop(self, purpose: Purpose) -> None:
        self.dropped.append(purpose)

    @property
    def ages(self) -> list[float]:
        return [age for purpose, _, age in self.asked if purpose is Purpose.REMOVAL]


def recorded(world: World, answer: SurveyAnswer | None = None) -> Recording:
    world.surveys = recording = Recording(answer or SurveyAnswer())
    return recording


def limited(percent: int | None) -> StorageBackendSpec:
    limits = {} if percent is None else {"limits": {"maxRemovalPercent": percent}}
    return StorageBackendSpec.model_validate(backend_spec().to_json() | limits)


@pytest.mark.parametrize(
    ("percent", "removed", "held"),
    [(None, 2, False), (None, 3, True), (99, 10, True), (100, 10, False), (0, 1, True), (30, 3, False)],
)
def test_more_than_the_administrators_percentage_waits(
    percent: int | None, removed: int, *, held: bool
) -> None:
    world = library(*["photos/"] * (10 - removed), *["tmp/"] * removed)
    world.backend_spec = limited(percent)
    with_rules(world, TMP)
    assert (in_force(world) == []) is held
    assert (world.ready == ("False", "NeedsApproval")) is held


def test_where_everything_may_be_deleted_nothing_is_counted() -> None:
    world = library()
    world.backend_spec = limited(100)
    recording = recorded(world)
    with_rules(world, ALL)
    assert recording.asked == []
    assert Purpose.REMOVAL in recording.dropped


def test_a_count_by_which_it_is_written_is_of_the_last_hour_and_one_that_is_only_shown_of_any_time() -> None:
    world = library()
    recording = recorded(world)
    world.edit(lifecycle={"rules": [ALL]}).step()
    assert set(recording.ages) == {3600.0}
    world = with_rules(World().apply().settle(), {**ALL, "expire": {"days": 90}}).fill(*["photos/"] * 10)
    recording = recorded(world)
    world.edit(lifecycle={"rules": [ALL, TMP]}).step()
    assert set(recording.ages) == {math.inf}, "it is held whatever is counted"


def test_the_question_is_about_the_new_rules_in_this_bucket() -> None:
    world = World().apply(versioning={"state": "Enabled"}).settle().fill(*["photos/"] * 9)
    world.store.terms = Terms({"Cool": "STANDARD_IA"}, ("STANDARD", "STANDARD_IA"))
    recording = recorded(world)
    world.edit(lifecycle={"rules": [ALL, {**TMP, "expire": {"date": "2099-01-01"}}, COOL]}).step()
    question = recording.asked[0][1]
    assert (question.backend, question.bucket, question.versioning) == ("memory", "shop--photos", "Enabled")
    assert [r.name for r in question.rules] == ["all", "cool", "tmp"]
    dates = [r.expire.date for r in question.rules if r.expire and r.expire.date]
    assert dates == [START.date().isoformat()], "on that day it would delete without being asked about again"
    assert question.terms == world.store.terms, "as they are without versioning"
    assert question.prices.classes == {}


def test_while_it_is_counted_what_is_counted_is_said() -> None:
    world = library()
    recorded(world, SurveyAnswer(keys=12_345))
    many = [{**ALL, "name": f"r{n}"} for n in range(6)]
    world.edit(lifecycle={"rules": many}).step()
    said = "what r0, r1, r2, r3, r4 would remove is being counted: 12 345 keys so far"
    assert message(world) == said
    recorded(world, SurveyAnswer(keys=12_345, trouble="Unavailable: no"))
    world.step()
    assert message(world) == f"{said}; Unavailable: no"
    assert world.held() == {}


def test_what_cannot_be_counted_asks_a_person_and_is_not_taken_for_a_count() -> None:
    world = library()
    recorded(world, SurveyAnswer(trouble="Denied: no", final=True))
    with_rules(world, ALL)
    why = "what it would remove cannot be counted (Denied: no); see that the operator may list the bucket"
    assert message(world) == why
    (held,) = world.status["plan"]["held"]
    assert "removes" not in held
    recording = recorded(world)
    world.later().step()
    assert recording.asked, "it is asked again: the right may have been given"


def test_what_was_counted_stays_with_its_hold_until_the_inputs_change() -> None:
    world = with_rules(library(), ALL)
    (held,) = world.status["plan"]["held"]
    assert held["removes"] == "rule all would remove 10 of 10 objects (1000 B of 1000 B) at its first run"
    recording = recorded(world)
    world.later().settle()
    assert recording.asked == []
    world.backend_spec = limited(50)
    world.later().step()
    assert recording.asked, "half of it may be deleted now"


# The survey itself.


class Unlistable:
    """A backend without listings."""

    def __init__(self, inner: MemoryBackend) -> None:
        self.drivers, self.name = inner.drivers, inner.name


def survey(
    store: MemoryStore, *rules: dict[str, Any], versioning: str | None = None
) -> tuple[Survey, MemoryBackend]:
    made = tuple(LifecycleRule.model_validate(r) for r in rules)
    backend = MemoryBackend(store, FACETS)
    return Survey(SurveyQuestion("eu", "b", made, versioning=versioning), backend, START.date()), backend


def filled(count: int = 4, **of: Any) -> MemoryStore:
    day = START.toordinal() - 365
    contents = [StoredVersion(f"k{n:02}", 10, day, **of) for n in range(count)]
    return MemoryStore({"b": MemoryBucket(contents=contents)})


def listed(store: MemoryStore) -> list[str]:
    return [call for call, _ in store.calls if call.startswith("List")]


@pytest.mark.parametrize(
    ("wished", "there", "scope"),
    [
        (None, None, "List:objects"),
        ("Enabled", None, "List:versions"),
        ("Suspended", None, "List:versions"),
        (None, Versioning(state="Suspended"), "List:versions"),
    ],
)
def test_versions_are_listed_where_there_are_or_will_be_some(
    wished: str | None, there: Versioning | None, scope: str
) -> None:
    store = filled()
    if there:
        store.buckets["b"].facets["versioning"] = there
    asked, _ = survey(store, ALL, versioning=wished)
    while asked.step(0) is None:
        pass
    assert listed(store)[0] == scope


def test_a_step_lists_one_page_and_asks_for_as_many_tags_as_it_may() -> None:
    store = filled(6, tags={"keep": "no"})
    store.page = 3
    asked, _ = survey(store, {**ALL, "match": {"tags": {"keep": "no"}}})
    assert asked.step(10) is None
    assert (listed(store), store.calls.count(("Get:objectTags", "b"))) == (["List:objects"], 0)
    assert asked.step(0) is None
    assert asked.keys == 6
    assert asked.step(4) is None
    assert store.calls.count(("Get:objectTags", "b")) == 4
    counted = asked.step(2)
    assert counted is not None
    assert store.calls.count(("Get:objectTags", "b")) == 6, "each is asked for once"
    assert counted.sampled == (6, 6)
    assert counted.census.tolls["all"].removed.objects == 6


@pytest.mark.parametrize(("pages", "known"), [(1, False), (2, True)])
def test_what_fits_into_so_many_pages_is_counted_at_once(pages: int, *, known: bool) -> None:
    store = filled(6)
    store.page = 3
    asked, backend = survey(store, ALL)
    answer = Bounded(pages).ask(Purpose.REMOVAL, asked.question, backend, START.date(), 0)
    assert (answer.counted is not None) is known
    assert (answer.final, answer.trouble) == (False, "")
    assert answer.keys == (0 if known else 2), "the last key of a page may go on on the next one"


@pytest.mark.parametrize(
    ("error", "final"), [(Denied("no"), True), (Unavailable("no"), False)], ids=["denied", "unavailable"]
)
def test_an_error_ends_a_count_for_good_only_if_it_will_stay(error: StoreError, *, final: bool) -> None:
    store = filled()

    def fault(operation: str, bucket: str) -> None:
        raise error

    store.fault = fault
    asked, backend = survey(store, ALL)
    answer = Bounded().ask(Purpose.REMOVAL, asked.question, backend, START.date(), 0)
    assert answer == SurveyAnswer(trouble=f"{type(error).__name__}: no", final=final)


def test_a_backend_without_listings_cannot_be_counted() -> None:
    question = survey(filled(), ALL)[0].question
    blind: Any = Unlistable(MemoryBackend(filled(), FACETS))
    answer = Bounded().ask(Purpose.REMOVAL, question, blind, START.date(), 0)
    assert answer == SurveyAnswer(trouble="Unlisted: the store tells no listing", final=True)


def test_a_question_is_another_if_anything_in_it_is() -> None:
    rules: Sequence[LifecycleRule] = (LifecycleRule.model_validate(ALL),)
    one = SurveyQuestion("eu", "b", tuple(rules))
    others = [
        SurveyQuestion("us", "b", tuple(rules)),
        SurveyQuestion("eu", "c", tuple(rules)),
        SurveyQuestion("eu", "b", ()),
        SurveyQuestion("eu", "b", tuple(rules), Terms(once=True)),
        SurveyQuestion("eu", "b", tuple(rules), versioning="Enabled"),
    ]
    assert len({one.digest, *(other.digest for other in others)}) == 6
    assert SurveyQuestion("eu", "b", tuple(rules), wish="w").digest == one.digest, "what it is for is no part"


def test_the_order_of_tags_makes_no_other_question() -> None:
    """A bucket would be listed again for a manifest that another tool has sorted."""

    def asked(tags: dict[str, str]) -> str:
        rule = LifecycleRule.model_validate({**ALL, "match": {"tags": tags}})
        return SurveyQuestion("eu", "b", (rule,)).digest

    assert asked({"a": "1", "b": "2"}) == asked({"b": "2", "a": "1"})
