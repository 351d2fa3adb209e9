"""Whether the source's store replicates by itself, or the operator copies. Pure, but for what connections know."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from imagestore.api.replicationpolicy import ReplicationPolicySpec
from imagestore.api.replicationstatus import FailoverStatus
from imagestore.core.conditions import Condition, condition, reconciling, stalled
from imagestore.core.reasons import Reason
from imagestore.facets.configurations import ObjectFilter
from imagestore.facets.replication import ReplicaDestination, ReplicaRef, Replication, ReplicationRule
from imagestore.reconcile.replication.failover import is_under_way
from imagestore.reconcile.replication.native import SETTING, native_contribution, native_refusal
from imagestore.reconcile.replication.runs import RunsState
from imagestore.reconcile.replication.situation import ReplicationSituation
from imagestore.reconcile.shared.contribution import Contribution
from imagestore.reconcile.shared.ends import EndView


@dataclass(frozen=True)
class ChosenMethod:
    """``why``: what speaks against Native."""

    method: Literal["Native", "Copy"]
    why: str = ""


def chosen_method(
    spec: ReplicationPolicySpec,
    source: EndView,
    destination: EndView,
    known: FailoverStatus | None,
) -> ChosenMethod:
    """What the spec asks for; Auto: Native where nothing speaks against it. ``known``: the role by the status.

    The way back needs runs both ways: with ``failover`` removed from the spec of a promoted policy, rules of the store laid old objects
    over what applications had written, and a comparison that copies nothing counted as the way back.
    """
    asked = spec.method or "Auto"
    if asked == "Copy":
        return ChosenMethod("Copy")
    if spec.failover is None and known is not None and is_under_way(known):
        return ChosenMethod(
            "Copy", "the failover is not over; until status.failover is gone the operator copies"
        )
    why = next(_against(spec, asked == "Native"), "") or _stores(spec, source, destination)
    if asked == "Native":
        return ChosenMethod("Native", why)
    return ChosenMethod("Copy", why) if why else ChosenMethod("Native")


def method_in_force(s: ReplicationSituation, state: RunsState, chosen: ChosenMethod) -> str | None:
    """What the status says, and with it whether the source gets the rules.

    A store that replicates by itself asks nobody whether the destination was promoted: a policy that was made anew had its rules written
    before any run had looked there. So they wait until one has, and are withdrawn where it finds a promotion.
    """
    if chosen.method == "Copy":
        return "Copy"
    trouble = state.last.trouble if state.last else None
    refused = trouble is not None and trouble.reason is Reason.STILL_PROMOTED
    known = s.status.method == "Native" and not refused
    return "Native" if state.admitted or known else None


def _against(spec: ReplicationPolicySpec, native: bool) -> Iterator[str]:  # noqa: FBT001 - what the method says
    """What only copying has. ``native``: the user asks for Native, and so for deletes without a guard."""
    if spec.direction == "TwoWay":
        yield "direction TwoWay has conflicts, which only the operator settles"
    if spec.failover is not None:
        yield "failover needs runs that go both ways"
    if spec.destination.prefix is not None:
        yield "stores do not put a prefix before keys"
    if spec.limits is not None or spec.guard is not None:
        yield "stores have neither the limits nor the guard of this policy"
    if not native and (spec.deletes or "Ignore") != "Ignore":
        yield "stores replicate deletes without a guard; write method: Native if that is meant"


def _stores(spec: ReplicationPolicySpec, source: EndView, destination: EndView) -> str:
    one, other = source.store.backend, destination.store.backend
    if one is None or other is None:
        return ""
    for end in (source, destination):
        if not end.versioned:
            return f"the ImageBucket {end.name} is not versioned; set versioning.state: Enabled there"
    return native_refusal(
        one, other, destination.bucket, Replication().model_copy(update={"rules": native_rules(spec)})
    )


def native_rules(spec: ReplicationPolicySpec) -> tuple[ReplicationRule, ...]:
    """One rule for each prefix. Delete markers follow for Markers and Mirror; nothing is deleted for good."""
    chosen = spec.filter
    prefixes = (chosen.prefixes if chosen else None) or (None,)
    tags = chosen.tags if chosen else None
    return tuple(_rule(spec, number, prefix, tags) for number, prefix in enumerate(prefixes, start=1))


def _rule(
    spec: ReplicationPolicySpec, number: int, prefix: str | None, tags: dict[str, str] | None
) -> ReplicationRule:
    return ReplicationRule(
        name=f"part-{number}",
        filter=ObjectFilter(prefix=prefix, tags=tags) if prefix or tags else None,
        destination=ReplicaDestination(
            bucket_ref=ReplicaRef(name=spec.destination.bucket_ref.name), tier=spec.destination.tier
        ),
        delete_markers=(spec.deletes or "Ignore") != "Ignore" or None,
        existing_objects=spec.existing_objects is not False or None,
    )


def contributed_rules(policy: str, raw: bytes) -> Contribution:
    """What a policy whose method is Native contributes to its source."""
    digest = hashlib.sha256(raw).hexdigest()[:16]
    try:
        spec = ReplicationPolicySpec.model_validate_json(raw, extra="forbid")
    except ValidationError:
        return native_contribution(policy, None, digest)
    return native_contribution(policy, native_rules(spec), digest)


def native_ready(s: ReplicationSituation, source: EndView) -> list[Condition]:
    """What keeps the store from replicating, by the source's own status; empty: the rules were read back."""
    facet = next((f for f in source.status.facets if f.name == SETTING), None)
    parts = {f"{s.meta.name}/{rule.name}" for rule in native_rules(s.spec)}
    if facet is not None and facet.state == "InSync" and parts <= set(facet.parts):
        return []
    said = (facet.message if facet else None) or "the ImageBucket has not reported the rules yet"
    message = f"the ImageBucket {source.name}: {said}"
    if facet is not None and facet.state in ("Held", "Unsupported", "Failed"):
        return stalled(facet.reason or Reason.PENDING, message)
    return reconciling(Reason.PENDING, message)


def native_compared(backlog: int) -> Condition:
    """Ready of a policy whose store replicates: the rules are in force, and both buckets were read to the end."""
    left = (
        f"; {backlog} objects have no equal copy yet" if backlog else ", and every object has an equal copy"
    )
    message = f"the store replicates by itself; both buckets were read to the end{left}"
    return condition("Ready", Reason.REPLICATED, message)
