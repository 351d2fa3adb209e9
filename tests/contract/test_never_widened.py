"""Whatever rules somebody may write: a real store holds exactly them, or refuses them and is as it was before."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from imagestore.core.diff import diff
from imagestore.core.errors import Rejected
from imagestore.core.facet import Facet
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.lifecycle_rule import FOREIGN
from tests import strategies
from tests.contract.stores import World, backend_of, world

REAL = ["MinIO", "Ceph", "SeaweedFS"]


@pytest.fixture(scope="module", params=REAL)
def at(request: pytest.FixtureRequest) -> World:
    """One bucket for all examples: each is written where the last one's rules are."""
    return world(backend_of(request.param, request), "lifecycle")


def text(value: Facet | None) -> object:
    return value.canonical().to_json() if value is not None else None


@given(wish=strategies.wishes(Lifecycle), alone=st.booleans())
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
        HealthCheck.filter_too_much,
    ],
)
def test_rules_are_held_as_they_are_or_not_at_all(at: World, wish: Lifecycle, alone: bool) -> None:  # noqa: FBT001
    rules = wish.rules[:1] if alone else wish.rules
    wish = wish.model_copy(update={"rules": rules, "exclusive": None})
    assume(rules)
    assume(not any(r.name.startswith(FOREIGN) for r in rules))
    before = at.read()
    try:
        at.driver.write(at.bucket, wish, before)
    except Rejected:
        assert text(at.read()) == text(before), "a refusal changes nothing"
        return
    have = at.read()
    assert have is not None
    assert not diff("lifecycle", have.canonical(), wish.canonical())
