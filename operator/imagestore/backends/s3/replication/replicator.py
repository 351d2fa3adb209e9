"""How the buckets of one S3 store replicate by themselves. Implements ``replicating.Replicator``."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from imagestore.api.providers import PROVIDERS, Provider
from imagestore.backends.guard.call import Call
from imagestore.backends.replicating import ReplicationPeer, TargetState
from imagestore.backends.s3.client import Keys
from imagestore.backends.s3.replication import measured
from imagestore.backends.s3.replication.calls import TargetedCalls
from imagestore.backends.s3.replication.targets import HandedKeys, targets_of, with_port
from imagestore.core.errors import Rejected
from imagestore.core.reading import Level, Support


@dataclass(frozen=True)
class ReplicationSide:
    """A StorageBackend's own part in replication.

    ``endpoint`` and ``handed``: how other stores write here, or why they cannot. ``role``: what the store assumes to copy;
    empty: none. ``known``: which credentials its own targets were given.
    """

    endpoint: str = ""
    handed: Keys | str = field(default="", repr=False)
    role: str = ""
    known: HandedKeys = field(default_factory=HandedKeys, compare=False, repr=False)


@dataclass(frozen=True)
class S3Replicator:
    """``peers``: the destinations that are known, by the name of their ImageBucket."""

    name: str
    provider: Provider
    support: Support
    raw: Call
    side: ReplicationSide
    peers: Mapping[str, ReplicationPeer]

    @property
    def call(self) -> Call:
        """What the driver calls: on MinIO targets stand between rules and destinations."""
        return self._targeted if self._handed else self.raw

    @property
    def stores(self) -> dict[str, str]:
        """The StorageBackends of known destinations, by bucket."""
        return {p.bucket: p.store for p in self.peers.values()}

    @property
    def _handed(self) -> bool:
        return PROVIDERS[self.provider].replicates == "Credentials"

    @property
    def _targeted(self) -> TargetedCalls:
        return TargetedCalls(self.raw, self.peers, self.side.known)

    def receiving(self, bucket: str) -> ReplicationPeer:
        """See ``Replicator``."""
        return ReplicationPeer(self.name, bucket, self.provider, self.side.endpoint, self.side.handed)

    def refusal_of(self, peer: ReplicationPeer) -> str:
        """See ``Replicator``. Nothing is sent."""
        if self.support.level is Level.NONE:
            return f"the StorageBackend {self.name} does not have replication ({self.support.reason})"
        if peer.provider != self.provider:
            return (
                f"{self.provider} replicates to {self.provider} only, and the StorageBackend {peer.store} is"
                f" {peer.provider}; use a ReplicationPolicy with method: Copy"
            )
        if not self._handed:
            return (
                ""
                if self.side.role
                else f"set spec.replication.role of the StorageBackend {self.name}: {_ROLE}"
            )
        if isinstance(peer.handed, Keys):
            return ""
        return f"no store may write to the StorageBackend {peer.store}: {peer.handed}; set spec.replication.credentials there"

    def state(self, bucket: str) -> tuple[TargetState, ...]:
        """See ``Replicator``. Amazon tells in CloudWatch, which is not asked."""
        if self.support.level is Level.NONE:
            return ()
        if self._handed:
            return measured.of_minio(self._targeted, bucket, targets_of(self.raw, bucket))
        return measured.of_amazon(self.raw, bucket, self.stores)

    def resync(self, bucket: str, store: str, target: str) -> None:
        """See ``Replicator``."""
        if not self._handed:
            raise Rejected("only MinIO copies once more what is there; use S3 Batch Replication on AWS")
        places = {
            (with_port(p.endpoint), p.bucket)
            for p in self.peers.values()
            if (p.store, p.bucket) == (store, target)
        }
        held = targets_of(self.raw, bucket).values()
        arn = next((t.arn for t in held if (t.endpoint, t.bucket) in places), "")
        if not arn:
            raise Rejected(
                f"the bucket {target} of the StorageBackend {store} is no destination of the bucket {bucket}"
            )
        self.raw("StartResync", {"Bucket": bucket, "Arn": arn})


_ROLE = "the IAM role that Amazon S3 assumes to copy"
