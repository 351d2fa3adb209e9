"""Fields as patterns: what a value has, what covers what, and what is left of a value without some."""

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.core.facet import Facet
from imagestore.core.fields import below, fields, outermost, pattern, used, without
from imagestore.core.losses import uses
from imagestore.facets.lifecycle import Lifecycle
from tests.contract.samples import SAMPLES

ALL = [(facet, name) for facet, samples in SAMPLES.items() for name in samples]
each_sample = pytest.mark.parametrize(("facet", "name"), ALL)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("rules[name=a].expire.days", "rules[].expire.days"),
        ('tags["app.kubernetes.io/name"]', "tags"),
        ("mode", "mode"),
    ],
)
def test_a_path_as_a_pattern(path: str, expected: str) -> None:
    assert pattern(path) == expected


def test_the_fields_of_a_setting() -> None:
    known = fields(Lifecycle)
    assert {"rules", "rules[].match.minSize", "rules[].noncurrent.expire.keepNewest"} <= set(known)
    assert not [f for f in known if f.endswith(("raw", "exclusive"))], "no store is given these"
    assert fields(FACETS["tags"]) == (), "a bare map has keys, not fields"


@each_sample
def test_a_value_has_fields_of_its_model_only(facet: str, name: str) -> None:
    value = SAMPLES[facet][name]
    assert used(value) <= set(fields(FACETS[facet]))
    assert all(uses(value, [f]) for f in used(value))


@each_sample
def test_without_a_field_it_is_gone_and_the_others_stay(facet: str, name: str) -> None:
    value = SAMPLES[facet][name]
    for gone in used(value):
        less = _without(value, gone)
        if less is not None:
            assert gone not in used(less)
            assert used(value) - {gone} <= used(less) | {gone}


def _without(value: Facet, gone: str) -> Facet | None:
    try:
        return without(value, [gone])
    except ValueError:  # a field that must be there
        return None


def test_with_items_the_whole_rule_goes() -> None:
    value = SAMPLES["lifecycle"]["uploads"]
    assert without(value, ["rules[].expire"], items=True).to_json() == {
        "rules": [{"name": "leftovers", "abortIncompleteMultipartUpload": {"days": 7}}]
    }


@pytest.mark.parametrize(
    ("lost", "kept", "expected"),
    [
        ({"rules[].abortIncompleteMultipartUpload.days"}, {"rules[].name"}, ("rules[].abortIncompleteMultipartUpload",)),
        ({"rules[].match.minSize"}, {"rules[].match.prefix"}, ("rules[].match.minSize",)),
        ({"rules[].match.minSize", "rules[].match.tags"}, {"rules[].name"}, ("rules[].match",)),
        ({"rules[].name"}, set(), ("rules",)),
        (set(), {"rules[].name"}, ()),
    ],
)  # fmt: skip
def test_the_outermost_field_that_nothing_kept(lost: set[str], kept: set[str], expected: tuple[str]) -> None:
    found = outermost(lost, kept, fields(Lifecycle))
    assert found == expected
    assert all(any(below(f, x) for f in found) for x in lost)


def test_an_empty_list_uses_nothing() -> None:
    """Taken for a use, a store that drops exposeHeaders would have refused every CORS rule."""
    lost = ["rules[].exposeHeaders"]
    assert uses(SAMPLES["cors"]["one"], lost) == []
    assert uses(SAMPLES["cors"]["full"], lost) == ["rules[0].exposeHeaders"]
