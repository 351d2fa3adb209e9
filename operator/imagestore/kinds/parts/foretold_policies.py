"""What a ReplicationPolicy would give to its buckets, before any operator has judged it: for previews."""

from collections.abc import Callable

from imagestore.api.replicationpolicy import ReplicationPolicySpec
from imagestore.api.replicationstatus import ReplicationPolicyStatus
from imagestore.controller.state.objects import NotUnderstood, Stored, lenient, understood
from imagestore.controller.state.raw import Json
from imagestore.reconcile.replication.failover import wanted_role
from imagestore.reconcile.replication.method import chosen_method
from imagestore.reconcile.shared.ends import EndView

EndOf = Callable[[str], EndView | None]
"""An ImageBucket of the policy's namespace, by its name."""


def foretold_status(policy: Stored, end: EndOf) -> Json:
    """The parts of the status that decide what is given, as they are once the operator has acted on the spec."""
    known = lenient(ReplicationPolicyStatus, policy.status)
    try:
        spec = understood(ReplicationPolicySpec, policy.spec)
    except NotUnderstood:
        return known.to_json()
    told = {"method": _method(spec, end, known) or known.method or ""}
    return (
        told if spec.failover is None else {**told, "failover": {"role": wanted_role(spec, known.failover)}}
    )


def _method(spec: ReplicationPolicySpec, end: EndOf, known: ReplicationPolicyStatus) -> str:
    """Empty where a store is not connected, or where the policy is refused."""
    source, destination = end(spec.source.bucket_ref.name), end(spec.destination.bucket_ref.name)
    if source is None or destination is None or None in (source.store.backend, destination.store.backend):
        return ""
    chosen = chosen_method(spec, source, destination, known.failover)
    return "" if chosen.method == "Native" and chosen.why else chosen.method
