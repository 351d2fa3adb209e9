"""What holds for every facet of the spec, whatever is wished, found and was managed before."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dev.testing.examples import examples
from imagestore.api.imagebucket import FACETS
from imagestore.core.diff import diff
from imagestore.core.facet import WHOLE, Facet, Parts, Removal
from imagestore.core.model import ByHand, SpecOnly, marker
from imagestore.core.paths import covers, parse
from imagestore.core.plan import Change, Op, plan
from imagestore.core.policies import ignoring
from imagestore.core.reading import Found, Missing, Reading
from imagestore.facets.website import Website
from tests import strategies

Kind = tuple[str, type[Facet]]
Test = Callable[..., None]


def each_facet(test: Test) -> Test:
    """Run the test once for every facet of the spec."""
    often = settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.too_slow])(
        test
    )
    return pytest.mark.parametrize("kind", strategies.facets(), ids=lambda k: str(k[0]))(often)


def decide(name: str, wish: Facet | None, reading: Reading, managed: Parts | None) -> Change:
    """The change of one facet; a facet that nothing is said of is kept."""
    wishes = {} if wish is None else {name: wish}
    before = {} if managed is None else {name: managed}
    changes = plan(wishes, {name: reading}, before, FACETS).changes
    return changes[0] if changes else Change(name, Op.KEEP)


def applied(change: Change, reading: Reading) -> Reading:
    """What a store that does as it is told would answer next."""
    if not change.writes:
        return reading
    left = change.after
    return Missing() if left is None or left.is_empty() else Found(stored(left))


def stored(value: Facet) -> Facet:
    """Without what only steers the operator: no store holds that."""
    return value.model_copy(update=dict.fromkeys(_names(value, SpecOnly)))


def bare(value: Facet) -> Any:
    """A value by its meaning: canonical, without what is never compared."""
    return stored(value).canonical().to_json()


def _names(value: Facet, kind: type[Any]) -> list[str]:
    return [n for n, f in type(value).model_fields.items() if marker(f.metadata, kind)]


@each_facet
@given(data=st.data())
def test_canonical_is_idempotent(kind: Kind, data: st.DataObject) -> None:
    value = data.draw(st.one_of(strategies.wishes(kind[1]), strategies.observed(kind[1])))
    assert value.canonical().canonical() == value.canonical()


@each_facet
@given(data=st.data())
def test_nothing_differs_from_itself(kind: Kind, data: st.DataObject) -> None:
    value = data.draw(strategies.wishes(kind[1])).canonical()
    assert diff(kind[0], value, value) == ()


@each_facet
@given(data=st.data())
def test_written_as_a_user_would_and_read_again_is_the_same(kind: Kind, data: st.DataObject) -> None:
    wish = data.draw(strategies.wishes(kind[1]))
    assert kind[1].model_validate(wish.to_json()) == wish


@each_facet
@given(data=st.data())
def test_what_is_internal_is_never_shown_at_any_depth(kind: Kind, data: st.DataObject) -> None:
    value = data.draw(strategies.observed(kind[1]))
    assert "raw" not in str(_keys(value.to_json()))


def _keys(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*(k for k in value if k == "raw"), *(_keys(v) for v in value.values())]
    return [_keys(v) for v in value] if isinstance(value, list) else []


@each_facet
@given(data=st.data())
def test_a_difference_is_empty_if_and_only_if_writing_would_change_nothing(
    kind: Kind, data: st.DataObject
) -> None:
    wish, reading, _ = data.draw(strategies.cases(kind[1]))
    if not isinstance(reading, Found):
        return
    wish, have = wish.canonical(), reading.value.canonical()
    parts = wish.claims(have)
    after = wish.merge(have, parts)
    same = bare(after.restrict(parts)) == bare(have.restrict(parts))
    assert same == (diff(kind[0], have.restrict(parts), wish) == ())


def test_a_website_without_an_index_document_is_none() -> None:
    """Found by the property above: a difference of nothing was written."""
    assert Website.from_store(index_document="", error_document="a").canonical() == Website()


@each_facet
@given(data=st.data())
def test_a_wish_that_has_nothing_to_meet_differs_unless_it_wishes_nothing(
    kind: Kind, data: st.DataObject
) -> None:
    wish = data.draw(strategies.wishes(kind[1]))
    change = decide(kind[0], wish, Missing(), None)
    assert (change.op is Op.KEEP) == wish.is_empty()


@each_facet
@given(data=st.data())
def test_what_was_applied_needs_no_second_plan(kind: Kind, data: st.DataObject) -> None:
    wish, reading, managed = data.draw(strategies.cases(kind[1]))
    first = decide(kind[0], wish, reading, managed)
    again = decide(kind[0], wish, applied(first, reading), managed | first.parts)
    assert again.by_hand or (again.op, again.fields) == (Op.KEEP, ())


@each_facet
@given(data=st.data())
def test_what_is_never_written_is_written_as_it_was(kind: Kind, data: st.DataObject) -> None:
    wish, reading, managed = data.draw(strategies.cases(kind[1]))
    change = decide(kind[0], wish, reading, managed)
    for name in [n for n, f in kind[1].model_fields.items() if marker(f.metadata, ByHand)]:
        was = getattr(reading.value.canonical(), name) if isinstance(reading, Found) else None
        assert not change.writes or getattr(change.after, name) == was


@each_facet
@given(data=st.data())
def test_a_plan_that_writes_says_what_differs(kind: Kind, data: st.DataObject) -> None:
    wish, reading, managed = data.draw(strategies.cases(kind[1]))
    wanted = data.draw(st.sampled_from([wish, None]))
    change = decide(kind[0], wanted, reading, managed)
    assert bool(change.fields) == (change.writes or change.by_hand)


@each_facet
@given(data=st.data())
def test_a_difference_reads_back_as_a_path(kind: Kind, data: st.DataObject) -> None:
    wish, reading, managed = data.draw(strategies.cases(kind[1]))
    for field in decide(kind[0], wish, reading, managed).fields:
        assert parse(field.path)[0] == kind[0]


@each_facet
@given(data=st.data())
def test_parts_that_nobody_here_declared_survive_verbatim(kind: Kind, data: st.DataObject) -> None:
    wish, reading, managed = data.draw(strategies.cases(kind[1]))
    wanted = data.draw(st.sampled_from([wish, None]))
    change = decide(kind[0], wanted, reading, managed)
    if not (change.writes and isinstance(reading, Found) and wish.parts() is not None):
        return
    have = reading.value.canonical()
    ours = managed | (wanted.canonical().claims(have) if wanted else have.owned())
    foreign = (have.parts() or WHOLE) - ours
    left = change.after.restrict(foreign) if change.after else None
    survived = stored(left).canonical() if left else None
    assert survived == have.restrict(foreign) or (left is None and not foreign)


@each_facet
@given(data=st.data())
def test_a_setting_that_is_no_longer_mentioned_obeys_its_removal_rule(
    kind: Kind, data: st.DataObject
) -> None:
    _, reading, managed = data.draw(strategies.cases(kind[1]))
    change = decide(kind[0], None, reading, managed)
    mine = None
    if isinstance(reading, Found):
        have = reading.value.canonical()
        mine = have.restrict(managed | have.owned())
    if mine is None or mine.is_empty() or kind[1].removal in (Removal.RETAIN, Removal.LEAVE):
        assert change.op is Op.KEEP
        assert change.reason == "Forgotten"
    else:
        assert change.op is Op.CLEAR
        assert bool(change.risk) == (kind[1].removal is Removal.HOLD)
        assert decide(kind[0], None, applied(change, reading), managed).op is Op.KEEP


@each_facet
@given(data=st.data())
def test_a_setting_that_was_never_mentioned_is_not_spoken_of(kind: Kind, data: st.DataObject) -> None:
    reading = data.draw(strategies.readings(kind[1]))
    assert plan({}, {kind[0]: reading}, {}, FACETS).changes == ()


@each_facet
@given(data=st.data())
def test_standing_still_is_never_risky(kind: Kind, data: st.DataObject) -> None:
    value = data.draw(strategies.wishes(kind[1])).canonical()
    assert value.risk(value) is None


@each_facet
@given(data=st.data())
def test_nothing_differs_at_an_ignored_path(kind: Kind, data: st.DataObject) -> None:
    name = kind[0]
    wish, reading, managed = data.draw(strategies.cases(kind[1]))
    ignored = data.draw(st.lists(_paths(name, wish, reading, managed), max_size=3))
    relaxed = ignoring(wish, reading, ignored, name, managed)
    change = decide(name, relaxed, reading, managed)
    if isinstance(reading, Found):
        left = [f.path for f in change.fields if any(covers(parse(p), parse(f.path)) for p in ignored)]
        assert left == []
    else:
        assert relaxed == wish


@each_facet
@given(data=st.data())
def test_ignoring_makes_nothing_ours(kind: Kind, data: st.DataObject) -> None:
    name = kind[0]
    wish, reading, managed = data.draw(strategies.cases(kind[1]))
    have = reading.value if isinstance(reading, Found) else None
    relaxed = ignoring(wish, reading, [name], name, managed)
    assert (relaxed.parts() or WHOLE) <= managed | wish.claims(have) | wish.canonical().claims(have)


def _paths(name: str, wish: Facet, reading: Reading, managed: Parts) -> st.SearchStrategy[str]:
    differing = [f.path for f in decide(name, wish, reading, managed).fields]
    common = [name, f"{name}.rules[].state", f"{name}.statements[].effect", f"{name}.state", f"{name}.mode"]
    return st.sampled_from([*differing, *common])
