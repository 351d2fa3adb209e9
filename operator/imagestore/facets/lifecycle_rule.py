"""One lifecycle rule, of a bucket or of a LifecyclePolicy.

Ages are integer days, as S3 counts them. Tiers are neutral; a StorageBackend maps them to the store's classes.
"""

import re
from typing import Annotated, ClassVar, Literal, Self, TypeVar

from pydantic import Field

from imagestore.core.model import Cel, Form, InTier, ListMap, Model, ObservedDocument, Prefix, Quantity
from imagestore.core.units import byte_count, quantity

FOREIGN = "foreign/"  # prefix of the name of an observed foreign rule; users cannot write it

_ALTERED = re.compile(re.escape(FOREIGN) + r"imagestore/([a-z0-9.-]+)/([a-z0-9-]+)(#[0-9a-f]{12})?")


def declared_name(name: str) -> str:
    """Return the name under which the operator wrote an observed rule that was altered since, beyond what a model can express.

    Such a rule has the operator's id and an observed name in ``foreign/``. Before this was handled, such a rule stayed in
    the store when it was removed from the spec, and went on deleting objects. Other names are returned unchanged.
    """
    found = _ALTERED.fullmatch(name)
    if found is None:
        return name
    return found[2] if found[1] == "bucket" else f"{found[1]}/{found[2]}"


Tier = Literal["Hot", "Cool", "Cold", "Archive"]  # an object begins in Hot, the bucket's own class
ColderTier = Literal["Cool", "Cold", "Archive"]
COLDER: tuple[ColderTier, ...] = ("Cool", "Cold", "Archive")  # each colder than the one before

Days = Annotated[int, Field(ge=1, le=36500)]
# Moves may happen at once; deletions need at least a day, as in S3.
MovingDays = Annotated[int, Field(ge=0, le=36500)]
DATE = r"^20[0-9][0-9]-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
Date = Annotated[
    str,
    Field(pattern=DATE, max_length=10),
    Form("write a date as year-month-day, such as 2027-03-01; it begins at midnight UTC"),
    Cel(
        "!self.matches(r'-(02-30|02-31|04-31|06-31|09-31|11-31)$') &&"
        " (!self.endsWith('-02-29') || int(self.substring(0, 4)) % 4 == 0)",
        "the month has no such day; correct the date",
    ),
]
_ONE_OF = "has(self.days) != has(self.date)"
# Constant indexes: ranges and macros over the list cost a hundred times as much in the API server.
_PAIRS = ((0, 1), (1, 2))


def _each_pair(condition: str) -> str:
    """Return a CEL rule that holds for every two neighbours in a list of at most three."""
    pairs = (condition.format(a=f"self[{a}]", b=f"self[{b}]") for a, b in _PAIRS)
    return " && ".join(f"(size(self) < {b + 1} || {c})" for (_, b), c in zip(_PAIRS, pairs, strict=True))


_COLDER = Cel(
    _each_pair(
        "({a}.tier == 'Cool' || ({a}.tier == 'Cold' && {b}.tier == 'Archive')) && {a}.tier != {b}.tier"
    ),
    "objects only move to colder tiers; list transitions in the order Cool, Cold, Archive",
)
_LATER = Cel(
    _each_pair(
        "!(has({a}.days) && has({b}.days) && {a}.days >= {b}.days)"
        " && !(has({a}.date) && has({b}.date) && {a}.date >= {b}.date)"
    ),
    "objects move to a colder tier later; make the days, or dates, of transitions increase",
)
_LATER_OLD = Cel(
    _each_pair("{a}.days < {b}.days"),
    "objects move to a colder tier later; make the days of transitions increase",
)


class Match(Model):
    """Selects objects. All given conditions must hold. Absent: all objects."""

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
        Field(min_length=1, max_length=10, description="Objects that have all of these tags."),
    ] = None
    min_size: Annotated[Quantity | None, Field(description="Larger than this, such as 128Ki.")] = None
    max_size: Annotated[Quantity | None, Field(description="Smaller than this.")] = None

    def canonical(self) -> Self:
        """Return the filter with sizes in canonical form."""
        sizes = {n: getattr(self, n) for n in ("min_size", "max_size")}
        return self.having(**{n: quantity(byte_count(s)) for n, s in sizes.items() if s})


class Transition(Model):
    """A move of current versions to a colder tier. Give exactly one of days and date."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(_ONE_OF, "a transition needs a time; give exactly one of days and date"),
    )

    tier: Annotated[
        ColderTier,
        InTier(),
        Field(description="Tier to move to. spec.tiers of the StorageBackend maps it to a storage class."),
    ]
    days: Annotated[
        MovingDays | None,
        Field(
            description="Days after an object's creation; 0 moves it at once, if the class takes new objects."
        ),
    ] = None
    date: Annotated[Date | None, Field(description="Day from which objects move, such as 2027-03-01.")] = None


class NoncurrentTransition(Model):
    """A move of noncurrent versions to a colder tier."""

    tier: Annotated[
        ColderTier,
        InTier(),
        Field(description="Tier to move to. spec.tiers of the StorageBackend maps it to a storage class."),
    ]
    days: Annotated[
        MovingDays,
        Field(description="Days after it became noncurrent; 0 moves it at once, if the class allows that."),
    ]
    keep_newest: Annotated[
        int | None, Field(ge=1, le=100, description="Newest noncurrent versions that do not move.")
    ] = None


class Expire(Model):
    """Deletion of current versions. Give exactly one of days and date."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(_ONE_OF, "an expiration needs a time; give exactly one of days and date"),
    )

    days: Annotated[Days | None, Field(description="Days after an object's creation.")] = None
    date: Annotated[
        Date | None, Field(description="Day from which they are deleted, such as 2027-03-01.")
    ] = None


class NoncurrentExpire(Model):
    """Deletion of noncurrent versions."""

    days: Annotated[Days, Field(description="Days after a version became noncurrent.")]
    keep_newest: Annotated[
        int | None, Field(ge=1, le=100, description="Newest noncurrent versions that are kept at any age.")
    ] = None


class Noncurrent(Model):
    """Moves and deletion of noncurrent versions. Needs versioning."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.expire) || has(self.transitions)",
            "noncurrent has no effect; give transitions or expire, or remove it",
        ),
        Cel(
            "!has(self.expire) || !has(self.transitions) ||"
            " self.transitions.all(t, t.days < self.expire.days)",
            "a noncurrent version must move before it is deleted; make noncurrent.expire.days the largest",
        ),
    )

    transitions: Annotated[
        tuple[NoncurrentTransition, ...] | None,
        ListMap("tier"),
        _COLDER,
        _LATER_OLD,
        Field(
            min_length=1, max_length=3, description="Moves to colder tiers in the order Cool, Cold, Archive."
        ),
    ] = None
    expire: Annotated[NoncurrentExpire | None, Field(description="Deletion of noncurrent versions.")] = None

    def canonical(self) -> Self:
        """Return the value with transitions in the order of their tiers."""
        return self.having(transitions=_ordered(self.transitions))


class Abort(Model):
    """Deletion of incomplete multipart uploads."""

    days: Annotated[Days, Field(description="Days after the upload was started.")]


RuleName = Annotated[
    str,
    Field(
        pattern=r"^(foreign/.*|([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[a-z0-9]([a-z0-9-]*[a-z0-9])?)$",
        max_length=512,
    ),
    Form("a rule's name has lower-case letters, digits and hyphens, such as old-versions"),
    Cel("!self.contains('/')", "a rule's name has no slash; remove the slash and what is before it"),
    Cel("size(self) <= 128", "a store keeps 255 characters of a rule's id; use at most 128 for its name"),
]


class LifecycleRule(Model):
    """One rule, identified by its name. It needs at least one action."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.expire) || has(self.noncurrent) || has(self.abortIncompleteMultipartUpload) ||"
            " has(self.removeExpiredDeleteMarkers) || has(self.transitions)",
            "the rule has no action; give transitions, expire, noncurrent,"
            " abortIncompleteMultipartUpload or removeExpiredDeleteMarkers",
        ),
        Cel(
            "!(has(self.expire) && has(self.removeExpiredDeleteMarkers))",
            "S3 cannot hold expire and removeExpiredDeleteMarkers in one rule; write two rules",
        ),
        Cel(
            "!has(self.match) || !(has(self.match.tags) || has(self.match.minSize) || has(self.match.maxSize))"
            " || !(has(self.abortIncompleteMultipartUpload) || has(self.removeExpiredDeleteMarkers))",
            "uploads and delete markers have neither tags nor sizes; match them by prefix"
            " only, in a rule of their own",
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
            "an object must move before it is deleted; make expire the last",
        ),
    )

    name: Annotated[
        RuleName,
        Field(description="Name of the rule. Its id in the store is imagestore/<bucket or policy>/<name>."),
    ]
    state: Annotated[
        Literal["Enabled", "Disabled"] | None,
        Field(description="Disabled keeps the rule in the store without effect. Defaults to Enabled."),
    ] = None
    match: Annotated[Match | None, Field(description="Selects objects. Absent: all objects.")] = None
    transitions: Annotated[
        tuple[Transition, ...] | None,
        ListMap("tier"),
        _COLDER,
        _LATER,
        Field(
            min_length=1,
            max_length=3,
            description="Moves of current versions to colder tiers, in the order Cool, Cold, Archive.",
        ),
    ] = None
    expire: Annotated[
        Expire | None,
        Field(description="Deletion of current versions. With versioning they become noncurrent."),
    ] = None
    noncurrent: Annotated[Noncurrent | None, Field(description="Moves and deletion of old versions.")] = None
    abort_incomplete_multipart_upload: Annotated[
        Abort | None, Field(description="Deletion of incomplete multipart uploads.")
    ] = None
    remove_expired_delete_markers: Annotated[
        Literal[True] | None, Field(description="Delete markers without noncurrent versions are deleted.")
    ] = None
    raw: ObservedDocument = None

    def canonical(self) -> Self:
        """Return the rule with empty filters removed, an explicit state and tiers in order."""
        return self.having(
            match=self.match.canonical() if self.match and self.match.to_json() else None,
            state=self.state or "Enabled",
            transitions=_ordered(self.transitions),
            noncurrent=self.noncurrent.canonical() if self.noncurrent else None,
        )


T = TypeVar("T", Transition, NoncurrentTransition)


def _ordered(transitions: tuple[T, ...] | None) -> tuple[T, ...] | None:
    return tuple(sorted(transitions, key=lambda t: COLDER.index(t.tier))) if transitions else None
