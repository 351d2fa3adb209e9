"""Which of the two buckets is written to, and when that changes. Pure.

While the roles change, and as long as the destination is promoted, runs go both ways: what either side received is brought over,
and the newer of two changes wins. Only when a run that began after the change has made both equal, and the source is written to
again, do runs go one way: a run in one direction would write an old object over a new one.
"""

from hashlib import sha256

from imagestore.api.failover import ReplicationRole
from imagestore.api.replicationstatus import FailoverStatus, ReplicationPolicyStatus
from imagestore.core.conditions import Condition, condition, find
from imagestore.core.reasons import Reason
from imagestore.facets.policy import FENCE_SID, BucketPolicy, Statement, StatementCondition
from imagestore.reconcile.replication.runs import RunsState
from imagestore.reconcile.replication.situation import EndView, ReplicationSituation, RoleChange
from imagestore.reconcile.shared.contribution import Contribution, Contributor

FENCED = "Fenced"
OURS = "imagestore/*"  # how the operator's requests name themselves
_WRITES = (
    "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectTagging", "s3:DeleteObjectTagging",
)  # fmt: skip


def wanted(s: ReplicationSituation) -> ReplicationRole:
    """The role that the spec asks for."""
    return s.spec.failover.role if s.spec.failover else "Primary"


def both_ways(s: ReplicationSituation) -> bool:
    """Whether runs go both ways."""
    known = s.status.failover
    moving = known is not None and (known.role == "Promoted" or not known.settled)
    return s.spec.direction == "TwoWay" or wanted(s) == "Promoted" or moving


def advanced(s: ReplicationSituation, state: RunsState) -> tuple[FailoverStatus | None, RoleChange | None]:
    """The role now, and the memo.

    The destination is promoted as soon as no one-way run writes to it any more: the source may be gone. The way back waits for
    a run that has brought everything to the source.
    """
    known, role = s.status.failover, wanted(s)
    if known is None:
        return _first(s, role)
    memo = s.memo if s.memo is not None and s.memo.role == role else RoleChange(role, s.clock)
    caught_up = (
        state.last is not None and state.last.two_way and state.last.clean and state.last.listed >= memo.at
    )
    if role != known.role:
        if caught_up if role == "Primary" else not state.stopping:
            return FailoverStatus(role=role, settled=False, since=s.now), RoleChange(role, s.clock)
        return known, memo
    if not known.settled and caught_up:
        known = known.model_copy(update={"settled": True})
    over = s.spec.failover is None and known.role == "Primary" and known.settled
    return (None if over else known), memo


def _first(s: ReplicationSituation, role: ReplicationRole) -> tuple[FailoverStatus | None, RoleChange | None]:
    if s.spec.failover is None:
        return None, None
    return FailoverStatus(role=role, settled=role == "Primary", since=s.now), RoleChange(role, s.clock)


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
    return Contribution("policy", value, Contributor("ReplicationPolicy", policy), digest)


def fenced(s: ReplicationSituation, status: ReplicationPolicyStatus) -> list[Condition]:
    """Whether the side that is not written to refuses writes, as its own status has read it back."""
    if status.failover is None or s.spec.failover is None or s.spec.failover.fence is False:
        return []
    end = s.destination if status.failover.role == "Primary" else s.source
    return [] if end is None else [_fenced(s.meta.name, end)]


def _fenced(policy: str, end: EndView) -> Condition:
    facet = next((f for f in end.status.facets if f.name == "policy"), None)
    if end.store.backend is not None and end.store.spec is not None and end.store.spec.provider == "MinIO":
        message = f"MinIO does not apply bucket policies to requests with credentials: stop the writers of {end.name} yourself"
        return condition(FENCED, Reason.NOT_ENFORCED, message, "False")
    if facet is not None and facet.state == "InSync" and f"{FENCE_SID}{policy}" in facet.parts:
        message = f"the ImageBucket {end.name} was read back with a statement that denies writes of others"
        return condition(FENCED, Reason.FENCED, message)
    ready = find(end.status.conditions, "Ready")
    why = (
        (facet.message if facet else None) or (ready.message if ready else "") or "it has not reported it yet"
    )
    return condition(
        FENCED, Reason.PENDING, f"the ImageBucket {end.name} does not deny writes yet: {why}", "False"
    )
