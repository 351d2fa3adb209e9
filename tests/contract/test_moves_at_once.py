"""`days: 0` of a move: held where a store takes it, refused with what to do where a class does not, or nobody knows."""

import pytest

from imagestore.core.losses import beyond
from imagestore.facets.lifecycle import Lifecycle
from tests.contract.stores import backend_of, world


def now(tier: str) -> Lifecycle:
    """Current and old versions move at once."""
    at_once = [{"tier": tier, "days": 0}]
    rule = {
        "name": "now",
        "match": {"prefix": "raw/"},
        "transitions": at_once,
        "noncurrent": {"transitions": at_once},
    }
    return Lifecycle.model_validate({"rules": [rule]})


@pytest.mark.parametrize(("provider", "tier"), [("AWS", "Archive"), ("MinIO", "Cool")])
def test_what_moves_at_once_is_held(provider: str, tier: str, request: pytest.FixtureRequest) -> None:
    at = world(backend_of(provider, request), "lifecycle")
    wish = now(tier)
    assert not beyond(wish, at.backend.support["lifecycle"].limits)
    at.driver.write(at.bucket, wish, at.read())
    have = at.read()
    assert have is not None
    assert have.canonical() == wish.canonical()


@pytest.mark.parametrize(
    ("provider", "says"),
    [("AWS", "STANDARD_IA takes no object that is younger than 30 days"), ("Ceph", "use 1 or more")],
)
def test_a_class_that_takes_nothing_so_young_says_so(
    provider: str, says: str, request: pytest.FixtureRequest
) -> None:
    found = beyond(now("Cool"), backend_of(provider, request).support["lifecycle"].limits)
    assert set(found) == {
        "rules[name=now].transitions[tier=Cool].days",
        "rules[name=now].noncurrent.transitions[tier=Cool].days",
    }
    assert all(says in fix for fix in found.values())
