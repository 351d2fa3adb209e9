"""What a status of a newer version keeps of itself, item by item."""

from datetime import datetime
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from imagestore.core.losses import Limit, beyond, uses
from imagestore.core.model import Model, UnknownAs
from imagestore.core.paths import follow, parse
from imagestore.core.salvage import salvaged
from imagestore.core.units import grouped, size
from imagestore.facets.cors import Cors
from imagestore.facets.lifecycle import Lifecycle


class Row(Model):
    """A row of a status."""

    name: Annotated[str, Field(max_length=4)]
    state: Annotated[Literal["Good", "Bad"], UnknownAs("Bad")] = "Good"
    plain: Literal["a", "b"] | None = None
    last_state: Annotated[Literal["Good", "Bad"], UnknownAs("Bad")] = "Good"
    count: int = 0


class Whole(Model):
    """A status whose every field may be absent."""

    rows: Annotated[tuple[Row, ...], Field(max_length=2)] = ()
    first: Row | None = None
    since: datetime | None = None
    word: Annotated[str, Field(max_length=3)] = ""
    names: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"word": "abcdef"}, {"word": "abc"}),
        ({"rows": [{"name": n} for n in "abc"]}, {"rows": ("a", "b")}),
        ({"rows": [{"name": "a", "state": "Ugly"}]}, {"rows": ("a:Bad",)}),
        ({"rows": [{"name": "a", "plain": "c"}]}, {"rows": ("a",)}),
        ({"rows": [{"name": "a", "count": "many"}]}, {"rows": ("a",)}),
        ({"rows": [{"name": "abcdef"}, {"state": "Good"}]}, {"rows": ("abcd",)}),
        ({"rows": [{}, {"name": "a"}]}, {"rows": ("a",)}),
        ({"rows": [7, {"name": "a"}, "x"]}, {"rows": ("a",)}),
        ({"rows": "none"}, {}),
        ({"first": {"state": "Ugly", "name": "a"}, "since": "never"}, {"first": "a:Bad"}),
        ({"first": {"state": "Ugly"}}, {}),
        ({"names": ["a", 1, "b", None]}, {"names": ("a", "b")}),
        ({"unknown": 1, "word": "ab"}, {"word": "ab"}),
        ("nothing of it", {}),
        (None, {}),
    ],
)
def test_the_smallest_thing_that_is_not_understood_is_left_out(said: Any, kept: dict[str, Any]) -> None:
    found = salvaged(Whole, said)

    def told(row: Row) -> str:
        return row.name if row.state == "Good" else f"{row.name}:{row.state}"

    assert tuple(told(r) for r in found.rows) == kept.get("rows", ())
    assert (told(found.first) if found.first else None) == kept.get("first")
    assert (found.word, found.names, found.since) == (kept.get("word", ""), kept.get("names", ()), None)


def test_a_field_is_known_by_the_name_that_users_read() -> None:
    found = salvaged(Whole, {"rows": [{"name": "a", "lastState": "Ugly"}]})
    assert [(r.name, r.last_state) for r in found.rows] == [("a", "Bad")]


def test_what_is_understood_is_as_it_was() -> None:
    said = {
        "rows": [{"name": "a", "state": "Bad", "plain": "b", "count": 7}],
        "since": "2027-01-01T00:00:00Z",
    }
    found = salvaged(Whole, said)
    assert found == Whole.model_validate(said)
    assert found.rows[0].count == 7


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("rules[].expire.days", [("rules[name=a].expire.days", 1), ("rules[1].expire.days", 2)]),
        ("rules[].none", []),
        ("word", [("word", "w")]),
        ("rules", [("rules", [{"name": "a", "expire": {"days": 1}}, {"expire": {"days": 2}}])]),
        ("word.deeper", []),
        ("word[]", []),
        ("statements[].sid", [("statements[sid=s].sid", "s")]),
        ("tiers[].x", [("tiers[tier=Cool].x", 1)]),
    ],
)
def test_a_pattern_leads_to_each_value_with_its_path(path: str, values: list[tuple[str, Any]]) -> None:
    json = {
        "rules": [{"name": "a", "expire": {"days": 1}}, {"expire": {"days": 2}}],
        "statements": [{"sid": "s"}],
        "tiers": [{"tier": "Cool", "x": 1}],
        "word": "w",
    }
    assert list(follow(json, parse(path))) == values


def moves(*tiers: str, days: int = 1) -> Lifecycle:
    transitions = [{"tier": t, "days": days} for t in tiers]
    return Lifecycle.model_validate(
        {"rules": [{"name": "a", "state": "Enabled", "transitions": transitions}]}
    )


@pytest.mark.parametrize(
    ("limit", "desired", "refused"),
    [
        (Limit("rules[].transitions[].tier", "f", among=frozenset({"Cool"})), moves("Cool"), 0),
        (Limit("rules[].transitions[].tier", "f", among=frozenset({"Cool"})), moves("Cool", "Cold"), 1),
        (Limit("rules[].transitions[].tier", "f", among=frozenset()), moves("Cool"), 1),
        (Limit("rules[].transitions[].days", "f", least=5), moves("Cool", days=5), 0),
        (Limit("rules[].transitions[].days", "f", least=5), moves("Cool", "Cold", days=4), 2),
        (Limit("rules[].transitions", "f", most=2), moves("Cool", "Cold"), 0),
        (Limit("rules[].transitions", "f", most=1), moves("Cool", "Cold"), 1),
        (Limit("rules[].transitions", "f", most=0), moves("Cool"), 1),
        (Limit("rules[].state", "f", among=frozenset({"x"}), where=(("name", "a"),)), moves("Cool"), 1),
        (Limit("rules[].state", "f", among=frozenset({"x"}), where=(("name", "b"),)), moves("Cool"), 0),
        (Limit("rules[].expire", "f", among=frozenset()), moves("Cool"), 0),
    ],
)
def test_a_limit_allows_up_to_itself(limit: Limit, desired: Lifecycle, refused: int) -> None:
    found = beyond(desired, [limit])
    assert len(found) == refused
    assert set(found.values()) <= {"f"}


def test_an_empty_list_says_nothing_that_could_be_lost() -> None:
    silent = Cors.model_validate({"rules": [{"allowedOrigins": ["*"], "allowedMethods": ["GET"]}]})
    assert uses(silent, ["rules[].exposeHeaders"]) == []
    said = Cors.model_validate(
        {"rules": [{"allowedOrigins": ["*"], "allowedMethods": ["GET"], "exposeHeaders": ["ETag"]}]}
    )
    assert uses(said, ["rules[].exposeHeaders", "rules[].none"]) == ["rules[0].exposeHeaders"]


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0"), (999, "999"), (1000, "1 000"), (12_034_567, "12 034 567"), (-1000, "-1 000")],
)
def test_large_numbers_are_grouped(count: int, shown: str) -> None:
    assert grouped(count) == shown


@pytest.mark.parametrize(
    ("count", "shown"), [(-1023, "-1023 B"), (-1024, "-1.0 KiB"), (1536, "1.5 KiB"), (2**30, "1.0 GiB")]
)
def test_less_is_shown_like_more(count: int, shown: str) -> None:
    assert size(count) == shown
