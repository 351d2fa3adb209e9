"""What ``drift.ignore`` takes over from a store: the place that it names, and nothing beside it."""

from typing import Any

import pytest

from imagestore.core.facet import WHOLE, Facet
from imagestore.core.policies import ignoring
from imagestore.core.reading import Found, Missing, Unreadable
from imagestore.core.reasons import Reason
from imagestore.facets.cors import Cors
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.tags import Tags
from imagestore.facets.versioning import Versioning
from imagestore.facets.website import Website


def rules(*said: dict[str, Any]) -> Lifecycle:
    return Lifecycle.model_validate({"rules": said}).canonical()


def rule(
    name: str = "a", *, tags: dict[str, str] | None = None, days: int = 3, **more: Any
) -> dict[str, Any]:
    match = {} if tags is None else {"match": {"prefix": "p/", "tags": tags}}
    return {"name": name, "expire": {"days": days}, **match, **more}


def relaxed(desired: Facet, there: Facet, *ignored: str, name: str = "lifecycle") -> Facet:
    return ignoring(desired, Found(there), ignored, name).canonical()


@pytest.mark.parametrize(
    ("mine", "theirs", "taken"),
    [
        ({"k": "1"}, {"k": "2"}, {"k": "2"}),
        ({"k": "1", "m": "1"}, {"k": "2", "m": "2"}, {"k": "2", "m": "1"}),
        ({"k": "1", "m": "1"}, {"m": "1"}, {"m": "1"}),
        ({"m": "1"}, {"k": "2", "m": "1"}, {"k": "2", "m": "1"}),
    ],
)
def test_an_entry_of_a_map_within_a_rule(mine: Any, theirs: Any, taken: Any) -> None:
    path = 'lifecycle.rules[name=a].match.tags["k"]'
    assert relaxed(rules(rule(tags=mine)), rules(rule(tags=theirs)), path) == rules(rule(tags=taken))


def test_a_map_that_the_store_does_not_have_at_all() -> None:
    path = 'lifecycle.rules[name=a].match.tags["k"]'
    bare = rules({"name": "a", "expire": {"days": 3}, "match": {"prefix": "p/"}})
    found = relaxed(rules(rule(tags={"k": "1"})), bare, path, "lifecycle.rules[].match.tags")
    assert found == bare


@pytest.mark.parametrize(
    ("ignored", "days"),
    [
        (("lifecycle.rules[name=a].expire.days",), (9, 3)),
        (("lifecycle.rules[name=b].expire",), (3, 9)),
        (("lifecycle.rules[].expire.days",), (9, 9)),
        (("lifecycle.rules",), (9, 9)),
        (("lifecycle",), (9, 9)),
        (("lifecycle.rules[name=c].expire.days",), (3, 3)),
        (("cors.rules", "versioning.state"), (3, 3)),
        ((), (3, 3)),
    ],
)
def test_of_several_rules_those_that_are_named(ignored: tuple[str, ...], days: tuple[int, int]) -> None:
    mine = rules(rule("a"), rule("b"))
    theirs = rules(rule("a", days=9), rule("b", days=9))
    assert relaxed(mine, theirs, *ignored) == rules(rule("a", days=days[0]), rule("b", days=days[1]))


def test_a_rule_that_the_store_has_besides_is_taken_over_only_if_it_is_compared() -> None:
    mine, theirs = rules(rule("a")), rules(rule("a"), rule("b"), rule("foreign/x"))
    ignored = "lifecycle.rules[name=b]"
    assert relaxed(mine, theirs, ignored) == rules(rule("a"), rule("b")), "it has an id of ours"
    assert relaxed(mine, theirs, "lifecycle.rules[name=foreign/x]") == mine
    exclusive = mine.model_copy(update={"exclusive": True})
    kept = relaxed(exclusive, theirs, "lifecycle.rules[name=foreign/x]")
    assert isinstance(kept, Lifecycle)
    assert [r.name for r in kept.rules] == ["a", "foreign/x"]


def test_a_rule_that_the_store_has_not_is_not_written() -> None:
    mine = rules(rule("a"), rule("b"))
    assert relaxed(mine, rules(rule("a")), "lifecycle.rules[name=b]") == rules(rule("a"))
    assert relaxed(mine, rules(rule("a")), "lifecycle.rules[name=b].expire") == mine, "half a rule is none"


def test_a_list_that_is_written_whole_is_taken_whole() -> None:
    one, other = ({"rules": [{"allowedOrigins": [o], "allowedMethods": ["GET"]}]} for o in ("*", "null"))
    mine, theirs = Cors.model_validate(one), Cors.model_validate(other)
    assert relaxed(mine, theirs, "cors.rules", name="cors") == theirs.canonical()


def test_where_there_is_nothing_nothing_is_taken_over() -> None:
    wish = Versioning(state="Enabled")
    for nothing in (Missing(), Unreadable(Reason.DENIED, "no")):
        assert ignoring(wish, nothing, ["versioning.state"], "versioning") is wish
    assert relaxed(wish, Versioning(state="Suspended"), "versioning.state", name="versioning") == Versioning(
        state="Suspended"
    )


def test_a_part_that_was_managed_before_is_taken_over_as_well() -> None:
    mine, theirs = Tags(values={"a": "1"}), Tags(values={"a": "1", "b": "2"})
    found = ignoring(mine, Found(theirs), ['tags["b"]'], "tags", frozenset({"b"}))
    assert found == theirs
    assert ignoring(mine, Found(theirs), ['tags["b"]'], "tags", WHOLE) == mine


def test_what_is_taken_over_never_clears_the_rest() -> None:
    """An ignored redirect on a website with pages left an empty desired value, which would have cleared the pages."""
    mine = Website.model_validate({"redirectAllRequestsTo": {"hostName": "a.example"}})
    pages = Website.model_validate({"indexDocument": "index.html"})
    found = relaxed(mine, pages, "website.redirectAllRequestsTo", name="website")
    assert found == pages.canonical()
    clears = Website()
    assert relaxed(clears, pages, "website.indexDocument", name="website").clears()
