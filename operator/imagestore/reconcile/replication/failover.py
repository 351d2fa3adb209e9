"""Which of the two buckets is written to, and when that changes. Pure.

While the roles change, and as long as the destination is promoted, runs go both ways: what either side received is brought over,
and the newer of two changes wins. Only when a run that began after the change has made both equal, and the source is written to
again, do runs go one way: a run in one direction would write an old object over a new one.
"""

from dataclasses import replace
from datetime import UTC
from typing import Any

from imagestore.api.failover import ReplicationRole
from imagestore.api.replicationpolicy import ReplicationPolicySpec
from imagestore.api.replicationstatus import FailoverStatus, LateWrites
from imagestore.core.conditions import Condition, condition, is_true, reconciling
from imagestore.core.reasons import Reason
from imagestore.core.units import seconds
from imagestore.reconcile.replication.fence import is_closing
from imagestore.reconcile.replication.runs import CopySide, KnownRole, RunsState
from imagestore.reconcile.replication.situation import ReplicationSituation, RoleChange

FAILED_OVER = "FailedOver"


def wanted(s: ReplicationSituation) -> ReplicationRole:
    """The role that the spec asks for, or that the operator took until a person approves the way back."""
    return wanted_role(s.spec, s.status.failover)


def wanted_role(spec: ReplicationPolicySpec, known: FailoverStatus | None) -> ReplicationRole:
    """The same for a policy that is only looked at."""
    alone = known is not None and known.return_token is not None and known.return_token not in spec.approve
    return "Promoted" if alone else spec.failover.role if spec.failover else "Primary"


def ends_of(spec: ReplicationPolicySpec) -> dict[str, Any]:
    """What a role is about: these fields of a FailoverStatus. Of other keys nothing is brought back."""
    return {
        "source": spec.source.bucket_ref.name,
        "destination": spec.destination.bucket_ref.name,
        "prefix": spec.destination.prefix,
        "filter": spec.filter,
        "existing_objects": False if spec.existing_objects is False else None,
    }


def _asked(spec: ReplicationPolicySpec, known: FailoverStatus | None) -> dict[str, Any]:
    """Who is led and kept out: these fields of a FailoverStatus. Until a failover is over, what is not asked for any more stays:
    applications were left at the destination, and runs in one direction wrote over what they wrote there.
    """
    if spec.failover is None:
        return {}
    kept = known.publish if known is not None and is_under_way(known) else None
    fence = False if spec.failover.fence is False else None
    return {"publish": spec.failover.publish or kept, "fence": fence}


def is_under_way(known: FailoverStatus) -> bool:
    """Whether the destination is written to, or not all has come back yet."""
    return known.role == "Promoted" or not known.settled


def both_ways(s: ReplicationSituation) -> bool:
    """Whether runs go both ways."""
    known = s.status.failover
    moving = known is not None and is_under_way(known)
    return s.spec.direction == "TwoWay" or wanted(s) == "Promoted" or moving


def known_role(s: ReplicationSituation) -> KnownRole | None:
    """As a destination is told of it."""
    known = s.status.failover
    return (
        None if known is None else KnownRole(known.role, f"{known.since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    )


def to_be_noted(s: ReplicationSituation) -> bool:
    """Whether the destination has, or will have, what the source has not."""
    known = s.status.failover
    return wanted(s) == "Promoted" or (known is not None and is_under_way(known))


def left_side(s: ReplicationSituation) -> CopySide | None:
    """The side that applications were led away from, and what it still receives is told of. With TwoWay it may be written to."""
    known = s.status.failover
    if known is None or not is_under_way(known) or s.spec.direction == "TwoWay":
        return None
    return "source" if known.role == "Promoted" else "destination"


def _with_late_writes(
    known: FailoverStatus, memo: RoleChange, state: RunsState
) -> tuple[FailoverStatus, RoleChange]:
    """With what runs have brought over since. A run of another job counts anew."""
    new = state.late_writes - (memo.late if memo.late <= state.late_writes else 0)
    memo = replace(memo, late=state.late_writes)
    if not new:
        return known, memo
    before = known.late_writes.objects if known.late_writes else 0
    told = LateWrites(objects=before + new, report=state.late_report)
    return known.model_copy(update={"late_writes": told}), memo


def advanced(s: ReplicationSituation, state: RunsState) -> tuple[FailoverStatus | None, RoleChange | None]:
    """The role now, and the memo.

    The destination is promoted as soon as no one-way run writes to it any more: the source may be gone. The way back waits for
    a run that has brought everything to the source.
    """
    known, role = _named(s, state), wanted(s)
    if known is None:
        return (None, None) if role == "Promoted" and state.stopping else _first(s, role)
    counted, memo = _with_late_writes(known, _watched(s, state, _memo(s, known, role)), state)
    if (
        counted is not known
    ):  # told before the role may change: those of the last run of a role were never told of
        return counted, memo
    caught_up = (
        state.last is not None and state.last.two_way and state.last.clean and state.last.listed >= memo.at
    )
    if role != known.role:
        if caught_up if role == "Primary" else not state.stopping:
            return _changed(s, known, memo, role)
        return known, memo
    # That the role is another is published at once, and a one-way run would go on to write.
    if _is_due(s, known, memo) and not state.stopping and not state.running:
        return _changed(s, known, memo, "Promoted", s.token())
    memo = _closed(s, known, memo)
    if not known.settled and caught_up and _after_closing(state, memo):
        known = known.model_copy(update={"settled": True})
    over = s.spec.failover is None and known.role == "Primary" and known.settled
    return (None if over else known), memo


def _closed(s: ReplicationSituation, known: FailoverStatus, memo: RoleChange) -> RoleChange:
    """Since when the other side takes no writes of others, as far as it ever does."""
    if is_closing(s, known):
        return replace(memo, closed=None)
    return memo if memo.closed is not None else replace(memo, closed=s.clock)


def _after_closing(state: RunsState, memo: RoleChange) -> bool:
    """A write that was still taken after the last run both ways had listed that side was never brought over (e2e, a busy
    machine: the fence came a second after the switch, and the run in between).
    """
    return memo.closed is not None and state.last is not None and state.last.listed >= memo.closed


def _named(s: ReplicationSituation, state: RunsState) -> FailoverStatus | None:
    """The role of before, for the buckets that are named now: others are only named when nothing is under way."""
    known = s.status.failover
    if known is None:
        return None
    now = known.model_copy(update=ends_of(s.spec))
    copied = True if state.proven is not None or (now == known and known.copied) else None
    return now.model_copy(update={**_asked(s.spec, known), "copied": copied})


def _memo(s: ReplicationSituation, known: FailoverStatus, role: ReplicationRole) -> RoleChange:
    """A restart measures the last change by the wall clock, once."""
    if s.memo is None:
        return RoleChange(role, s.clock, s.clock - max(0.0, (s.now - known.since).total_seconds()))
    return s.memo if s.memo.role == role else replace(s.memo, role=role, at=s.clock)


def _changed(
    s: ReplicationSituation,
    known: FailoverStatus,
    memo: RoleChange,
    role: ReplicationRole,
    token: str | None = None,
) -> tuple[FailoverStatus, RoleChange]:
    changes = {"role": role, "settled": False, "since": s.now, "return_token": token, "late_writes": None}
    return known.model_copy(update=changes), RoleChange(role, s.clock, s.clock, late=memo.late)


def _first(s: ReplicationSituation, role: ReplicationRole) -> tuple[FailoverStatus | None, RoleChange | None]:
    if s.spec.failover is None:
        return None, None
    status = FailoverStatus(role=role, settled=role == "Primary", since=s.now)
    told = {**ends_of(s.spec), **_asked(s.spec, None)}
    return status.model_copy(update=told), RoleChange(role, s.clock, s.clock)


def _watched(s: ReplicationSituation, state: RunsState, memo: RoleChange) -> RoleChange:
    """Whether the source's store answers: its probe and the last run say so."""
    last = state.last.trouble if state.last else None
    unanswered = last is not None and last.side == "source" and last.reason is Reason.UNAVAILABLE
    if not unanswered and not (s.source and s.source.store.silent):
        return replace(memo, silent=None)
    return memo if memo.silent is not None else replace(memo, silent=s.clock)


def due(s: ReplicationSituation, known: FailoverStatus | None, memo: RoleChange | None) -> float | None:
    """The moment at which the operator promotes the destination by itself; in the past: now. None: it does not.

    Only a destination that has had a complete copy, and whose own store answers. Not soon after another change: two sides of a
    network that fails now and then would be promoted by turns.
    """
    spec = s.spec.failover.automatic if s.spec.failover else None
    if spec is None or known is None or memo is None or memo.silent is None or wanted(s) != "Primary":
        return None
    if _withheld(s, known):
        return None
    pause = seconds(spec.minimum_between or "1h")
    return max(s.clock, memo.silent + seconds(spec.after), memo.changed + pause)


def role_waits(s: ReplicationSituation, state: RunsState, memo: RoleChange | None) -> list[Condition]:
    """While the destination is to be promoted, and a run in one direction may still write to it."""
    known = s.status.failover
    promoted = known is not None and known.role == "Promoted"
    asked = wanted(s) == "Promoted" or (memo is not None and _is_due(s, known, memo))
    if promoted or not asked or not state.stopping:
        return []
    return reconciling(Reason.ROLE_WAITS, f"the destination is not promoted yet: {state.stopping}")


def _withheld(s: ReplicationSituation, known: FailoverStatus) -> str:
    """What stands against a promotion that no person asks for; empty: nothing does."""
    end = s.destination
    why = {
        "the last change of the role is not settled": not known.settled,
        "no run has read both buckets to the end since these are named": not known.copied,
        "the destination's store does not answer either": end is None or end.store.silent,
        "the destination's content was lost": end is not None
        and is_true(end.status.conditions, "ContentLost"),
    }
    return next((reason for reason, so in why.items() if so), "")


def _is_due(s: ReplicationSituation, known: FailoverStatus | None, memo: RoleChange) -> bool:
    moment = due(s, known, memo)
    return moment is not None and moment <= s.clock


def failed_over(
    s: ReplicationSituation, found: FailoverStatus | None, memo: RoleChange | None
) -> list[Condition]:
    """While the operator has promoted the destination by itself, or would have to and does not."""
    if found is None or found.return_token is None:
        return _not_failed_over(s, found, memo)
    message = (
        "the source's store did not answer, so the destination is written to; when the source is in order, add"
        f" {found.return_token} to spec.approve, with role: Primary, to go back"
    )
    return [condition(FAILED_OVER, Reason.FAILED_OVER, message)]


def _not_failed_over(
    s: ReplicationSituation, known: FailoverStatus | None, memo: RoleChange | None
) -> list[Condition]:
    automatic = s.spec.failover is not None and s.spec.failover.automatic is not None
    if not automatic or known is None or memo is None or memo.silent is None or wanted(s) != "Primary":
        return []
    why = _withheld(s, known)
    message = f"the source's store does not answer, and the destination is not promoted: {why}"
    return [condition(FAILED_OVER, Reason.WITHHELD, message, "False")] if why else []
