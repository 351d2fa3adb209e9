"""Replication: which objects the store itself copies to another bucket, and how."""

import zlib
from collections.abc import Set
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from imagestore.core.facet import WHOLE, Facet, Parts, Removal
from imagestore.core.model import (
    Cel,
    ListMap,
    Model,
    ObservedDocument,
    Quantity,
    Reference,
    Resolved,
    SpecOnly,
)
from imagestore.core.references import BucketRef
from imagestore.core.units import byte_count, quantity
from imagestore.facets.configurations import ObjectFilter
from imagestore.facets.lifecycle_rule import FOREIGN, ColderTier, RuleName, declared_name

_DERIVED = 1_000_000  # priorities above are those of rules that name none


class ReplicaRef(BucketRef):
    """Another ImageBucket of the same namespace. It may be on another backend."""

    cel: ClassVar[tuple[Cel, ...]] = BucketRef.cel

    access: Annotated[
        Literal["Current", "Stale"] | None,
        Resolved(),
        Field(
            description="Whether the store has the credentials, or the role, that it is to use for the destination."
        ),
    ] = None

    def led_to(self, bucket: str, store: str | None = None) -> Self:
        """Return the reference to a bucket in a store, whose credentials are to be those of now."""
        return type(self)(bucket=bucket, store=store, access="Current")


class ReplicaDestination(Model):
    """Where the copies go, and how they get there."""

    bucket_ref: Annotated[
        ReplicaRef,
        Reference("a bucket is no copy of itself", elsewhere=True),
        Field(
            description="ImageBucket that receives the copies, in the same namespace. It may be on another"
            " backend. Its versioning must be Enabled."
        ),
    ]
    tier: Annotated[
        ColderTier | None,
        Field(
            description="Storage class of the copies, by its tier on this bucket's backend. Absent: that of the"
            " object. Only on AWS."
        ),
    ] = None
    synchronous: Annotated[
        bool | None,
        Field(
            description="Whether an upload is answered only after it was copied. A destination that does not answer"
            " does not make the upload fail. Only on MinIO. Defaults to false."
        ),
    ] = None
    bandwidth: Annotated[
        Quantity | None,
        Cel(
            "!quantity(self).isLessThan(quantity('100M'))",
            "MinIO takes no limit below 100M bytes per second; give at least 100M, or remove bandwidth",
        ),
        Field(description="Most bytes per second to this destination. Only on MinIO. Absent: no limit."),
    ] = None

    def canonical(self) -> Self:
        """Return the destination without a switch that is off, and with a limit in one form."""
        limit = quantity(byte_count(self.bandwidth)) if self.bandwidth else None
        return self.model_copy(update={"synchronous": self.synchronous or None, "bandwidth": limit})


class ReplicationRule(Model):
    """Objects that are copied to one destination."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "!has(self.filter) || !has(self.filter.tags) || !has(self.deleteMarkers) || !self.deleteMarkers",
            "stores copy no delete markers for a rule that selects by tags; remove filter.tags, or set"
            " deleteMarkers: false",
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
    priority: Annotated[
        int | None,
        Field(
            ge=1,
            le=_DERIVED,
            description="Of two rules that select an object for one destination, the one with the higher priority"
            " applies. No two rules have the same. Absent: a number above all that can be given.",
        ),
    ] = None
    filter: Annotated[ObjectFilter | None, Field(description="Selects objects. Absent: all objects.")] = None
    destination: Annotated[ReplicaDestination, Field(description="Where the copies go.")]
    delete_markers: Annotated[
        bool | None,
        Field(
            description="Whether an object that is deleted without naming a version is deleted in the same way at the"
            " destination. Defaults to false."
        ),
    ] = None
    permanent_deletes: Annotated[
        bool | None,
        Field(
            description="Whether a version that is deleted for good is deleted for good at the destination as well."
            " Only on MinIO. Defaults to false."
        ),
    ] = None
    existing_objects: Annotated[
        bool | None,
        Field(
            description="Whether objects are copied that were there before the rule. Only on MinIO. Defaults to false."
        ),
    ] = None
    replica_modifications: Annotated[
        bool | None,
        Field(
            description="Whether changes of metadata are copied that were made to objects which are copies"
            " themselves, as two buckets need that replicate to each other. Defaults to false."
        ),
    ] = None
    replication_time_control: Annotated[
        bool | None,
        Field(
            description="Replication Time Control: the store undertakes to copy most objects within 15 minutes,"
            " measures that, and charges for it. Only on AWS. Defaults to false."
        ),
    ] = None
    raw: ObservedDocument = None

    def canonical(self) -> Self:
        """Return the rule with its priority and state, and without switches that are off."""
        switches = {name: getattr(self, name) or None for name in _SWITCHES}
        update = {
            **switches,
            "state": self.state or "Enabled",
            "priority": self.priority or derived_priority(self.name),
            "filter": self.filter if self.filter and self.filter.to_json() else None,
            "destination": self.destination.canonical(),
        }
        return self.model_copy(update=update)


_SWITCHES = (
    "delete_markers",
    "permanent_deletes",
    "existing_objects",
    "replica_modifications",
    "replication_time_control",
)


def derived_priority(name: str) -> int:
    """Return the priority of a rule that names none: the same at all times, since stores refuse two rules with one."""
    return _DERIVED + 1 + zlib.crc32(name.encode()) % 1_000_000_000


_SAME = (
    "has(a.destination.bucketRef.name) && has(b.destination.bucketRef.name) &&"
    " a.destination.bucketRef.name == b.destination.bucketRef.name"
)


def _each_pair(condition: str, message: str) -> Cel:
    """What must hold for any two rules ``a`` and ``b``."""
    return Cel(f"self.rules.all(a, self.rules.all(b, {condition}))", message)


class Replication(Facet):
    """Replication rules, which the store carries out itself. Rules that are not listed here are left unchanged.

    In code, a rule of a ReplicationPolicy has the name ``<policy>/<rule>``, a foreign one ``foreign/<id>``.
    """

    removal: ClassVar[Removal] = Removal.CLEAR
    after: ClassVar[tuple[str, ...]] = ("versioning",)
    cel: ClassVar[tuple[Cel, ...]] = (
        _each_pair(
            f"!({_SAME}) || (has(a.destination.synchronous) && a.destination.synchronous) =="
            " (has(b.destination.synchronous) && b.destination.synchronous)",
            "rules with one destination share its synchronous; give them the same",
        ),
        _each_pair(
            f"!({_SAME}) || (has(a.destination.bandwidth) ? a.destination.bandwidth : '') =="
            " (has(b.destination.bandwidth) ? b.destination.bandwidth : '')",
            "rules with one destination share its bandwidth; give them the same",
        ),
        _each_pair(
            "!has(a.priority) || !has(b.priority) || a.priority != b.priority || a.name == b.name",
            "two rules have the same priority; give each its own",
        ),
    )

    rules: Annotated[
        tuple[ReplicationRule, ...],
        ListMap("name"),
        Field(
            max_length=32,
            description="Rules, identified by name. S3 takes 1000; the API server can only validate 32 in one object.",
        ),
    ] = ()
    exclusive: Annotated[
        bool | None,
        SpecOnly(),
        Field(
            description="Delete rules that are not listed here, including those of other programs. Defaults to false."
        ),
    ] = None

    def canonical(self) -> Self:
        ordered = sorted((r.canonical() for r in self.rules), key=lambda r: r.name)
        return self.model_copy(update={"rules": tuple(ordered)})

    def is_empty(self) -> bool:
        return not self.rules

    def parts(self) -> Parts | None:
        return frozenset(r.name for r in self.rules)

    def owned(self) -> Parts:
        """Return the names of observed rules whose id is the operator's, even if the rule was altered since."""
        return frozenset(r.name for r in self.rules if not declared_name(r.name).startswith(FOREIGN))

    def claims(self, observed: Self | None) -> Parts:
        mine = self.parts() or WHOLE
        if observed is None:
            return mine
        return mine | ((observed.parts() or WHOLE) if self.exclusive else observed.owned())

    def restrict(self, parts: Set[str]) -> Self:
        return self.model_copy(update={"rules": tuple(r for r in self.rules if r.name in parts)})

    def merge(self, observed: Self | None, parts: Set[str]) -> Self:
        others = [r for r in (observed.rules if observed else ()) if r.name not in parts]
        return self.model_copy(update={"rules": (*others, *self.rules)})
