"""The path grammar: whatever a difference names can be written in spec.drift.ignore and is found again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagestore.core.paths import ANY, Item, covers, graft, item_step, key_step, parse

VALUE: dict[str, Any] = {
    "versioning": {"state": "Enabled"},
    "tags": {"team": "shop", "app.kubernetes.io/name": "x"},
    "lifecycle": {"rules": [{"name": "thumbs", "expire": {"days": 3}}, {"name": "raw"}]},
}


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("versioning", ("versioning",)),
        ("versioning.state", ("versioning", "state")),
        ('tags["app.kubernetes.io/name"]', ("tags", "app.kubernetes.io/name")),
        ('tags["a\\"]b"]', ("tags", 'a"]b')),
        ("rules[name=thumbs].expire.days", ("rules", Item("name", "thumbs"), "expire", "days")),
        ('rules[name="a]b"].state', ("rules", Item("name", "a]b"), "state")),
        ("rules[].state", ("rules", ANY, "state")),
    ],
)
def test_a_path_is_read_step_by_step(path: str, steps: tuple[object, ...]) -> None:
    assert parse(path) == steps


@pytest.mark.parametrize(
    "path", ["", ".state", "a..b", "a[", "a[b]", 'a["]', "a b", "1a", "a\n", "a[=x]", 'a[""]']
)
def test_anything_else_is_refused_with_an_example_of_what_is_right(path: str) -> None:
    with pytest.raises(ValueError, match="is not a path such as"):
        parse(path)


@given(st.text(min_size=1), st.text(min_size=1))
def test_any_key_and_any_name_can_be_written(key: str, name: str) -> None:
    assert parse("tags" + key_step(key)) == ("tags", key)
    assert parse("rules" + item_step("name", name)) == ("rules", Item("name", name))


@pytest.mark.parametrize(
    ("path", "target", "source", "result"),
    [
        ("a.b", {"a": {"b": 1, "c": 2}}, {"a": {"b": 9, "c": 8}}, {"a": {"b": 9, "c": 2}}),
        ("a.b", {"a": {"b": 1, "c": 2}}, {"a": {}}, {"a": {"c": 2}}),
        ("a.b", {}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ("a[n=x].v", {"a": [{"n": "x", "v": 1}]}, {"a": [{"n": "x", "v": 2}]}, {"a": [{"n": "x", "v": 2}]}),
        ("a[n=x]", {"a": [{"n": "x"}, {"n": "y"}]}, {"a": []}, {"a": [{"n": "y"}]}),
        ("a[n=x]", {"a": []}, {"a": [{"n": "x"}]}, {"a": [{"n": "x"}]}),
    ],
)
def test_graft_takes_replaces_adds_and_removes(path: str, target: Any, source: Any, result: Any) -> None:
    assert graft(target, source, parse(path)) == result


def test_graft_survives_a_path_into_a_scalar() -> None:
    """A user's slip such as versioning.state.Enabled in spec.drift.ignore must not stop a reconcile."""
    graft(VALUE, VALUE, parse("versioning.state.Enabled"))
    graft(VALUE, VALUE, parse("versioning.state[name=x].y"))


@pytest.mark.parametrize(
    ("pattern", "path", "covered"),
    [
        ("tags", 'tags["team"]', True),
        ('tags["team"]', 'tags["team"]', True),
        ('tags["team"]', "tags", False),
        ("rules[]", "rules[name=x].expire", True),
        ("rules[].state", "rules[name=x].expire", False),
        ("rules[name=y]", "rules[name=x]", False),
    ],
)
def test_a_pattern_covers_what_is_at_or_below_it(pattern: str, path: str, covered: bool) -> None:  # noqa: FBT001
    assert covers(parse(pattern), parse(path)) is covered
