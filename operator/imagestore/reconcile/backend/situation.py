"""All that a reconcile of a StorageBackend may know."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from imagestore.api.storagebackend import StorageBackendStatus
from imagestore.reconcile.shared.situation import Meta, Served, Settings, Store


@dataclass(frozen=True)
class BackendSituation:
    """One StorageBackend and its surroundings at one moment. ``doubts``: buckets that their checks did not find."""

    meta: Meta
    status: StorageBackendStatus
    store: Store
    settings: Settings
    now: datetime
    token: Callable[[], str]
    served: tuple[Served, ...] = ()
    all_known: bool = True  # else ImageBuckets may not be listed, and what was counted before still counts
    doubts: tuple[str, ...] = ()

    @property
    def buckets(self) -> int:
        """How many it serves."""
        return len(self.served) if self.all_known else self.status.buckets or 0
