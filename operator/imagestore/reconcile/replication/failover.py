"""Which of the two buckets is written to, and when that changes. Pure.

While the roles change, and as long as the destination is promoted, runs go both ways: what either side received is brought over,
and the newer of two changes wins. Only when a run that began after the change has made both equal, and the source is written to
again, do runs go one way: a run in one direction would write an old object over a new one.
"""

from dataclasses import replace
from hashlib import sha256

from imagestore.api.failover import ReplicationRole
from imagestore.api.replicationstatus import FailoverStatus, ReplicationPolicyStatus
from imagestore.core.conditions import Condition, condition, find
from imagestore.core.reasons import Reason
from imagestore.core.units import seconds
from imagestore.facets.policy import FENCE_SID, BucketPolicy, Statement, StatementCondition
from imagestore.reconcile.replication.runs import RunsState
from imagestore.reconcile.replication.situation import EndView, ReplicationSituation, RoleChange
from imagestore.reconcile.shared.contribution import Contribution, Contributor

FENCED, FAILED_OVER = "Fenced", "FailedOver"
OURS = "imagestore/*"  # how the operator's requests name themselves
_WRITES = (
    "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectTagging", "s3:DeleteObjectTagging",
)  # fmt: skip


def wanted(s: ReplicationSituation) -> ReplicationRole:
    """The role that the spec asks for, or that the operator took until a person approves the way back."""
    known, spec = s.status.failover, s.spec.failover
    alone = known is not None and known.return_token is not None and known.return_token not in s.spec.approve
    return "Promoted" if alone else spec.role if spec else "Primary"


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
    memo = _watched(s, state, _memo(s, known, role))
    caught_up = (
        state.last is not None and state.last.two_way and state.last.clean and state.last.listed >= memo.at
    )
    if role != known.role:
        if caught_up if role == "Primary" else not state.stopping:
            return _changed(s, role)
        return known, memo
    if _is_due(s, memo) and known.settled and not state.stopping:
        return _changed(s, "Promoted", s.token())
    if not known.settled and caught_up:
        known = known.model_copy(update={"settled": True})
    over = s.spec.failover is None and known.role == "Primary" and known.settled
    return (None if over else known), memo


def _memo(s: ReplicationSituation, known: FailoverStatus, role: ReplicationRole) -> RoleChange:
    """A restart measures the last change by the wall clock, once."""
    if s.memo is None:
        return RoleChange(role, s.clock, s.clock - max(0.0, (s.now - known.since).total_seconds()))
    return s.memo if s.memo.role == role else replace(s.memo, role=role, at=s.clock)


def _changed(
    s: ReplicationSituation, role: ReplicationRole, token: str | None = None
) -> tuple[FailoverStatus, RoleChange]:
    status = FailoverStatus(role=role, settled=False, since=s.now, return_token=token)
    return status, RoleChange(role, s.clock, s.clock)


def _first(s: ReplicationSituation, role: ReplicationRole) -> tuple[FailoverStatus | None, RoleChange | None]:
    if s.spec.failover is None:
        return None, None
    status = FailoverStatus(role=role, settled=role == "Primary", since=s.now)
    return status, RoleChange(role, s.clock, s.clock)


def _watched(s: ReplicationSituation, state: RunsState, memo: RoleChange) -> RoleChange:
    """Whether the source's store answers: its probe and the last run say so."""
    last = state.last.trouble if state.last else None
    unanswered = last is not None and last.side == "source" and last.reason is Reason.UNAVAILABLE
    if not unanswered and not (s.source and s.source.store.silent):
        return replace(memo, silent=None)
    return memo if memo.silent is not None else replace(memo, silent=s.clock)


def due(s: ReplicationSituation, memo: RoleChange | None) -> float | None:
    """The moment at which the operator promotes the destination by itself; in the past: now. None: it does not.

    Only a destination that has had a complete copy, and whose own store answers. Not soon after another change: two sides of a
    network that fails now and then would be promoted by turns.
    """
    spec = s.spec.failover.automatic if s.spec.failover else None
    if spec is None or memo is None or memo.silent is None or wanted(s) != "Primary":
        return None
    if s.status.backlog is None or s.destination is None or s.destination.store.silent:
        return None
    pause = seconds(spec.minimum_between or "1h")
    return max(s.clock, memo.silent + seconds(spec.after), memo.changed + pause)


def _is_due(s: ReplicationSituation, memo: RoleChange) -> bool:
    moment = due(s, memo)
    return moment is not None and moment <= s.clock


def failed_over(found: FailoverStatus | None) -> list[Condition]:
    """While the operator has promoted the destination by itself."""
    if found is None or found.return_token is None:
        return []
    message = (
        "the source's store did not answer, so the destination is written to; when the source is in order, add"
        f" {found.return_token} to spec.approve, with role: Primary, to go back"
    )
    return [condition(FAILED_OVER, Reason.FAILED_OVER, message)]


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
