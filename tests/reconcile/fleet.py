"""Many buckets on one backend, and that backend's own reconcile: what the k8s layer ties together."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from imagestore.api.imagebucket import FACETS
from imagestore.api.storagebackend import StorageBackendSpec, StorageBackendStatus
from imagestore.backends.memory import MemoryBackend, MemoryStore
from imagestore.core.conditions import find, violations
from imagestore.core.outcome import Event
from imagestore.reconcile.backend.identity import store_standing
from imagestore.reconcile.backend.reconcile import reconcile
from imagestore.reconcile.backend.situation import BackendSituation
from imagestore.reconcile.shared.situation import Meta, Served, Settings, Store
from tests.reconcile.untouched import untouched
from tests.reconcile.world import START, World, backend_spec


@dataclass
class Fleet:
    """``worlds`` are the buckets; a doubt of one is judged by the backend at once."""

    size: int
    store: MemoryStore = field(default_factory=MemoryStore)
    status: StorageBackendStatus = field(default_factory=StorageBackendStatus)
    spec: StorageBackendSpec = field(default_factory=backend_spec)
    now: datetime = START
    worlds: list[World] = field(default_factory=list)
    doubts: tuple[str, ...] = ()
    events: list[Event] = field(default_factory=list)
    tokens: int = 0

    def __post_init__(self) -> None:
        self.worlds = [World().apply(bucketName=f"shop--b{n:03}") for n in range(self.size)]
        self.probe()
        for world in self.worlds:
            self.tie(world).settle()

    def tie(self, world: World) -> World:
        """What a bucket is told of its surroundings now."""
        world.store, world.now, world.standing = self.store, self.now, store_standing(self.status)
        world.served, world.backend_spec = self.served, self.spec
        return world

    @property
    def served(self) -> tuple[Served, ...]:
        return tuple(
            Served(f"shop/{n}", n, "created" in w.status, w.status.get("endpoint", ""))
            for w in self.worlds
            for n in [w.spec["bucketName"]]
        )

    def probe(self) -> StorageBackendStatus:
        """One reconcile of the backend."""
        meta, backend = Meta("", "eu", "uid", 1, START, finalized=True), MemoryBackend(self.store, FACETS)
        store = Store(self.spec, backend)
        s = BackendSituation(
            meta, self.status, store, Settings("prod"), self.now, self._token, self.served, doubts=self.doubts
        )
        outcome, self.doubts = untouched(reconcile)(s), ()
        assert outcome.status is not None
        assert not violations(outcome.status.conditions, 1, outcome.status.observed_generation)
        self.status = StorageBackendStatus.model_validate_json(outcome.status.model_dump_json())
        self.events += outcome.events
        return self.status

    def _token(self) -> str:
        self.tokens += 1
        return f"backend{self.tokens}"

    def look(self, rounds: int = 1, **delta: float) -> "Fleet":
        """Every bucket looks; a doubt is judged by the backend at once."""
        self.now += timedelta(**(delta or {"minutes": 10}))
        for _ in range(rounds):
            for world in self.worlds:
                outcome = self.tie(world).step()
                for signal in outcome.signals:
                    assert signal.kind == "StorageBackend"
                    self.doubts = signal.subjects
                    self.probe()
            self.now += timedelta(seconds=20)
        return self

    def swap(self, store: MemoryStore) -> "Fleet":
        """The same address, another store behind it."""
        self.store = store
        return self

    def approve(self, *tokens: str) -> "Fleet":
        self.spec = self.spec.model_copy(update={"approve": tokens})
        return self

    def lost(self) -> int:
        """ImageBuckets that say ContentLost."""
        return sum(w.condition("ContentLost") is not None for w in self.worlds)

    def told(self) -> list[str]:
        """All of the buckets' Events since they were made."""
        return [r for w in self.worlds for r in w.reasons() if r not in ("Created", "Ready")]

    @property
    def ready(self) -> tuple[str, str]:
        found = find(self.status.conditions, "Ready")
        assert found is not None
        return found.status, found.reason
