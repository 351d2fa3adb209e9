"""The statement that keeps others from writing to the side that is not written to. Pure."""

from hashlib import sha256

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.replicationstatus import FailoverStatus, ReplicationPolicyStatus
from imagestore.core.conditions import Condition, condition, find
from imagestore.core.reasons import Reason
from imagestore.facets.policy import FENCE_SID, BucketPolicy, Statement, StatementCondition
from imagestore.reconcile.replication.situation import ReplicationSituation
from imagestore.reconcile.shared.contribution import Contribution, Contributor
from imagestore.reconcile.shared.ends import EndView

FENCED, FENCE_SETTING = "Fenced", "policy"
_KIND = "ReplicationPolicy"
_HOPELESS = ("Failed", "Unsupported", "Held")  # until a person acts
OURS = "imagestore/*"  # how the operator's requests name themselves
_WRITES = (
    "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectTagging", "s3:DeleteObjectTagging",
)  # fmt: skip


def fence(policy: str, areas: tuple[str, ...]) -> BucketPolicy:
    """The statement that denies writes to others than the operator, below these beginnings of keys."""
    statement = Statement(
        sid=f"{FENCE_SID}{policy}",
        effect="Deny",
        principals=("*",),
        actions=_WRITES,
        resources=tuple(f"{area}*" for area in areas),
        conditions=(StatementCondition(operator="StringNotLike", key="aws:UserAgent", values=(OURS,)),),
    )
    return BucketPolicy(statements=(statement,))


def contributed_fence(policy: str, areas: tuple[str, ...], *, fenced: bool) -> Contribution:
    """What a policy contributes to a bucket: the fence, or its absence, which needs no approval."""
    value = fence(policy, areas) if fenced else BucketPolicy()
    digest = sha256(value.model_dump_json().encode()).hexdigest()[:16]
    return Contribution(FENCE_SETTING, value, Contributor(_KIND, policy), digest)


def has_fence(status: ImageBucketStatus) -> bool:
    """Whether the bucket is known to have a fence."""
    return any(
        part.startswith(FENCE_SID) for f in status.facets if f.name == FENCE_SETTING for part in f.parts
    )


def unknown_fence() -> Contribution:
    """What stands for the fences of policies that are not known: what is in force of them stays."""
    return Contribution(FENCE_SETTING, None, Contributor(_KIND, ""), "")


def is_closing(s: ReplicationSituation, known: FailoverStatus) -> bool:
    """Whether the side that is not written to still takes writes of others, and soon does not."""
    end = s.destination if known.role == "Primary" else s.source
    if known.fence is False or end is None or _never_closes(end):
        return False
    return not _has_part(s.meta.name, end)


def _never_closes(end: EndView) -> bool:
    facet = next((f for f in end.status.facets if f.name == FENCE_SETTING), None)
    left_alone = end.spec is not None and end.spec.suspend is True
    return _ignores_policies(end) or left_alone or (facet is not None and facet.state in _HOPELESS)


def _ignores_policies(end: EndView) -> bool:
    return end.store.spec is not None and end.store.spec.provider == "MinIO"


def _has_part(policy: str, end: EndView) -> bool:
    found = (f for f in end.status.facets if f.name == FENCE_SETTING and f.state == "InSync")
    return any(f"{FENCE_SID}{policy}" in f.parts for f in found)


def fenced(s: ReplicationSituation, status: ReplicationPolicyStatus) -> list[Condition]:
    """Whether the side that is not written to refuses writes, as its own status has read it back."""
    if status.failover is None or status.failover.fence is False:
        return []
    end = s.destination if status.failover.role == "Primary" else s.source
    return [] if end is None else [_fenced(s.meta.name, end)]


def _fenced(policy: str, end: EndView) -> Condition:
    facet = next((f for f in end.status.facets if f.name == FENCE_SETTING), None)
    if end.store.backend is not None and _ignores_policies(end):
        message = f"MinIO does not apply bucket policies to requests with credentials: stop the writers of {end.name} yourself"
        return condition(FENCED, Reason.NOT_ENFORCED, message, "False")
    if _has_part(policy, end):
        message = f"the ImageBucket {end.name} was read back with a statement that denies writes of others"
        return condition(FENCED, Reason.FENCED, message)
    ready = find(end.status.conditions, "Ready")
    why = (
        (facet.message if facet else None) or (ready.message if ready else "") or "it has not reported it yet"
    )
    return condition(
        FENCED, Reason.PENDING, f"the ImageBucket {end.name} does not deny writes yet: {why}", "False"
    )
