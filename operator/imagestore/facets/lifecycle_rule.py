"""One lifecycle rule: the same for a bucket's own rules and for those of a LifecyclePolicy.

Integer days, as S3 counts them; neutral tiers, which a StorageBackend maps to its store's classes.
"""

import re
from typing import Annotated, ClassVar, Literal, Self, TypeVar

from pydantic import Field

from imagestore.core.model import Cel, Form, InTier, ListMap, Model, Prefix, Quantity, Raw
from imagestore.core.units import byte_count, quantity

FOREIGN = (
    "foreign/"  # prefix of the name of an observed rule that nobody here declared; users cannot write it
)

_ALTERED = re.compile(re.escape(FOREIGN) + r"imagestore/([a-z0-9.-]+)/([a-z0-9-]+)(#[0-9a-f]{12})?")


def declared(name: str) -> str:
    """The name under which the operator wrote an observed part that was altered since beyond what a model can say.

    Such a part has the operator's id, and is shown as foreign: taken out of the spec it stayed in the store, and went on
    deleting. Any other part's name stays.
    """
    found = _ALTERED.fullmatch(name)
    if found is None:
        return name
    return found[2] if found[1] == "bucket" else f"{found[1]}/{found[2]}"


Tier = Literal["Hot", "Cool", "Cold", "Archive"]  # an object begins in Hot, the bucket's own class
ColderTier = Literal["Cool", "Cold", "Archive"]
COLDER: tuple[ColderTier, ...] = ("Cool", "Cold", "Archive")  # each colder than the one before

Days = Annotated[int, Field(ge=1, le=36500)]
# What moves may do so at once; what is removed is at least a day old, as S3 has it.
MovingDays = Annotated[int, Field(ge=0, le=36500)]
DATE = r"^20[0-9][0-9]-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
Date = Annotated[
    str,
    Field(pattern=DATE, max_length=10),
    Form("write a date as year-month-day, such as 2027-03-01; it begins at midnight UTC"),
    Cel(
        "!self.matches(r'-(02-30|02-31|04-31|06-31|09-31|11-31)$') &&"
        " (!self.endsWith('-02-29') || int(self.substring(0, 4)) % 4 == 0)",
        "there is no such day in that month; write a day that there is",
    ),
]
_ONE_OF = "has(self.days) != has(self.date)"
# Constant indexes: ranges and macros over the list cost a hundred times as much in the API server.
_PAIRS = ((0, 1), (1, 2))


def _each_pair(condition: str) -> str:
    """A CEL rule that holds for each two neighbours of a list of at most three."""
    pairs = (condition.format(a=f"self[{a}]", b=f"self[{b}]") for a, b in _PAIRS)
    return " && ".join(f"(size(self) < {b + 1} || {c})" for (_, b), c in zip(_PAIRS, pairs, strict=True))


_COLDER = Cel(
    _each_pair(
        "({a}.tier == 'Cool' || ({a}.tier == 'Cold' && {b}.tier == 'Archive')) && {a}.tier != {b}.tier"
    ),
    "objects only get colder: list transitions in the order Cool, Cold, Archive",
)
_LATER = Cel(
    _each_pair(
        "!(has({a}.days) && has({b}.days) && {a}.days >= {b}.days)"
        " && !(has({a}.date) && has({b}.date) && {a}.date >= {b}.date)"
    ),
    "a colder tier comes later; make the days, or dates, of transitions increase",
)
_LATER_OLD = Cel(
    _each_pair("{a}.days < {b}.days"), "a colder tier comes later; make the days of transitions increase"
)


class Match(Model):
    """Which objects a rule is for; all that is given must hold. Absent: every object."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "!has(self.minSize) || !has(self.maxSize) ||"
            " quantity(self.minSize).isLessThan(quantity(self.maxSize))",
            "no object is larger than minSize and smaller than maxSize; make minSize the smaller one",
        ),
        Cel(
            "!has(self.tags) || self.tags.all(k, size(k) >= 1 && size(k) <= 128)",
            "a tag's key has 1 to 128 characters; shorten it",
        ),
    )

    prefix: Annotated[Prefix | None, Field(description="Keys that begin with this.")] = None
    tags: Annotated[
        dict[str, Annotated[str, Field(max_length=256)]] | None,
        Field(min_length=1, max_length=10, description="Objects that have all these tags."),
    ] = None
    min_size: Annotated[Quantity | None, Field(description="Objects larger than this, such as 128Ki.")] = None
    max_size: Annotated[Quantity | None, Field(description="Objects smaller than this.")] = None

    def canonical(self) -> Self:
        """Sizes in one form."""
        sizes = {n: getattr(self, n) for n in ("min_size", "max_size")}
        return self.model_copy(update={n: quantity(byte_count(s)) for n, s in sizes.items() if s})


class Transition(Model):
    """When a current version moves to a colder tier."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(_ONE_OF, "say when an object moves: give exactly one of days and date"),
    )

    tier: Annotated[
        ColderTier,
        InTier(),
        Field(description="Where to; the StorageBackend's spec.tiers says which class of the store that is."),
    ]
    days: Annotated[
        MovingDays | None,
        Field(description="Days after an object's creation; 0: at once, into a class that takes it then."),
    ] = None
    date: Annotated[Date | None, Field(description="From this day on, such as 2027-03-01.")] = None


class NoncurrentTransition(Model):
    """When an old version moves to a colder tier."""

    tier: Annotated[ColderTier, InTier(), Field(description="Where to.")]
    days: Annotated[
        MovingDays,
        Field(
            description="Days after a version became noncurrent; 0: at once, into a class that takes it then."
        ),
    ]
    keep_newest: Annotated[
        int | None, Field(ge=1, le=100, description="Noncurrent versions to leave where they are.")
    ] = None


class Expire(Model):
    """When the current version is removed."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(_ONE_OF, "say when an object is removed: give exactly one of days and date"),
    )

    days: Annotated[Days | None, Field(description="Days after an object's creation.")] = None
    date: Annotated[Date | None, Field(description="From this day on, such as 2027-03-01.")] = None


class NoncurrentExpire(Model):
    """When an old version is removed."""

    days: Annotated[Days, Field(description="Days after a version became noncurrent.")]
    keep_newest: Annotated[
        int | None, Field(ge=1, le=100, description="Noncurrent versions to keep whatever their age.")
    ] = None


class Noncurrent(Model):
    """What happens to old versions; needs versioning."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.expire) || has(self.transitions)",
            "noncurrent says nothing; give transitions or expire, or remove it",
        ),
        Cel(
            "!has(self.expire) || !has(self.transitions) ||"
            " self.transitions.all(t, t.days < self.expire.days)",
            "an old version must move before it is removed; make noncurrent.expire.days the largest",
        ),
    )

    transitions: Annotated[
        tuple[NoncurrentTransition, ...] | None,
        ListMap("tier"),
        _COLDER,
        _LATER_OLD,
        Field(
            min_length=1, max_length=3, description="Move old versions to colder tiers, one after the other."
        ),
    ] = None
    expire: Annotated[NoncurrentExpire | None, Field(description="When an old version is removed.")] = None

    def canonical(self) -> Self:
        """Transitions in the order of their tiers."""
        return self.model_copy(update={"transitions": _ordered(self.transitions)})


class Abort(Model):
    """When an unfinished upload is dropped."""

    days: Annotated[Days, Field(description="Days after the upload was begun.")]


RuleName = Annotated[
    str,
    Field(
        pattern=r"^(foreign/.*|([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[a-z0-9]([a-z0-9-]*[a-z0-9])?)$",
        max_length=512,
    ),
    Form("a rule's name has lower-case letters, digits and hyphens, such as old-versions"),
    Cel("!self.contains('/')", "a rule's name has no slash; remove it and what is before it"),
    Cel("size(self) <= 128", "a store keeps 255 characters of a rule's id; use at most 128 for its name"),
]


class LifecycleRule(Model):
    """One rule, known by its name. It must do something."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.expire) || has(self.noncurrent) || has(self.abortIncompleteMultipartUpload) ||"
            " has(self.removeExpiredDeleteMarkers) || has(self.transitions)",
            "the rule does nothing; give transitions, expire, noncurrent, abortIncompleteMultipartUpload or"
            " removeExpiredDeleteMarkers",
        ),
        Cel(
            "!(has(self.expire) && has(self.removeExpiredDeleteMarkers))",
            "S3 cannot hold expire and removeExpiredDeleteMarkers in one rule; write two rules",
        ),
        Cel(
            "!has(self.match) || !(has(self.match.tags) || has(self.match.minSize) || has(self.match.maxSize))"
            " || !(has(self.abortIncompleteMultipartUpload) || has(self.removeExpiredDeleteMarkers))",
            "uploads and delete markers have neither tags nor sizes; match them by prefix only, in a rule of"
            " their own",
        ),
        Cel(
            "!has(self.transitions) || self.transitions.all(t, has(t.days) == has(self.transitions[0].days) &&"
            " (!has(self.expire) || has(t.days) == has(self.expire.days)))",
            "S3 cannot hold days and dates in one rule; write two rules",
        ),
        Cel(
            "!has(self.expire) || !has(self.transitions) || self.transitions.all(t,"
            " !(has(t.days) && has(self.expire.days) && t.days >= self.expire.days) &&"
            " !(has(t.date) && has(self.expire.date) && t.date >= self.expire.date))",
            "an object must move before it is removed; make expire the last",
        ),
    )

    name: Annotated[
        RuleName,
        Field(description="The rule's name; in the store it is the id imagestore/<bucket or policy>/<name>."),
    ]
    state: Annotated[
        Literal["Enabled", "Disabled"] | None, Field(description="A disabled rule is kept and does nothing.")
    ] = None
    match: Annotated[Match | None, Field(description="Which objects; absent: every object.")] = None
    transitions: Annotated[
        tuple[Transition, ...] | None,
        ListMap("tier"),
        _COLDER,
        _LATER,
        Field(
            min_length=1,
            max_length=3,
            description="Move current versions to colder tiers, one after the other.",
        ),
    ] = None
    expire: Annotated[Expire | None, Field(description="Remove current versions.")] = None
    noncurrent: Annotated[Noncurrent | None, Field(description="Move and remove old versions.")] = None
    abort_incomplete_multipart_upload: Annotated[
        Abort | None, Field(description="Drop unfinished uploads.")
    ] = None
    remove_expired_delete_markers: Annotated[
        Literal[True] | None, Field(description="Remove delete markers that hide nothing any more.")
    ] = None
    raw: Raw = None

    def canonical(self) -> Self:
        """Absent and empty filters mean the same; the state is said; tiers have one order."""
        return self.model_copy(
            update={
                "match": self.match.canonical() if self.match and self.match.to_json() else None,
                "state": self.state or "Enabled",
                "transitions": _ordered(self.transitions),
                "noncurrent": self.noncurrent.canonical() if self.noncurrent else None,
            }
        )


T = TypeVar("T", Transition, NoncurrentTransition)


def _ordered(transitions: tuple[T, ...] | None) -> tuple[T, ...] | None:
    return tuple(sorted(transitions, key=lambda t: COLDER.index(t.tier))) if transitions else None
