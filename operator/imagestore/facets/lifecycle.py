"""Lifecycle: what is removed by the store itself, and when. Integer days, as S3 counts them."""

from collections.abc import Iterable, Set
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from imagestore.core.facet import WHOLE, Facet, Parts, Removal
from imagestore.core.model import Cel, Form, ListMap, Model, Quantity, Raw, WishOnly
from imagestore.core.units import byte_count, quantity

FOREIGN = (
    "foreign/"  # prefix of the name of an observed rule that nobody here declared; users cannot write it
)

Days = Annotated[int, Field(ge=1, le=36500)]


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

    prefix: Annotated[
        str | None, Field(min_length=1, max_length=1024, description="Keys that begin with this.")
    ] = None
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


class Expire(Model):
    """When the current version is removed."""

    days: Annotated[Days, Field(description="Days after an object's creation.")]


class NoncurrentExpire(Model):
    """When an old version is removed."""

    days: Annotated[Days, Field(description="Days after a version became noncurrent.")]
    keep_newest: Annotated[
        int | None, Field(ge=1, le=100, description="Noncurrent versions to keep whatever their age.")
    ] = None


class Noncurrent(Model):
    """What happens to old versions; needs versioning."""

    expire: Annotated[NoncurrentExpire, Field(description="When an old version is removed.")]


class Abort(Model):
    """When an unfinished upload is dropped."""

    days: Annotated[Days, Field(description="Days after the upload was begun.")]


class LifecycleRule(Model):
    """One rule, known by its name. It must do something."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.expire) || has(self.noncurrent) || has(self.abortIncompleteMultipartUpload) ||"
            " has(self.removeExpiredDeleteMarkers)",
            "the rule does nothing; give expire, noncurrent, abortIncompleteMultipartUpload or"
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
    )

    name: Annotated[
        str,
        Field(
            pattern=r"^(foreign/.*|[a-z0-9]([a-z0-9-]*[a-z0-9])?)$",
            max_length=512,
            description="The rule's name; in the store it is the id imagestore/bucket/<name>.",
        ),
        Form("a rule's name has lower-case letters, digits and hyphens, such as old-versions"),
        Cel("!self.startsWith('foreign/')", "a rule's name has no slash; remove foreign/ from it"),
    ]
    state: Annotated[
        Literal["Enabled", "Disabled"] | None, Field(description="A disabled rule is kept and does nothing.")
    ] = None
    match: Annotated[Match | None, Field(description="Which objects; absent: every object.")] = None
    expire: Annotated[Expire | None, Field(description="Remove current versions.")] = None
    noncurrent: Annotated[Noncurrent | None, Field(description="Remove old versions.")] = None
    abort_incomplete_multipart_upload: Annotated[
        Abort | None, Field(description="Drop unfinished uploads.")
    ] = None
    remove_expired_delete_markers: Annotated[
        Literal[True] | None, Field(description="Remove delete markers that hide nothing any more.")
    ] = None
    raw: Raw = None

    def canonical(self) -> Self:
        """Absent and empty filters mean the same; the state is said."""
        match = self.match.canonical() if self.match and self.match.to_json() else None
        return self.model_copy(update={"match": match, "state": self.state or "Enabled"})


class Lifecycle(Facet):
    """Rules that the store itself carries out. Rules that are not listed here are left alone."""

    removal: ClassVar[Removal] = Removal.CLEAR
    after: ClassVar[tuple[str, ...]] = ("versioning",)

    rules: Annotated[
        tuple[LifecycleRule, ...],
        ListMap("name"),
        Field(max_length=100, description="Each known by its name."),
    ] = ()
    exclusive: Annotated[
        bool | None,
        WishOnly(),
        Field(description="Remove rules that are not listed here, whoever wrote them."),
    ] = None

    def canonical(self) -> Self:
        ordered = sorted((r.canonical() for r in self.rules), key=lambda r: r.name)
        return self.model_copy(update={"rules": tuple(ordered)})

    def is_empty(self) -> bool:
        return not self.rules

    def risk(self, before: Self | None) -> str | None:
        was = {r.name: r for r in (before.rules if before else ())}
        sooner = [r.name for r in self.rules if r.name in was and removes_more(was[r.name], r)]
        return f"{', '.join(sooner)} would remove objects that the rule in force keeps" if sooner else None

    def parts(self) -> Parts | None:
        return frozenset(r.name for r in self.rules)

    def claims(self, observed: Self | None) -> Parts:
        everything = observed.parts() if observed is not None and self.exclusive else None
        return (self.parts() or WHOLE) | (everything or WHOLE)

    def restrict(self, parts: Set[str]) -> Self:
        return self._with(r for r in self.rules if r.name in parts)

    def merge(self, observed: Self | None, parts: Set[str]) -> Self:
        foreign = [r for r in (observed.rules if observed else ()) if r.name not in parts]
        return self._with([*foreign, *self.rules])

    def _with(self, rules: Iterable[LifecycleRule]) -> Self:
        return self.model_copy(update={"rules": tuple(rules)})


def removes_more(before: LifecycleRule, after: LifecycleRule) -> bool:
    """Whether the new rule removes sooner, or other objects, than the one of the same name in force."""
    if after.state == "Disabled" or not (after.expire or after.noncurrent):
        return False
    if before.state == "Disabled" or before.match != after.match:
        return True
    return _sooner(_expiry(before), _expiry(after)) or _sooner(_noncurrent(before), _noncurrent(after))


def _sooner(before: tuple[float, int], after: tuple[float, int]) -> bool:
    return after[0] < before[0] or after[1] < before[1]


def _expiry(rule: LifecycleRule) -> tuple[float, int]:
    return (rule.expire.days, 0) if rule.expire else (float("inf"), 0)


def _noncurrent(rule: LifecycleRule) -> tuple[float, int]:
    if rule.noncurrent is None:
        return (float("inf"), 0)
    return (rule.noncurrent.expire.days, rule.noncurrent.expire.keep_newest or 0)
