"""Models and what is made of them: values of a store, fields as patterns, paths, Events and pauses."""

from collections.abc import Callable
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field, ValidationError

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.core.diff import FieldDiff, diff, some_paths
from imagestore.core.errors import Rejected, StoreError, Throttled
from imagestore.core.facet import Facet, Removal
from imagestore.core.fields import below, fields, outermost, pattern, used, without
from imagestore.core.marks import spots
from imagestore.core.model import Inline, Internal, KmsKey, ListMap, ListSet, Model, SpecOnly, unwritten
from imagestore.core.outcome import Continue, Event, OnChange, Outcome, Requeue
from imagestore.core.paths import ANY, Item, covers, item_step, key_step, parse
from imagestore.core.reasons import Reason
from imagestore.facets.lifecycle import Lifecycle


class Leaf(Model):
    """The end of a path."""

    some_days: Annotated[int | None, Field(ge=1, le=9)] = None
    key_id: Annotated[str | None, KmsKey(), Field(max_length=3)] = None
    raw: Annotated[str | None, Internal()] = None


class Row(Model):
    """A row of a list."""

    name: Annotated[str, Field(pattern=r"^[a-z]+$", min_length=2)]
    leaf: Leaf | None = None


class Bag(Inline):
    """A bare map."""

    inline: ClassVar[str | None] = "values"
    values: dict[str, str]


class Thing(Facet):
    """A setting of every shape."""

    removal: ClassVar[Removal] = Removal.CLEAR

    rows: Annotated[tuple[Row, ...], ListMap("name"), Field(max_length=2)] = ()
    leaf: Leaf | None = None
    some_names: Annotated[tuple[str, ...] | None, ListSet()] = None
    in_order: tuple[str, ...] | None = None
    bag: Bag | None = None
    only_here: Annotated[bool | None, SpecOnly()] = None
    pattern: str | None = None  # called like a limit
    type: str | None = None


ALL_FIELDS = (
    "rows", "rows[].name", "rows[].leaf", "rows[].leaf.someDays", "rows[].leaf.keyId", "leaf", "leaf.someDays",
    "leaf.keyId", "someNames", "inOrder", "bag", "pattern", "type",
)  # fmt: skip


def test_a_value_of_a_store_has_its_shape_and_no_limits() -> None:
    odd = {
        "rows": [{"name": "", "leaf": {"someDays": 99, "keyId": "k" * 9}}] * 5,
        "pattern": "p",
        "type": "t",
    }
    found = Thing.from_store(**odd)
    assert [r.name for r in found.rows] == [""] * 5
    assert found.rows[0].leaf == Leaf.model_construct(some_days=99, key_id="k" * 9, raw=None)
    assert (found.pattern, found.type) == ("p", "t")
    with pytest.raises(ValidationError):
        Thing.model_validate(odd)
    with pytest.raises(ValidationError):
        Thing.from_store(rows=[{"leaf": None}])
    with pytest.raises(ValidationError):
        Thing.from_store(rows=7)


def test_users_write_no_internal_field() -> None:
    assert unwritten([Internal()])
    assert not unwritten([SpecOnly(), KmsKey()])
    assert not unwritten([])


def test_a_field_as_a_pattern() -> None:
    assert fields(Thing) == ALL_FIELDS
    assert fields(Bag) == (), "a bare map has keys, not fields"
    assert pattern('bag["a.b"].x') == "bag.x"
    assert pattern("rows[name=a].leaf") == "rows[].leaf"
    assert pattern("rows[].leaf") == "rows[].leaf"


def thing(**said: Any) -> Thing:
    return Thing.model_validate(said)


FULL = thing(
    rows=[{"name": "aa", "leaf": {"someDays": 1}}, {"name": "bb"}], leaf={"keyId": "k"}, someNames=["x"]
)


def test_the_fields_that_a_value_has() -> None:
    assert used(FULL) == {"rows[].name", "rows[].leaf.someDays", "leaf.keyId", "someNames"}
    assert used(thing()) == set()


@pytest.mark.parametrize(
    ("outer", "inner", "inside"),
    [
        ("rows", "rows[].name", True),
        ("rows[].name", "rows", False),
        ("leaf", "leaf", True),
        ("leaf", "rows", False),
    ],
)
def test_what_is_below_what(outer: str, inner: str, *, inside: bool) -> None:
    assert below(outer, inner) is inside


def test_what_is_lost_is_said_in_the_fewest_fields() -> None:
    lost, kept = ["leaf.someDays", "leaf.keyId", "rows[].leaf.someDays"], ["rows[].name", "rows[].leaf.keyId"]
    assert outermost(lost, kept, ALL_FIELDS) == ("rows[].leaf.someDays", "leaf")
    assert outermost(lost, [], ALL_FIELDS) == ("rows", "leaf")
    assert outermost([], kept, ALL_FIELDS) == ()


@pytest.mark.parametrize(
    ("lost", "items", "left"),
    [
        (["leaf"], False, {"rows": True, "leaf": None, "names": ("x",)}),
        (["leaf.keyId"], False, {"rows": True, "leaf": None, "names": ("x",)}),
        (["leaf.someDays"], False, {"rows": True, "leaf": "k", "names": ("x",)}),
        (["someNames", "nothing"], False, {"rows": True, "leaf": "k", "names": None}),
        (["rows[].leaf.someDays"], False, {"rows": False, "leaf": "k", "names": ("x",)}),
    ],
)
def test_a_value_without_some_fields(lost: list[str], left: dict[str, Any], *, items: bool) -> None:
    found = without(FULL, lost, items=items)
    assert [r.name for r in found.rows] == ["aa", "bb"]
    assert (found.rows[0].leaf is not None) is left["rows"]
    assert (found.leaf.key_id if found.leaf else None) == left["leaf"]
    assert found.some_names == left["names"]


def test_a_value_without_the_items_that_have_a_field() -> None:
    assert [r.name for r in without(FULL, ["rows[].leaf"], items=True).rows] == ["bb"]
    assert [r.name for r in without(FULL, ["rows[].leaf.someDays"], items=True).rows] == ["bb"]
    assert [r.name for r in without(FULL, ["rows[].leaf.keyId"], items=True).rows] == ["aa", "bb"]


def test_an_item_has_what_one_of_its_own_items_has() -> None:
    moves = [{"tier": "Cool", "days": 1}, {"tier": "Archive", "date": "2030-01-01"}]
    kept = {"name": "kept", "state": "Enabled", "expire": {"days": 1}}
    value = Lifecycle.model_validate({"rules": [{"name": "a", "transitions": moves}, kept]})
    assert [r.name for r in without(value, ["rules[].transitions[].date"], items=True).rules] == ["kept"]
    assert without(value, ["rules[].noncurrent.transitions[].days"], items=True) == value


def test_a_marker_is_found_wherever_it_is() -> None:
    found = [spot.steps for spot in spots(Thing, KmsKey)]
    assert found == [("rows", ANY, "leaf", "keyId"), ("leaf", "keyId")]


# Differences.


@pytest.mark.parametrize(
    ("before", "after", "paths"),
    [
        ({"someNames": ["a", "b"]}, {"someNames": ["b", "a"]}, []),
        ({"someNames": ["a"]}, {"someNames": ["a", "b"]}, ["t.someNames"]),
        ({}, {"someNames": ["a"]}, ["t.someNames"]),
        ({"someNames": ["a"]}, {}, []),
        ({"inOrder": ["a", "b"]}, {"inOrder": ["b", "a"]}, ["t.inOrder"]),
        ({"rows": [{"name": "aa"}]}, {"rows": [{"name": "bb"}]}, ["t.rows[name=bb]", "t.rows[name=aa]"]),
        (
            {"rows": [{"name": "aa", "leaf": {"someDays": 1}}]},
            {"rows": [{"name": "aa"}]},
            ["t.rows[name=aa].leaf"],
        ),
        (
            {"leaf": {"someDays": 1, "keyId": "k"}},
            {"leaf": {"someDays": 2}},
            ["t.leaf.someDays", "t.leaf.keyId"],
        ),
        ({}, {"leaf": {"someDays": 2}}, ["t.leaf"]),
        (
            {"bag": {"a": "1", "c": "3"}},
            {"bag": {"a": "2", "b": "3"}},
            ['t.bag["a"]', 't.bag["b"]', 't.bag["c"]'],
        ),
        ({"bag": {"a": "1"}}, {"bag": {"a": "1"}}, []),
        ({"onlyHere": True}, {"onlyHere": False}, []),
    ],
)
def test_what_differs_is_named(before: Any, after: Any, paths: list[str]) -> None:
    assert [f.path for f in diff("t", thing(**before), thing(**after))] == paths


def test_a_difference_holds_values_as_json() -> None:
    (found,) = diff("t", thing(), thing(leaf={"someDays": 2}))
    assert found == FieldDiff("t.leaf", None, {"someDays": 2})
    (gone,) = diff("t", thing(rows=[{"name": "aa"}]), thing(rows=[]))
    assert (gone.before, gone.after) == ({"name": "aa"}, None)
    (names,) = diff("t", thing(), thing(someNames=["b", "a"]))
    assert names.after == ["b", "a"]


def test_what_a_setting_says_by_being_there_is_a_difference() -> None:
    assert diff("t", None, thing()) == (FieldDiff("t", None, {"rows": []}),)
    assert diff("t", thing(), thing()) == ()
    assert diff("t", thing(), None) == (FieldDiff("t", {"rows": []}, None),)


def test_five_paths_make_a_sentence() -> None:
    made = [FieldDiff(f"p{n}", None, None) for n in range(7)]
    assert some_paths(made[:5]) == "p0, p1, p2, p3, p4"
    assert some_paths(made[:6]) == "p0, p1, p2, p3, p4 and 1 more"
    assert some_paths(made) == "p0, p1, p2, p3, p4 and 2 more"


# Paths.


@pytest.mark.parametrize(
    ("value", "step"),
    [
        ("a", "[name=a]"),
        ("a/b", "[name=a/b]"),
        ("a]b", '[name="a]b"]'),
        ("a\nb", '[name="a\\nb"]'),
        ("", '[name=""]'),
    ],
)
def test_a_name_is_quoted_where_it_must_be(value: str, step: str) -> None:
    assert item_step("name", value) == step
    assert parse(f"rows{step}") == ("rows", Item("name", value))


def test_a_key_may_be_anything() -> None:
    assert key_step("ä.b") == '["ä.b"]'
    assert parse('bag["a\\qb"]') == ("bag", "a\\qb"), "a backslash that JSON does not know stands for itself"


def test_a_pattern_is_no_longer_than_what_it_covers() -> None:
    assert not covers(parse("a.b"), parse("a"))
    assert covers(parse("a"), parse("a"))
    assert not covers(parse("a[].c"), parse("a[name=x].d"))


# What a reconcile hands back.


@pytest.mark.parametrize("seconds", [0, -1, 0.0])
def test_a_pause_is_longer_than_nothing(seconds: float) -> None:
    with pytest.raises(ValueError, match="to go on at once is Continue"):
        Requeue(seconds)
    assert Requeue(0.001).seconds == 0.001


def test_an_event_is_cut_to_what_kubernetes_takes() -> None:
    assert Event(Reason.CREATED, "x" * 1024).message == "x" * 1024
    cut = Event(Reason.CREATED, "x" * 1025).message
    assert (len(cut.encode()), cut.endswith(" …")) == (1024, True)
    assert (Event(Reason.CREATED, "").action, Event(Reason.CREATED, "").warning) == ("Reconcile", False)


def test_a_status_is_made_to_fit_and_a_memo_does_not_fit_it_again() -> None:
    many = ImageBucketStatus.model_validate(
        {
            "conditions": [
                {"type": f"T{n}", "status": "True", "reason": "InSync", "message": "m" * 4096}
                for n in range(16)
            ]
        }
    )
    outcome = Outcome(many)
    assert outcome.status is not None
    assert len(outcome.status.conditions[0].message) < 4096
    again = outcome.remembering("memo")
    assert (again.memo, again.status is outcome.status) == ("memo", True)
    assert (outcome.memo, outcome.then) == (None, OnChange())
    assert Continue().progress is None


@pytest.mark.parametrize("made", [Rejected, Throttled])
def test_an_error_of_a_store_is_bounded(made: Callable[..., StoreError]) -> None:
    error = made("m" * 5000, code="c" * 100, operation="Op", retry_after=3.0, cause="w" * 5000)
    assert (len(str(error).encode()), len(error.code.encode()), len(error.cause.encode())) == (2048, 64, 2048)
    assert (error.operation, error.retry_after) == ("Op", 3.0)
    plain = made("m")
    assert (plain.code, plain.operation, plain.retry_after, plain.cause) == ("", "", None, "")
