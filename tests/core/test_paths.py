"""The path grammar: whatever a difference names can be written in spec.drift.ignore and is found again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagestore.core.paths import ANY, Item, covers, item_step, key_step, parse

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
        ('tags[""]', ("tags", "")),
        ("rules[name=thumbs].expire.days", ("rules", Item("name", "thumbs"), "expire", "days")),
        ('rules[name="a]b"].state', ("rules", Item("name", "a]b"), "state")),
        ("rules[].state", ("rules", ANY, "state")),
    ],
)
def test_a_path_is_read_step_by_step(path: str, steps: tuple[object, ...]) -> None:
    assert parse(path) == steps


@pytest.mark.parametrize("path", ["", ".state", "a..b", "a[", "a[b]", 'a["]', "a b", "1a", "a\n", "a[=x]"])
def test_anything_else_is_refused_with_an_example_of_what_is_right(path: str) -> None:
    with pytest.raises(ValueError, match="is not a path such as"):
        parse(path)


@given(st.text(min_size=1), st.text(min_size=1))
def test_any_key_and_any_name_can_be_written(key: str, name: str) -> None:
    assert parse("tags" + key_step(key)) == ("tags", key)
    assert parse("rules" + item_step("name", name)) == ("rules", Item("name", name))


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
