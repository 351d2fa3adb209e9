"""LifecyclePolicy and ReplicationPolicy as kinds."""

from imagestore.api.kind import AGE_COLUMN, REASON_COLUMN, Column, Kind, condition_column
from imagestore.api.lifecyclepolicy import LifecyclePolicySpec, LifecyclePolicyStatus
from imagestore.api.replicationpolicy import ReplicationPolicySpec
from imagestore.api.replicationstatus import ReplicationPolicyStatus
from imagestore.core.model import Cel

LIFECYCLE_POLICY = Kind(
    name="LifecyclePolicy",
    plural="lifecyclepolicies",
    scope="Namespaced",
    short="lcp",
    description="Lifecycle rules that are declared once and applied to every bucket that the policy matches.",
    spec=LifecyclePolicySpec,
    status=LifecyclePolicyStatus,
    columns=(
        Column("Ready", condition_column("Ready"), "Whether every rule is applied on every matched bucket."),
        Column("Matched", ".status.counts.matched", "Number of buckets that the policy matches.", "integer"),
        Column(
            "Applied",
            ".status.counts.applied",
            "Number of buckets on which every rule is applied.",
            "integer",
        ),
        Column(
            "Priority", ".spec.priority", "Precedence where two policies contradict each other.", "integer", 1
        ),
        Column(
            "Drift",
            condition_column("DriftDetected"),
            "True while a rule of the policy has drifted on a bucket.",
            priority=1,
        ),
        REASON_COLUMN,
        AGE_COLUMN,
    ),
    cel=lambda: (
        Cel(
            "size(self.metadata.name) <= 63",
            "the name is part of each rule's id in the store, which has little room; use at most 63 characters",
        ),
        Cel(
            "!(self.metadata.name in ['bucket', 'foreign'])",
            "bucket and foreign are reserved for the ids of a bucket's own and of foreign"
            " rules; choose another name",
        ),
    ),
)

REPLICATION_POLICY = Kind(
    name="ReplicationPolicy",
    plural="replicationpolicies",
    scope="Namespaced",
    short="rpol",
    description="Keeps the objects of one bucket in another one.",
    spec=ReplicationPolicySpec,
    status=ReplicationPolicyStatus,
    columns=(
        Column("Ready", condition_column("Ready"), "Whether every object had an equal copy in the last run."),
        Column("Method", ".status.method", "How objects get to the destination."),
        Column("Role", ".status.failover.role", "Which side is written to. Empty without spec.failover."),
        Column(
            "WithinObjective",
            condition_column("WithinObjective"),
            "Whether every change of the source older than spec.objectives.rpo is at the destination.",
        ),
        Column(
            "Backlog",
            ".status.backlog.objects",
            "Objects that the last complete run left without an equal copy.",
            "integer",
        ),
        Column("Source", ".spec.source.bucketRef.name", "ImageBucket that is replicated.", priority=1),
        Column("Destination", ".spec.destination.bucketRef.name", "ImageBucket with the copy.", priority=1),
        REASON_COLUMN,
        AGE_COLUMN,
    ),
    cel=lambda: (
        Cel(
            "size(self.metadata.name) <= 63",
            "the name is part of rules and statements in the stores, which have little room; use at most 63 characters",
        ),
    ),
)
