"""Replication that the stores carry out themselves: what one store must know of another, and what it tells of the copying."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from imagestore.backends.base import Backend


@dataclass(frozen=True)
class ReplicationPeer:
    """A bucket that may receive copies, and how its store is reached by another one.

    ``store``: the StorageBackend's name. ``handed``: credentials that the other store is given, which the cloud alone
    understands, or why there are none. They are in no status, and masked wherever they are printed.
    """

    store: str
    bucket: str
    provider: str
    endpoint: str
    handed: object = field(default="", repr=False)


ResyncState = Literal["", "Pending", "Ongoing", "Completed", "Failed", "Canceled"]


@dataclass(frozen=True)
class TargetState:
    """What a store tells of its copying to one destination. None: it does not tell.

    ``store``: the StorageBackend's name, or the endpoint where that is all that is known. ``rules``: parts of the setting.
    ``failed`` and ``copied``: since the server's start; what failed may have been copied since. ``queued``: of the bucket,
    whatever the destination, and without what the server gave up for now. ``latency``: seconds that an upload to the
    destination takes. ``resync``: the copying of objects that were there before.
    """

    store: str
    bucket: str
    rules: tuple[str, ...]
    online: bool | None = None
    last_online: datetime | None = None
    failed_objects: int | None = None
    failed_bytes: int | None = None
    queued_objects: int | None = None
    queued_bytes: int | None = None
    copied_objects: int | None = None
    copied_bytes: int | None = None
    latency: float | None = None
    resync: ResyncState = ""
    resync_failed: int | None = None


class Replicator(Protocol):
    """How the buckets of one backend replicate by themselves."""

    def receiving(self, bucket: str) -> ReplicationPeer:
        """This backend's bucket as one that receives copies."""

    def refusal_of(self, peer: ReplicationPeer) -> str:
        """Why the backend's buckets cannot replicate into this one, and what to do; empty: they can."""

    def state(self, bucket: str) -> tuple[TargetState, ...]:
        """What the store tells of each destination of the bucket's rules. Reads only."""

    def resync(self, bucket: str, store: str, target: str) -> None:
        """Begin to copy all objects that are there to this destination once more. Rejected: it is none."""


@runtime_checkable
class Replicates(Protocol):
    """A backend whose cloud has replication."""

    @property
    def replicator(self) -> Replicator:
        """How its buckets replicate; it knows the destinations that ``toward`` was given."""

    def toward(self, peers: Mapping[str, ReplicationPeer]) -> Backend:
        """The same backend, whose replication driver knows these destinations, by the name of their ImageBucket."""
