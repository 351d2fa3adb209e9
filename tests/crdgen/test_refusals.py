"""The generator refuses what a CRD cannot hold instead of guessing."""

from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field

from imagestore.api.kinds import IMAGE_BUCKET
from imagestore.core.facet import Facet, Removal
from imagestore.core.model import Form, Immutable, Internal, Kept, ListMap, ListSet, Model, Schema
from imagestore.crdgen import crd, schema
from imagestore.crdgen.cel import check_pattern
from imagestore.crdgen.refusal import Refused

Text = Annotated[str, Field(max_length=8)]


def words(annotation: Any, default: Any = ..., base: type[Model] = Model) -> dict[str, Any]:
    """The schema of a model whose only field is ``x`` of this type."""
    body = {
        "__doc__": "A thing.",
        "__module__": __name__,
        "__annotations__": {"x": Annotated[annotation, Field(description="Words.")]},
        **({} if default is ... else {"x": default}),
    }
    meta: Any = type(base)
    made: dict[str, Any] = schema.of_model(meta("Thing", (base,), body), "thing")
    return made


def of(annotation: Any, default: Any = ...) -> dict[str, Any]:
    """The schema of the field alone, without its description."""
    made: dict[str, Any] = words(annotation, default)["properties"]["x"]
    return {k: v for k, v in made.items() if k != "description"}


class Item(Model):
    """An item."""

    name: Annotated[str, Field(max_length=8, description="Its name.")]
    nick: Annotated[str | None, Field(max_length=8, description="Its other name.")] = None
    inner: Annotated["Inner | None", Field(description="More.")] = None


class Inner(Model):
    """What is inside."""

    deep: Annotated[int | None, Field(description="Deep.")] = None


class Endless(Model):
    """A thing that holds itself."""

    again: Annotated["Endless | None", Field(description="Once more.")] = None


class Frozen(Model):
    """A thing with a part that never changes."""

    part: Annotated[str, Immutable("make another"), Field(max_length=8, description="The part.")]


class Silent(Model):
    x: Annotated[bool, Field(description="Words.")]


class Setting(Facet):
    """A setting."""

    removal: ClassVar[Removal] = Removal.CLEAR


class Colour(StrEnum):
    """A colour."""

    RED = "Red"


Item.model_rebuild()
Endless.model_rebuild()


@pytest.mark.parametrize(
    ("annotation", "default", "why"),
    [
        (int | str, ..., "a union is not one type"),
        (Item | Inner | None, None, "a union is not one type"),
        (str, ..., "a string without max_length"),
        (float, ..., "unknown to the generator"),
        (bytes, ..., "unknown to the generator"),
        (Any, ..., "unknown to the generator"),
        (object, ..., "unknown to the generator"),
        (list[Text], ..., "unknown to the generator"),
        (set[Text], ..., "unknown to the generator"),
        (tuple[Text, ...], ..., "a list without max_length"),
        (Annotated[tuple[Text, Text], Field(max_length=2)], ..., "fixed length"),
        (Annotated[tuple[Text | None, ...], Field(max_length=2)], ..., "may be null"),
        (Annotated[tuple[Item, ...], ListSet(), Field(max_length=2)], ..., "a ListSet of objects"),
        (Annotated[tuple[Item, ...], ListMap("nick"), Field(max_length=2)], ..., "must be required"),
        (Annotated[tuple[Item, ...], ListMap("inner"), Field(max_length=2)], ..., "not a scalar"),
        (Annotated[tuple[Item, ...], ListMap("nobody"), Field(max_length=2)], ..., "not a scalar"),
        (dict[str, Text], ..., "a map without max_length"),
        (Annotated[dict[Text, Text], Field(max_length=2)], ..., "keys are plain strings"),
        (Annotated[dict[int, Text], Field(max_length=2)], ..., "keys are plain strings"),
        (Literal["a", 1], ..., "only strings or booleans"),
        (Annotated[int, Field(gt=0)], ..., "has no equal in a CRD"),
        (Annotated[int, Field(multiple_of=2)], ..., "has no equal in a CRD"),
        (Annotated[Item, Field(max_length=2)], ..., "means nothing for this type"),
        (Annotated[str, Field(max_length=8, pattern="^a$")], ..., "a pattern and a Form"),
        (Annotated[str, Field(max_length=8), Form("a")], ..., "a pattern and a Form"),
        (Annotated[str, Field(max_length=8, pattern="a"), Form("a")], ..., "a part of the value"),
        (Annotated[str, Field(max_length=8), Schema({"type": "integer"})], ..., "contradicts the type in type"),
        (bool | None, ..., "required, yet it may be null"),
        (Text, Field(default_factory=str), "default_factory"),
        (Item, Item(name="a"), "is not a scalar"),
        (Endless, ..., "contains itself"),
        (Silent, ..., "no docstring"),
        (Frozen | None, None, "can be changed by removing"),
        (Annotated[tuple[Frozen, ...], Field(max_length=2)], ..., "can be changed by removing"),
    ],
)  # fmt: skip
def test_is_refused(annotation: Any, default: Any, why: str) -> None:
    with pytest.raises(Refused, match=f"^thing.*{why}"):
        words(annotation, default)


def test_a_default_in_a_facet_is_refused() -> None:
    with pytest.raises(Refused, match="would manage a setting that no user mentioned"):
        words(bool, default=False, base=Setting)


def test_a_field_without_words_is_refused() -> None:
    class Mute(Model):
        """A thing."""

        x: bool

    with pytest.raises(Refused, match=r"thing\.x: no description"):
        schema.of_model(Mute, "thing")


def test_a_selectable_field_must_exist() -> None:
    with pytest.raises(Refused, match="does not exist"):
        crd.definition(replace(IMAGE_BUCKET, selectable=(".spec.nothing",)))
    with pytest.raises(Refused, match="must be a scalar"):
        crd.definition(replace(IMAGE_BUCKET, selectable=(".spec.drift",)))


@pytest.mark.parametrize("pattern", [r"^(?!a)$", r"^(?<=a)$", r"^(a)\1$", r"^a++$", r"^(?>a)$", r"^(?P=x)$"])
def test_what_re2_does_not_know_is_refused(pattern: str) -> None:
    with pytest.raises(Refused, match="RE2 does not support"):
        check_pattern(pattern, "here")


@pytest.mark.parametrize("pattern", [r"^[a-z*+]+$", r"^[]+*]+$", r"^(?:a|b)+?$", r"^a{1,5}$"])
def test_what_re2_knows_is_taken(pattern: str) -> None:
    check_pattern(pattern, "here")


@pytest.mark.parametrize(
    ("annotation", "default", "made"),
    [
        (bool, ..., {"type": "boolean"}),
        (bool | None, None, {"type": "boolean"}),
        (Annotated[int, Field(ge=1, le=3)], ..., {"type": "integer", "format": "int64", "minimum": 1, "maximum": 3}),
        (Annotated[int, Field(ge=1)], 3, {"default": 3, "type": "integer", "format": "int64", "minimum": 1}),
        (Literal["A", "B"] | None, None, {"type": "string", "enum": ["A", "B"]}),
        (Literal[True] | None, None, {"type": "boolean", "enum": [True]}),
        (Colour, ..., {"type": "string", "enum": ["Red"]}),
        (Annotated[str, Field(max_length=9), Schema({"format": "byte"})], ...,
         {"type": "string", "maxLength": 9, "format": "byte"}),
        (Annotated[tuple[Text, ...], ListSet(), Field(max_length=2)], (),
         {"type": "array", "items": {"type": "string", "maxLength": 8}, "maxItems": 2, "x-kubernetes-list-type": "set"}),
        (Annotated[dict[str, Text], Field(max_length=2)], ...,
         {"type": "object", "additionalProperties": {"type": "string", "maxLength": 8}, "maxProperties": 2}),
    ],
)  # fmt: skip
def test_is_made(annotation: Any, default: Any, made: dict[str, Any]) -> None:
    assert of(annotation, default) == made


def test_a_list_map_names_its_key() -> None:
    made = of(Annotated[tuple[Item, ...], ListMap("name"), Field(max_length=2)])
    assert made["x-kubernetes-list-type"] == "map"
    assert made["x-kubernetes-list-map-keys"] == ["name"]


def test_an_immutable_below_something_optional_that_is_kept_cannot_be_escaped() -> None:
    assert words(Annotated[Frozen | None, Kept("make another"), Field(description="x")], None)
    with pytest.raises(Refused, match="can be changed by removing and adding that"):
        words(Annotated[Frozen | None, Field(description="x")], None)


def test_an_optional_immutable_can_be_neither_added_nor_removed() -> None:
    made = words(Annotated[str | None, Immutable("make another"), Field(max_length=8)], None)
    assert made["x-kubernetes-validations"] == [
        {"rule": "has(self.x) == has(oldSelf.x)", "message": "x is immutable: make another"}
    ]
    assert made["properties"]["x"]["x-kubernetes-validations"] == [
        {"rule": "self == oldSelf", "message": "immutable: make another"}
    ]


def test_what_is_internal_is_left_out() -> None:
    assert words(Annotated[str | None, Internal()], None)["properties"] == {}


def test_a_pattern_is_a_rule_in_words_too() -> None:
    made = of(Annotated[str, Field(max_length=8, pattern="^it's$"), Form("write it's")])
    assert made["x-kubernetes-validations"] == [{"rule": 'self.matches(r"^it\'s$")', "message": "write it's"}]
