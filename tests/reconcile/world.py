"""One ImageBucket on the memory backend, with a clock of its own: what the k8s layer does, in ten lines.

Every status that is written passes through JSON and the rules of kstatus.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import FACETS, ImageBucketSpec
from imagestore.api.lifecyclepolicy import LifecyclePolicySpec
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.memory import MemoryBackend, MemoryBucket, MemoryStore
from imagestore.backends.own_access import OwnAccess
from imagestore.backends.s3.bucket.needs import NEEDED_ON_BUCKET
from imagestore.core import conditions
from imagestore.core.conditions import Condition
from imagestore.core.outcome import Continue, Event, Finalizer, Outcome, Requeue
from imagestore.core.reading import Support
from imagestore.core.salvage import salvaged
from imagestore.core.stored import StoredVersion
from imagestore.reconcile.bucket.reconcile import reconcile
from imagestore.reconcile.bucket.situation import BucketSituation, Memo, Progress, Referenced
from imagestore.reconcile.lifecycle.merging import contributed
from imagestore.reconcile.shared.contribution import Contribution
from imagestore.reconcile.shared.situation import Meta, Served, Settings, Store, StoreStanding
from imagestore.reconcile.shared.survey import Bounded, Surveys
from tests.reconcile.untouched import untouched

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
BUCKET = "shop--photos"
OWNER = "imagestore.dev/owner"
MARK = "prod/shop/photos"
RECONCILE = untouched(reconcile)


def backend_spec(**tenancy: Any) -> StorageBackendSpec:
    """A backend that the namespace shop may use."""
    return StorageBackendSpec.model_validate(
        {
            "provider": "S3",
            "s3": {"endpoint": "https://store.example", "region": "here"},
            "credentials": {"ambient": {}},
            "namespaces": {"names": ["shop"]},
            "tenancy": tenancy,
        }
    )


def own_access(spec: StorageBackendSpec | None) -> OwnAccess:
    """What the operator needs on an S3 store, reached as the spec says."""
    endpoint = spec.s3.endpoint if spec and spec.s3 else None
    return OwnAccess(NEEDED_ON_BUCKET, tls=(endpoint or "https://").startswith("https://"))


def tokens() -> Iterator[str]:
    """Tokens that a test can tell apart."""
    number = 0
    while True:
        number += 1
        yield f"token{number}"


def declared(name: str, **spec: Any) -> Contribution:
    """A LifecyclePolicy as a bucket meets it; ``understood=False``: a newer version's."""
    understood = spec.pop("understood", True)
    whole = {"bucketRefs": [{"name": "photos"}], **spec}
    made = LifecyclePolicySpec.model_validate(whole) if understood else None
    return contributed(name, json.dumps(spec, sort_keys=True), made)


@dataclass
class World:
    """One object, one store, one clock.

    ``through``: what carries the stories out instead; tests/local has ``imagestore apply`` do it.
    """

    through: ClassVar[type["World"] | None] = None
    store: MemoryStore = field(default_factory=MemoryStore)
    backend_spec: StorageBackendSpec | None = field(default_factory=backend_spec)
    limits: dict[str, Support] = field(default_factory=dict)
    unready: dict[str, str] = field(default_factory=dict)  # tiers that are not there yet, and why
    spec: dict[str, Any] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)
    generation: int = 1
    finalized: bool = False
    deleting: bool = False
    gone: bool = False
    now: datetime = START
    set_back: timedelta = timedelta()  # how much the wall clock is late since somebody set it
    memo: Memo = field(default_factory=Memo)
    progress: Progress | None = None  # of the last step, for the next one
    surveys: Surveys = field(default_factory=Bounded)
    events: list[Event] = field(default_factory=list)
    rival: str | None = None
    earlier: int = 0
    others: dict[str, Referenced] = field(default_factory=dict)  # other ImageBuckets of the namespace
    contributions: list[Contribution] = field(default_factory=list)  # of other kinds
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)  # LifecyclePolicies for this bucket
    usable: bool = True
    silent: bool = False  # the backend's probe was not answered
    withdrawn: str = ""
    standing: StoreStanding = field(default_factory=StoreStanding)  # of the backend
    served: tuple[Served, ...] = ()  # what the backend serves
    writes: int = 0  # of Kubernetes: finalizer and status
    settings: Settings = field(default_factory=lambda: Settings("prod"))
    _tokens: Iterator[str] = field(default_factory=tokens)
    wait: float | None = 0.0

    def __new__(cls, *_: Any, **__: Any) -> "World":
        """A world, or what stands for it."""
        return super().__new__(cls.through or cls)

    def apply(self, **spec: Any) -> "World":
        """``kubectl apply``: a new generation if the spec differs."""
        wanted = {"backendRef": {"name": "memory"}, "bucketName": BUCKET, **spec}
        if wanted != self.spec:
            self.generation += bool(self.spec)
            self.spec = wanted
        return self

    def edit(self, **spec: Any) -> "World":
        """Change some fields; None removes one."""
        merged = {**self.spec, **spec}
        return self.apply(**{k: v for k, v in merged.items() if v is not None})

    def situation(self) -> BucketSituation:
        """All that the reconcile may know."""
        meta = Meta("shop", "photos", "uid", self.generation, START, self.deleting, self.finalized)
        backend = (
            MemoryBackend(self.store, FACETS, self.limits, own_access=own_access(self.backend_spec))
            if self.usable
            else None
        )
        return BucketSituation(
            meta,
            ImageBucketSpec.model_validate(self.spec),
            salvaged(ImageBucketStatus, self.status),
            Store(
                self.backend_spec,
                backend,
                "" if self.usable else "Secret eu is missing",
                self.unready,
                self.silent,
                self.standing,
            ),
            self.settings,
            self.now - self.set_back,
            lambda: next(self._tokens),
            self.memo,
            {},
            self.rival,
            self.earlier,
            self.others,
            (*self.contributions, *(declared(n, **spec) for n, spec in sorted(self.policies.items()))),
            withdrawn=self.withdrawn,
            surveys=self.surveys,
            neighbours=lambda: self.served,
            clock=(self.now - START).total_seconds(),
            progress=self.progress,
        )

    def step(self) -> Outcome[ImageBucketStatus]:
        """One reconcile, carried out."""
        situation, self.progress = self.situation(), None
        outcome = RECONCILE(situation)
        self._remember(outcome)
        self.events += outcome.events
        self._finalize(outcome.finalizer)
        if outcome.status is not None:
            self._write(outcome.status)
        return outcome

    def stepped(self) -> float | None:
        """How long a step asks to wait; None: until something changes."""
        self.step()
        return self.wait

    def _remember(self, outcome: Outcome[ImageBucketStatus]) -> None:
        if outcome.memo is not None:
            assert isinstance(outcome.memo, Memo)
            self.memo = outcome.memo
        match outcome.then:
            case Continue(progress):
                assert progress is None or isinstance(progress, Progress)
                self.wait, self.progress = 0.0, progress
            case Requeue(seconds):
                self.wait = seconds
            case _:
                self.wait = None

    def _finalize(self, finalizer: Finalizer) -> None:
        wanted = {Finalizer.HOLD: True, Finalizer.RELEASE: False}.get(finalizer, self.finalized)
        self.writes += wanted != self.finalized
        self.finalized = wanted
        self.gone = self.deleting and not wanted

    def _write(self, status: ImageBucketStatus) -> None:
        wrong = conditions.violations(status.conditions, self.generation, status.observed_generation)
        assert not wrong, (wrong, status.conditions)
        dumped = status.to_json()
        self.writes += dumped != self.status
        self.status = dumped

    def settle(self, limit: int = 20) -> "World":
        """Reconcile, waiting as long as it asks to, until it asks for no more than the periodic look."""
        for _ in range(limit):
            self.step()
            if self.gone or self.wait is None or self.wait >= 300:
                return self
            self.now += timedelta(seconds=self.wait)
        raise AssertionError(f"does not settle: {self.status}")

    def later(self, **delta: float) -> "World":
        """Time passes."""
        self.now += timedelta(**(delta or {"minutes": 10}))
        return self

    def restart(self) -> "World":
        """The operator forgets what it may forget."""
        self.memo, self.progress = Memo(), None
        return self

    def rebuilt(self) -> "World":
        """A new cluster with the same manifests: no status, no finalizer, another uid."""
        return replace(
            self, status={}, finalized=False, memo=Memo(), progress=None, generation=1, events=[], writes=0
        )

    def delete(self) -> "World":
        """``kubectl delete``."""
        self.deleting = True
        self.generation += 1
        return self

    @property
    def bucket(self) -> MemoryBucket:
        """The bucket in the store."""
        return self.store.buckets[BUCKET]

    def condition(self, type_: str) -> Condition | None:
        """A condition of the status as written."""
        return conditions.find(ImageBucketStatus.model_validate(self.status).conditions, type_)

    @property
    def ready(self) -> tuple[str, str]:
        """Status and reason of Ready."""
        found = self.condition("Ready")
        assert found is not None
        return found.status, found.reason

    def reasons(self) -> list[str]:
        """The Events so far."""
        return [n.reason for n in self.events]

    def facet(self, name: str) -> dict[str, Any]:
        """One setting in the status."""
        return next(f for f in self.status.get("facets", []) if f["name"] == name)

    def held(self) -> dict[str, str]:
        """Facet to token of everything that waits for approval."""
        return {h["facet"]: h["token"] for h in self.status.get("plan", {}).get("held", [])}

    def fill(self, *prefixes: str, size: int = 100, **of: Any) -> "World":
        """Pictures that were written a year ago, one for each prefix."""
        day = START.toordinal() - of.pop("age", 365)
        there = len(self.bucket.contents)
        made = (StoredVersion(f"{p}{there + n:04}", size, day, **of) for n, p in enumerate(prefixes))
        self.bucket.contents = sorted([*self.bucket.contents, *made], key=lambda i: i.key)
        return self

    def calls(self, action: Callable[[], object]) -> list[str]:
        """The store's operations during ``action``."""
        before = len(self.store.calls)
        action()
        return [operation for operation, _ in self.store.calls[before:]]
