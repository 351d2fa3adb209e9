"""The base of everything that a user writes or a store answers, and the markers on its fields.

A marker has two consumers, the CRD generator and the difference: ``ListMap`` compares items by their key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, ClassVar, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, model_serializer, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import SchemaValidator, core_schema


@dataclass(frozen=True)
class ListSet:
    """A list without order whose items are unique."""


@dataclass(frozen=True)
class ListMap:
    """A list of objects identified by one of their fields, a required scalar (its alias)."""

    key: str


@dataclass(frozen=True)
class Immutable:
    """A field that cannot change once set; ``message`` says what to do instead."""

    message: str


@dataclass(frozen=True)
class Kept:
    """An optional field that can be neither added nor removed once the object is there; what is in it may change."""

    message: str


@dataclass(frozen=True)
class Cel:
    """A validation rule of the CRD. The message contains the fix."""

    rule: str
    message: str
    field_path: str | None = None


@dataclass(frozen=True)
class Form:
    """The meaning of a field's pattern in words: a user never has to read the regular expression.

    The generator makes a rule of the pattern and this message, and refuses a pattern without one.
    """

    message: str


@dataclass(frozen=True)
class Internal:
    """A field that exists only in observed values: never in a CRD, never compared, never shown."""


@dataclass(frozen=True)
class Resolved:
    """A field that only resolved and observed values have: compared and shown, never in a CRD."""


@dataclass(frozen=True)
class Reference:
    """A field that names another ImageBucket of the namespace (``elsewhere``: on any backend); ``loops``: why not its own."""

    loops: str
    elsewhere: bool = False


@dataclass(frozen=True)
class KmsKey:
    """A field that names a key of a key management service; the backend's tenancy says which keys are allowed."""


@dataclass(frozen=True)
class InTier:
    """A field that names a neutral tier. A remote tier must exist before the field is written."""


@dataclass(frozen=True)
class SpecOnly:
    """A field that only steers the operator: in the CRD, but no store holds it, so it is never compared."""


@dataclass(frozen=True)
class ByHand:
    """A facet's field that is compared and never written. ``remedy``: how a person fixes a difference."""

    remedy: str


@dataclass(frozen=True)
class Schema:
    """Keys merged into the generated OpenAPI schema of a field, such as ``format``."""

    keys: Mapping[str, Any]


@dataclass(frozen=True)
class UnknownAs:
    """A status field with few values: the value that stands for an unknown one of a newer version."""

    word: str


@dataclass(frozen=True)
class Shown:
    """What is in a status for people only: a text of at most so many bytes, or a list of so many items.

    It is cut as soon as it is there, and further where the status as a whole would be too large; so nothing may ever
    be decided by it. Drift of more than 64 fields was compared with the 64 that were shown, and never corrected.
    """

    most: int

    def cut(self, value: Any) -> Any:
        """Return the value, cut to the limit."""
        if isinstance(value, str):
            return cut(value, self.most)
        return value[: self.most] if isinstance(value, list | tuple) else value

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return core_schema.no_info_before_validator_function(self.cut, handler(source))


def cut(text: str, most: int) -> str:
    """Return the text in at most ``most`` bytes of UTF-8, with dots where something is missing."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= most:
        return raw.decode()
    return raw[: most - len(_DOTS.encode())].decode("utf-8", "ignore") + _DOTS


_DOTS = " …"


# All of them: the CRD generator refuses any other annotation.
MARKERS = (
    ByHand, Cel, Form, Immutable, Internal, InTier, Kept, KmsKey, ListMap, ListSet, Reference, Resolved, Schema, Shown,
    UnknownAs, SpecOnly,
)  # fmt: skip

M = TypeVar("M")


class OpenEnum(StrEnum):
    """An enumeration of our own words for a field that may be read back with another version's.

    In a CRD it is a string. An unknown word is kept as it stands: it equals its text, and is not among the members.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        made = str.__new__(cls, value)
        made._name_ = made._value_ = value
        return made


# Five digits: what fits is at most some hundred years, so that a date plus a duration is still a date.
DURATION = r"^([0-9]{1,5}[smhd])+$"
QUANTITY = r"^[0-9]+(\.[0-9]+)?(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$"

_DURATION_WORDS = Form("write a duration such as 90s, 10m, 1h30m or 7d")
Duration = Annotated[str, Field(pattern=DURATION, max_length=16), _DURATION_WORDS]
Quantity = Annotated[
    str, Field(pattern=QUANTITY, max_length=20), Form("write a size such as 128Ki, 1.5Gi, 500G or 1048576")
]

LabelValue = Annotated[
    str,
    Field(pattern=r"^(([A-Za-z0-9][A-Za-z0-9_.-]*)?[A-Za-z0-9])?$", max_length=63),
    Form(
        "a label's value has letters, digits and - _ . only, begins and ends with a letter or digit, and is at most 63"
        " long: no object has any other"
    ),
]
# Rules for a map of labels to select by.
LABEL_KEYS = Cel(
    "self.all(k, k.matches(r'^([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$'))",
    "a label's key has letters, digits and - _ . only, after a prefix such as example.com/ if it has one: no object has"
    " any other",
)

Name = Annotated[
    str,
    Field(
        min_length=1,
        max_length=253,
        pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$",
    ),
    Form(
        "a name has lower-case letters, digits, hyphens and dots, and begins and ends with a letter or digit"
    ),
]

# A sentence for people, cut to this many bytes.
Sentence = Annotated[str, Field(max_length=4096), Shown(4096)]
Line = Annotated[str, Field(max_length=1024), Shown(1024)]

# A user who writes thumbs/* does not mean keys with an asterisk. When it was accepted, the rule was Ready and matched nothing.
Prefix = Annotated[
    str,
    Field(min_length=1, max_length=1024),
    Cel(
        "!self.contains('*')",
        "a prefix is taken literally, and every key that begins with it fits; remove the *",
    ),
]

# What a store holds beyond the fields of a model, verbatim, so that it can be written back.
ObservedDocument = Annotated[str | None, Internal(), Field(exclude=True)]


class Model(BaseModel):
    """A frozen value with lowerCamel names outside. Unknown fields are ignored."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore", serialize_by_alias=True
    )

    cel: ClassVar[tuple[Cel, ...]] = ()
    inline: ClassVar[str | None] = None  # see Inline

    @classmethod
    def from_store(cls, **values: Any) -> Self:
        """A value that a store holds, of the right shape, whatever its length, number, pattern or size.

        Those are limits of a spec. One empty string in the condition of a foreign policy statement
        was a ValidationError, which was told as an error of the spec, and all settings of that bucket went unmanaged.
        """
        return cast("Self", _unbounded(cls).validate_python(values))

    def having(self, **values: Any) -> Self:
        """Return the value with these in its fields; itself where it has them already. Nothing is validated."""
        same = all(getattr(self, name) == value for name, value in values.items())
        return self if same else self.model_copy(update=values)

    def to_json(self) -> Any:
        """Return the value as a user would write it: aliases, no absent fields, no internal fields."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Inline(Model):
    """A model whose one field, named by ``inline``, is a map and is written as that bare map.

    ``tags: {team: shop}`` rather than ``tags: {values: {team: shop}}``. Apart from Model because a
    serializer in Python costs ten times what pydantic's own does, and a status is many models.
    """

    @model_validator(mode="before")
    @classmethod
    def _wrap(cls, value: Any) -> Any:
        if isinstance(value, cls):
            return value
        built = isinstance(value, Mapping) and set(value) == {cls.inline}
        return value if built and isinstance(value[cls.inline], Mapping) else {cls.inline: value}

    @model_serializer(mode="wrap")
    def _unwrap(self, handler: Any) -> Any:
        return handler(self)[self.inline]


_BOUNDS = frozenset({"min_length", "max_length", "pattern", "ge", "gt", "le", "lt", "multiple_of"})


@cache
def _unbounded(kind: type[BaseModel]) -> SchemaValidator:
    """Return the model's validator without its limits. Not the prebuilt one, which would have them again."""
    return SchemaValidator(_without_bounds(kind.__pydantic_core_schema__), _use_prebuilt=False)


def _without_bounds(schema: Any) -> Any:
    if isinstance(schema, list | tuple):
        return type(schema)(_without_bounds(s) for s in schema)
    if not isinstance(schema, dict):
        return schema
    kept = schema.keys() - _BOUNDS if isinstance(schema.get("type"), str) else schema.keys()
    return {k: v if k == "metadata" else _without_bounds(v) for k, v in schema.items() if k in kept}


def unwritten(metadata: list[Any]) -> bool:
    """Whether users cannot write this field."""
    return marker(metadata, Internal) is not None or marker(metadata, Resolved) is not None


def marker(metadata: list[Any], kind: type[M]) -> M | None:
    """Return the first marker of this class on a field, or None."""
    return next((m for m in metadata if isinstance(m, kind)), None)
