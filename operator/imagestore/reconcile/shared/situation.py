"""What the Situations of several kinds have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.base import Backend
from imagestore.backends.own_access import NOTHING_NEEDED, OwnAccess

SPREAD = 15.0  # seconds over which the checks of the buckets of a store that does not answer are spread


@dataclass(frozen=True)
class Meta:
    """What Kubernetes knows of the object."""

    namespace: str
    name: str
    uid: str
    generation: int
    created: datetime
    deleting: bool = False
    finalized: bool = False  # our finalizer is on the object


@dataclass(frozen=True)
class Settings:
    """How the operator behaves, the same for all buckets. Seconds."""

    installation: str
    confirm_drift: float = 45.0  # until the check that confirms drift
    grace_unreachable: float = 120.0  # an unreachable store turns Ready to Unknown after this
    default_interval: float = 600.0
    pulse: float = 60.0  # between two probes of a backend, which notice a store that does not answer
    retry: float = 15.0  # backoff after the first failure; doubles up to ten minutes
    sweep_step: int = 1000  # versions deleted between two reports of progress
    max_repeats: int = 3  # after as many equal writes that do not last, stop
    counted_in: float = 5.0  # until a backend counts its buckets again: many come and go together
    receives: bool = False  # notifications of stores
    told_in: float = 2.0  # until a policy asks its buckets again: one edit of it changes many


@dataclass(frozen=True)
class StoreStanding:
    """What the StorageBackend's status says of the store as a whole.

    ``another``: another account or server answers than ``identity``, which was proven. ``missing``: many known buckets are
    missing, and none is recreated before a person approves.
    """

    identity: str | None = None
    another: bool = False
    missing: Literal["", "Held", "Agreed"] = ""


@dataclass(frozen=True)
class Store:
    """The StorageBackend that the spec names, as far as it is known.

    ``spec`` None: no such StorageBackend. ``backend`` None: it cannot be used, ``trouble`` says why
    (a missing Secret). ``unready``: tiers to which nothing may move yet, and why. ``silent``: the last probe of the store,
    at most a pulse ago, was not answered either.
    """

    spec: StorageBackendSpec | None = None
    backend: Backend | None = None
    trouble: str = ""
    unready: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False
    standing: StoreStanding = StoreStanding()

    @property
    def own_access(self) -> OwnAccess:
        """What a bucket's policy must not deny the operator here."""
        return self.backend.own_access if self.backend else NOTHING_NEEDED


@dataclass(frozen=True)
class Served:
    """An ImageBucket that its backend serves: allowed there, and no older one claims the same bucket.

    ``made``: the bucket existed and was its own, last at ``endpoint``, and is recreated where it is missing.
    """

    name: str  # namespace/name
    bucket: str
    made: bool
    endpoint: str = ""
