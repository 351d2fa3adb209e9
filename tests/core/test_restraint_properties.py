"""Restraints over plans of all facets at once."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dev.testing.examples import examples
from imagestore.api.imagebucket import FACETS
from imagestore.core.facet import Facet, Parts
from imagestore.core.plan import Op, Plan, plan
from imagestore.core.policies import hold_everything, hold_risky, observe_only
from imagestore.core.reading import Reading
from imagestore.core.reasons import Reason
from tests import strategies

often = settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A plan of a few facets, risky changes among them."""
    names = draw(st.lists(st.sampled_from(sorted(FACETS)), min_size=1, max_size=3, unique=True))
    wishes: dict[str, Facet] = {}
    readings: dict[str, Reading] = {}
    managed: dict[str, Parts] = {}
    for name in names:
        wish, readings[name], managed[name] = draw(strategies.cases(FACETS[name]))
        if draw(st.booleans()):
            wishes[name] = wish
    return plan(wishes, readings, managed, FACETS)


@often
@given(plans())
def test_observing_never_writes_and_hides_nothing(made: Plan) -> None:
    seen = observe_only(made)
    assert seen.writes == ()
    assert seen.differences == made.differences
    assert seen.digest == ""


@often
@given(plans())
def test_holding_everything_leaves_nothing_to_write(made: Plan) -> None:
    held = hold_everything(Reason.NOT_CONVERGING, "of a reason", "token")(made)
    assert held.writes == ()
    assert [c.facet for c in held.held if c.token == "token"] == [c.facet for c in made.writes]


@often
@given(plans(), st.data())
def test_only_what_is_risky_is_held_and_only_its_own_token_lets_it_go(
    made: Plan, data: st.DataObject
) -> None:
    tokens = {c.digest: f"token-of-{c.facet}" for c in made.changes}
    approved = data.draw(st.sets(st.sampled_from([*tokens.values(), "another", ""])))
    for before, after in zip(made.changes, hold_risky(tokens, approved)(made).changes, strict=True):
        goes = not (before.writes and before.risk) or tokens[before.digest] in approved
        assert after == before if goes else after.op is Op.HOLD
        assert after.digest == before.digest


@often
@given(plans())
def test_a_plan_keeps_the_order_in_which_facets_need_each_other(made: Plan) -> None:
    names = [c.facet for c in made.changes]
    for place, name in enumerate(names):
        assert not set(FACETS[name].after) & set(names[place:])
