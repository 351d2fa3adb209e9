"""What a store does not take is found by the places and the values that its profile names."""

from typing import Any

import pytest

from imagestore.backends.s3.lifecycle.tiers import NO_TIERS, StoreTiering, limited, mapped
from imagestore.core.losses import Limit, beyond
from imagestore.core.reading import FULL, Level, Support
from imagestore.facets.lifecycle import Lifecycle

AMAZON = StoreTiering({"Cool": "STANDARD_IA", "Archive": "DEEP_ARCHIVE"}, {"STANDARD_IA": 30})


def moving(*moves: tuple[str, int], **more: Any) -> Lifecycle:
    transitions = [{"tier": t, "days": d} for t, d in moves]
    return Lifecycle.model_validate({"rules": [{"name": "a", "transitions": transitions, **more}]})


@pytest.mark.parametrize(
    ("wish", "refused"),
    [
        (moving(("Cool", 30)), {}),
        (
            moving(("Cool", 29), ("Archive", 30)),
            {"rules[name=a].transitions[tier=Cool].days": "use 30 or more"},
        ),
        (moving(("Archive", 1)), {}),
        (moving(("Cold", 90)), {"rules[name=a].transitions[tier=Cold].tier": "add the tier there"}),
    ],
)
def test_classes_limit_what_rules_may_say(wish: Lifecycle, refused: dict[str, str]) -> None:
    found = beyond(wish, limited(FULL, AMAZON, AMAZON.defaults).limits)
    assert found.keys() == refused.keys()
    assert all(fix in found[path] for path, fix in refused.items())


def test_what_a_backend_says_replaces_the_defaults_as_a_whole() -> None:
    assert mapped(AMAZON, None) == AMAZON.defaults
    assert mapped(AMAZON, {"Cold": "GLACIER_IR"}) == {"Cold": "GLACIER_IR"}
    assert mapped(NO_TIERS, None) == {}


def test_a_store_without_lifecycle_needs_no_limits() -> None:
    none = Support(Level.NONE, "no")
    assert limited(none, AMAZON, {}) is none


def test_the_length_of_a_list_is_a_limit() -> None:
    limit = Limit("rules[].transitions", "keep one", most=1)
    assert beyond(moving(("Cool", 1), ("Cold", 2)), [limit]) == {"rules[name=a].transitions": "keep one"}
    assert not beyond(moving(("Cool", 1)), [limit])
