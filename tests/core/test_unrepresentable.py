"""What a store holds and no value of ours can say: replaced where nobody else has a part in it."""

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.core.facet import Facet, Removal
from imagestore.core.plan import Change, Op, Plan, plan
from imagestore.core.reading import NotRepresentable
from imagestore.core.render import as_text, sign
from imagestore.facets.cors import Cors
from tests.contract.samples import SAMPLES

THERE = NotRepresentable("it holds what cannot be represented: at 'AllowedOrigins'")
SHARED = sorted(n for n, kind in FACETS.items() if kind.parts is not Facet.parts)
WHOLE = sorted(n for n in FACETS if n not in SHARED and FACETS[n].removal is not Removal.LEAVE)
PROTECTING = [n for n in WHOLE if FACETS[n].removal is Removal.RETAIN]


def decided(name: str, wish: Facet | None, *, managed: bool = False) -> Change:
    wishes = {} if wish is None else {name: wish}
    known = {name: frozenset[str]()} if managed else {}
    (change,) = plan(wishes, {name: THERE}, known, FACETS).changes
    return change


def a_wish(name: str) -> Facet:
    return next(iter(SAMPLES[name].values()))


def test_each_setting_is_owned_by_one_or_shared() -> None:
    assert {"cors", "encryption", "website"} <= set(WHOLE)
    assert {"lifecycle", "policy", "tags", "notifications"} <= set(SHARED)
    assert "encryption" in PROTECTING
    assert "cors" not in PROTECTING


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_owned_as_a_whole_is_replaced(name: str) -> None:
    wish = a_wish(name)
    change = decided(name, wish)
    assert change.op is Op.SET
    assert change.after is not None
    assert change.after == wish.canonical().writable(None)
    assert [f.before for f in change.fields] == [THERE.message]
    assert bool(change.risk) == (name in PROTECTING)
    assert sign(change) == "~", "something is there"
    assert "AllowedOrigins" in as_text(Plan((change,)))


@pytest.mark.parametrize("name", SHARED)
def test_what_others_have_a_part_in_is_held(name: str) -> None:
    change = decided(name, a_wish(name))
    assert (change.op, change.reason, change.message) == (Op.HOLD, "Unrepresentable", THERE.message)


@pytest.mark.parametrize("name", [n for n in SHARED if "exclusive" in FACETS[n].model_fields])
def test_an_exclusive_wish_owns_the_whole_of_it(name: str) -> None:
    change = decided(name, a_wish(name).model_copy(update={"exclusive": True}))
    assert change.op is Op.SET
    assert bool(change.risk) == (name == "policy"), "a policy may deny something"
    assert bool(change.removing) == (name == "lifecycle"), "what it removes is counted as ever"
    assert change.after is not None
    assert change.parts == change.after.parts(), "by its rules"


@pytest.mark.parametrize("name", WHOLE)
def test_what_left_the_spec_is_cleared_where_that_weakens_nothing(name: str) -> None:
    change = decided(name, None, managed=True)
    assert change.op is (Op.KEEP if name in PROTECTING else Op.CLEAR)
    assert change.after is None


def test_an_empty_wish_clears() -> None:
    change = decided("cors", Cors(rules=()))
    assert change.op is Op.SET
    assert change.after is not None
    assert change.after.is_empty()
    assert change.opaque is THERE


def test_the_same_replacement_has_the_same_digest() -> None:
    assert decided("cors", a_wish("cors")).digest == decided("cors", a_wish("cors")).digest
