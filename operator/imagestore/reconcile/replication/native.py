"""What a ReplicationPolicy needs of replication that the stores carry out themselves. Pure, but for a connection."""

from collections.abc import Sequence

from imagestore.backends.base import Backend
from imagestore.backends.replicating import Replicates
from imagestore.core.losses import uses
from imagestore.core.reading import Level
from imagestore.facets.replication import Replication, ReplicationRule
from imagestore.reconcile.shared.contribution import Contribution, Contributor

SETTING, REPLICATION_POLICY = "replication", "ReplicationPolicy"


def native_contribution(policy: str, rules: Sequence[ReplicationRule] | None, digest: str) -> Contribution:
    """What a policy contributes to its source bucket. ``rules`` None: its spec is not understood, so what is in force stays.

    In the store they have the ids ``imagestore/<policy>/<rule>``.
    """
    named = tuple(r.model_copy(update={"name": f"{policy}/{r.name}"}) for r in rules or ())
    value = None if rules is None else Replication().model_copy(update={"rules": named})
    return Contribution(SETTING, value, Contributor(REPLICATION_POLICY, policy), digest)


def native_refusal(source: Backend, target: Backend, copies: str, wanted: Replication) -> str:
    """Why buckets of ``source`` cannot replicate by themselves to the bucket ``copies`` of ``target``; empty: they can."""
    support = source.support[SETTING]
    if support.level is Level.NONE or not isinstance(source, Replicates):
        return f"the StorageBackend {source.name} does not have replication ({support.reason})"
    if not isinstance(target, Replicates):
        return f"the buckets of the StorageBackend {target.name} cannot receive copies of other stores"
    if lost := uses(wanted, support.lost):
        return f"the StorageBackend {source.name} would lose {', '.join(lost)} ({support.reason})"
    return source.replicator.refusal_of(target.replicator.receiving(copies))
