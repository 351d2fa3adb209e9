"""What removes content is weighed before it is written: over plans of all kinds of lifecycle rules."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dev.testing.examples import examples
from imagestore.core.census import Amount, Census, Toll
from imagestore.core.plan import Change, Op, Plan, plan
from imagestore.core.policies import Weight, hold_risky, weigh
from imagestore.core.reasons import Reason
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.lifecycle_removal import removes
from tests import strategies

often = settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
amounts = st.builds(Amount, st.integers(0, 1000), st.integers(0, 10**6))


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """What is done about some lifecycle rules, where there are others."""
    wish, reading, managed = draw(strategies.cases(Lifecycle))
    (change,) = plan(
        {"lifecycle": wish}, {"lifecycle": reading}, {"lifecycle": managed}, {"lifecycle": Lifecycle}
    ).changes
    return change


@often
@given(changes())
def test_nothing_that_is_new_and_removes_is_written_unweighed(change: Change) -> None:
    (after,) = weigh({})(Plan((change,))).changes
    if change.writes and change.removing and change.risk is None:
        assert (after.op, after.reason) == (Op.HOLD, Reason.COUNTING)
        assert not after.token
    else:
        assert after == change


@often
@given(changes(), st.integers(0, 99), st.data())
def test_what_exceeds_the_threshold_is_never_written_without_its_token(
    change: Change, percent: int, data: st.DataObject
) -> None:
    present = data.draw(amounts)
    tolls = {p: Toll(data.draw(amounts), data.draw(amounts)) for p in change.removing}
    census = Census(present, present, tolls)
    exceeds = census.exceeds(change.removing, percent)
    weight = Weight(risk=census.sentence(change.removing) if exceeds else None)
    token = data.draw(st.sampled_from(["mine", "another"]))
    weighed = weigh({change.digest: weight})(Plan((change,)))
    (after,) = hold_risky({change.digest: "mine"}, {token})(weighed).changes
    taken = sum((t.removed.objects for t in tolls.values()), 0)
    if token != "mine" and change.writes and taken * 100 > percent * present.objects:
        assert after.op is Op.HOLD
        assert after.token == "mine"
    if not exceeds and change.risk is None:
        assert after.op is change.op, "and little is not held"


@often
@given(changes())
def test_only_what_removes_and_is_not_in_force_is_weighed(change: Change) -> None:
    wish = change.after
    if not change.writes or not isinstance(wish, Lifecycle):
        assert not change.removing
        return
    assert change.removing == wish.removing(change.before if isinstance(change.before, Lifecycle) else None)
    assert change.removing <= {r.name for r in wish.rules if removes(r)}
    assert not wish.removing(wish), "what is in force is not new"


@given(st.lists(amounts, max_size=4), st.integers(0, 100))
def test_a_whole_bucket_is_much_and_nothing_is_little(parts: list[Amount], percent: int) -> None:
    whole = sum(parts, Amount())
    tolls = {str(n): Toll(removed=a) for n, a in enumerate(parts)}
    assert not Census(whole, whole, {}).exceeds(set(tolls), percent)
    assert Census(whole, whole, tolls).exceeds(set(tolls), percent) is (percent < 100 and whole != Amount())
