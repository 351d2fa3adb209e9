"""ReplicationPolicy: keeps the objects of one bucket in another one."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from imagestore.api.failover import FailoverSpec
from imagestore.api.limits import MOVES_SOMETHING
from imagestore.api.pods import RunPods
from imagestore.api.replicationsignals import (
    CANARY_RULES,
    ReplicationCanary,
    ReplicationNotifications,
    ReplicationSchedule,
)
from imagestore.core.model import (
    Cel,
    Duration,
    ListSet,
    Model,
    Name,
    Prefix,
    Quantity,
)
from imagestore.facets.lifecycle_rule import ColderTier

DEFAULT_INTERVAL = "5m"
DEFAULT_DELETE_PERCENT = 5
DEFAULT_DELETES = 1000


class ReplicatedBucket(Model):
    """Names an ImageBucket in the policy's namespace."""

    name: Annotated[Name, Field(description="Name of the ImageBucket.")]


class ReplicationSource(Model):
    """Where the objects come from."""

    bucket_ref: Annotated[ReplicatedBucket, Field(description="ImageBucket whose objects are replicated.")]


class ReplicationDestination(Model):
    """Where the objects go."""

    bucket_ref: Annotated[
        ReplicatedBucket,
        Field(description="ImageBucket that receives the objects. The operator must own it."),
    ]
    prefix: Annotated[
        Prefix | None,
        Field(
            description="Text before each key at the destination: originals/a.jpg becomes"
            " <prefix>originals/a.jpg. Defaults to none."
        ),
    ] = None
    tier: Annotated[
        ColderTier | None,
        Field(
            description="Tier of the copies. spec.tiers of the StorageBackend maps it to a storage class. Defaults to"
            " the store's default class."
        ),
    ] = None


class ReplicationFilter(Model):
    """Which objects are replicated. What the filter excludes is neither copied nor deleted."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.prefixes) || has(self.tags)",
            "the filter selects nothing in particular; give prefixes or tags, or remove filter",
        ),
        Cel(
            "!has(self.tags) || self.tags.all(k, size(k) >= 1 && size(k) <= 128)",
            "a tag's key has 1 to 128 characters; shorten it",
        ),
    )

    prefixes: Annotated[
        tuple[Prefix, ...] | None,
        ListSet(),
        Cel(
            "self.all(p, self.all(q, p == q || !p.startsWith(q)))",
            "one of the prefixes begins with another one, which selects its objects already; remove the longer one",
        ),
        Field(
            min_length=1,
            max_length=32,
            description="Beginnings of keys. An object is replicated if its key has one of them.",
        ),
    ] = None
    tags: Annotated[
        dict[str, Annotated[str, Field(max_length=256)]] | None,
        Field(
            min_length=1,
            max_length=10,
            description="Tags that an object must have. All of them must match. Costs a call for each changed object.",
        ),
    ] = None


class ReplicationObjectives(Model):
    """What the replication promises."""

    rpo: Annotated[
        Duration,
        Field(
            description="Recovery point objective: the age that a change of the source may reach before it is"
            " at the destination. WithinObjective is False when it may be older. Must be longer than"
            " schedule.interval and one run together."
        ),
    ]


class ReplicationVerify(Model):
    """Reading the bytes of a random sample in both buckets."""

    sample: Annotated[
        int,
        Field(
            ge=1,
            le=100_000,
            description="Number of objects. If none of n differs, at most 3/n of all objects differ, with a confidence of 95 %.",
        ),
    ]
    every: Annotated[Duration, Field(description="Time between two samples.")]


class ReplicationLimits(Model):
    """Limits of the copying, besides those of the StorageBackends."""

    bytes_per_second: Annotated[
        Quantity | None,
        MOVES_SOMETHING,
        Field(description="Bytes read from the source in a second, such as 200Mi."),
    ] = None
    requests_per_second: Annotated[
        int | None, Field(ge=1, le=100_000, description="Requests to both stores in a second.")
    ] = None
    concurrency: Annotated[
        int | None,
        Field(
            ge=1,
            le=64,
            description="Objects that are copied at once, in each pod where the run is a Job. Defaults to 8.",
        ),
    ] = None
    shards: Annotated[
        int | None,
        Field(
            ge=1,
            le=64,
            description="Number of pods of each run: the operator makes a Job that copies so many ranges of keys at once."
            " They share bytesPerSecond and requestsPerSecond. 1: the operator copies by itself. Absent: as many as the"
            " backlog is worth, one for each 100 000 objects or 100Gi, up to 16. Without a cluster, without the chart's"
            " jobs.enabled, or between stores that list keys in different orders, the operator copies by itself.",
        ),
    ] = None


class ReplicationGuard(Model):
    """How many deletes a run may make without approval. Above either number, all deletes of the run are held."""

    max_delete_percent: Annotated[
        int | None,
        Field(ge=0, le=100, description="Share of the replicated objects, in percent. Defaults to 5."),
    ] = None
    max_deletes: Annotated[
        int | None, Field(ge=0, le=1_000_000_000, description="Number of objects. Defaults to 1000.")
    ] = None


class ReplicationPolicySpec(Model):
    """One bucket's objects, kept in another bucket."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "self.source.bucketRef.name != self.destination.bucketRef.name",
            "source and destination are the same bucket; name another ImageBucket in destination.bucketRef",
        ),
        Cel(
            "!has(self.guard) || (has(self.deletes) && self.deletes != 'Ignore')",
            "guard limits deletes, and deletes is Ignore; remove guard, or write deletes: Markers or Mirror",
        ),
        Cel(
            "!has(self.failover) || !has(self.direction) || self.direction != 'TwoWay'",
            "with direction TwoWay both buckets are written to; remove failover, or write direction: OneWay",
        ),
        Cel(
            "!has(self.direction) || self.direction != 'TwoWay' || !has(self.destination.tier)",
            "with direction TwoWay neither bucket has only copies; remove destination.tier",
        ),
        Cel(
            "!has(self.direction) || self.direction != 'TwoWay' || !has(self.existingObjects)",
            "with direction TwoWay all objects are replicated; remove existingObjects",
        ),
        *CANARY_RULES,
    )

    source: Annotated[ReplicationSource, Field(description="Where the objects come from.")]
    destination: Annotated[ReplicationDestination, Field(description="Where the objects go.")]
    method: Annotated[
        Literal["Auto", "Native", "Copy"] | None,
        Field(
            description="How objects get to the destination. Native: the source's store replicates by itself; the operator"
            " writes its rules and compares both buckets at the interval. Copy: the operator compares and copies. Auto:"
            " Native where both stores can and the policy asks for nothing that only copying has; status says why."
            " Defaults to Auto."
        ),
    ] = None
    direction: Annotated[
        Literal["OneWay", "TwoWay"] | None,
        Field(
            description="OneWay: the destination follows the source. TwoWay: each follows the other. If both have changed"
            " an object, the newer one is copied over the older one, which stays as a version or under another key."
            " Defaults to OneWay."
        ),
    ] = None
    filter: Annotated[
        ReplicationFilter | None, Field(description="Which objects are replicated. Absent: all of them.")
    ] = None
    deletes: Annotated[
        Literal["Ignore", "Markers", "Mirror"] | None,
        Field(
            description="What follows when an object is deleted at the source. Ignore keeps the copy. Markers hides"
            " it behind a delete marker, and needs a versioned destination. Mirror deletes it; on a versioned"
            " destination that is a delete marker. Only copies that the operator wrote and that are unchanged are"
            " deleted. Defaults to Ignore."
        ),
    ] = None
    existing_objects: Annotated[
        bool | None,
        Field(
            description="false: objects that are older than the policy are not copied unless they change. One that was uploaded in"
            " parts may be up to a day older: some stores date it by the beginning of its upload. Defaults to true."
        ),
    ] = None
    schedule: Annotated[
        ReplicationSchedule | None,
        Field(description="When the operator compares and copies. Defaults to an interval of 5m."),
    ] = None
    notifications: Annotated[
        ReplicationNotifications | None,
        Field(
            description="Reacting to what the store tells of changed objects. Absent: runs begin at the interval."
        ),
    ] = None
    canary: Annotated[
        ReplicationCanary | None,
        Field(description="Small objects that measure replication by the store. Absent: none are sent."),
    ] = None
    objectives: Annotated[
        ReplicationObjectives | None,
        Field(description="What the replication promises. Absent: WithinObjective is not reported."),
    ] = None
    failover: Annotated[
        FailoverSpec | None,
        Field(
            description="Which of the two buckets is written to. Absent: the source, and nothing is fenced."
        ),
    ] = None
    verify: Annotated[
        ReplicationVerify | None,
        Field(description="Reading the bytes of a random sample in both buckets, after a run. Absent: none."),
    ] = None
    limits: Annotated[
        ReplicationLimits | None,
        Field(description="Limits of the copying, besides those of the StorageBackends."),
    ] = None
    pod: Annotated[
        RunPods | None,
        Field(description="Pods of runs that are Jobs, see limits.shards. Absent: as the chart has them."),
    ] = None
    guard: Annotated[
        ReplicationGuard | None,
        Field(description="How many deletes a run may make without approval. Needs deletes."),
    ] = None
    approve: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=64)], ...],
        ListSet(),
        Field(
            max_length=64,
            description="Tokens of held deletes and copies that are approved, as status shows them. Each is good for the one"
            " run that it is for.",
        ),
    ] = ()
    suspend: Annotated[
        bool | None,
        Field(
            description="true: the operator copies and deletes nothing for this policy. Defaults to false."
        ),
    ] = None

    @property
    def interval(self) -> str:
        """Time between the beginnings of two runs."""
        return self.schedule.interval if self.schedule else DEFAULT_INTERVAL
