"""What the operator tells Prometheus. Every metric is declared here, so that docs/metrics.md can list all.

No label is unbounded but an object's own namespace and name; series with those are made at scrape time from
what is known of the objects, so that none outlives its object.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from imagestore import __version__

REGISTRY = CollectorRegistry()
_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(f"imagestore_{name}", text, labels, registry=REGISTRY)


def _gauge(name: str, text: str, *labels: str) -> Gauge:
    return Gauge(f"imagestore_{name}", text, labels, registry=REGISTRY)


def _histogram(name: str, text: str, *labels: str) -> Histogram:
    return Histogram(f"imagestore_{name}", text, labels, registry=REGISTRY, buckets=_SECONDS)


BUILD = _gauge("build_info", "1, labelled with the operator's version.", "version")
BUILD.labels(__version__).set(1)

RECONCILES = _counter("reconciles", "Reconciles by what came of them.", "kind", "outcome")
RECONCILE_SECONDS = _histogram(
    "reconcile_seconds", "How long one reconcile took, store calls included.", "kind"
)
API_CALLS = _counter("api_calls", "Calls to the Kubernetes API.", "verb", "resource", "code")
EVENTS = _counter("events", "Kubernetes Events by what became of them: sent, aggregated, dropped.", "outcome")
AUDITS = _counter("audits", "Comparisons of all that is remembered with the Kubernetes API.", "kind")
AUDIT_MISMATCHES = _counter(
    "audit_mismatches",
    "Objects that a comparison found remembered wrongly: a watch missed something.",
    "kind",
)
KIND_FORBIDDEN = _gauge(
    "kind_forbidden",
    "1 while the operator may not list or watch objects of this kind: it serves the others, and logs the missing right.",
    "kind",
)
LEASE = _gauge("lease_held", "Whether this replica does the work (1) or stands by (0).")
LOOP_LAG = _gauge("loop_lag_seconds", "How late the event loop was at its last heartbeat.")
TASKS = _gauge("tasks", "Tasks of the event loop at its last heartbeat; one that only grows is a leak.")
SECRET_CHANGES = _counter("secret_changes", "Changes of Secrets that made a backend be connected anew.")

STORE_CALLS = _counter(
    "store_calls",
    "Calls to a store, each attempt counted, by outcome: ok or the error's class.",
    "backend",
    "operation",
    "outcome",
)
STORE_CALL_SECONDS = _histogram(
    "store_call_seconds", "How long a store took to answer, the wait for our own limit aside.", "backend"
)
STORE_THROTTLED = _counter("store_throttled", "Calls that a store answered with: slow down.", "backend")
STORE_WAIT_SECONDS = _counter(
    "store_wait_seconds", "How long calls waited for the backend's rate limit.", "backend"
)
STORE_CIRCUIT_OPEN = _gauge(
    "store_circuit_open", "1 while a store that did not answer is left alone: calls fail at once.", "backend"
)
SURVEY_KEYS = _counter(
    "survey_keys", "Keys of buckets that were listed to count what rules would do.", "backend"
)
SURVEY_SECONDS = _counter(
    "survey_seconds",
    "How long such listings took, the wait for the backend's rate limit included.",
    "backend",
)


@dataclass(frozen=True)
class StoreMetrics:
    """Counts one backend's calls; see ``backends.guard.call.Observer``."""

    backend: str

    def called(self, operation: str, outcome: str, seconds: float) -> None:
        """One attempt."""
        STORE_CALLS.labels(self.backend, operation, outcome).inc()
        STORE_CALL_SECONDS.labels(self.backend).observe(seconds)
        if outcome == "Throttled":
            STORE_THROTTLED.labels(self.backend).inc()

    def waited(self, seconds: float) -> None:
        """The limiter kept a call back."""
        STORE_WAIT_SECONDS.labels(self.backend).inc(seconds)

    def circuit(self, *, opened: bool) -> None:
        """The breaker changed."""
        STORE_CIRCUIT_OPEN.labels(self.backend).set(int(opened))

    def forget(self) -> None:
        """The backend is gone: its series go with it."""
        for metric in (
            STORE_CALLS,
            STORE_CALL_SECONDS,
            STORE_THROTTLED,
            STORE_WAIT_SECONDS,
            STORE_CIRCUIT_OPEN,
            SURVEY_KEYS,
            SURVEY_SECONDS,
        ):
            metric.remove_by_labels({"backend": self.backend})


@dataclass(frozen=True)
class Description:
    """One metric, for docs/metrics.md."""

    name: str
    type: str
    labels: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Family:
    """A gauge whose series are made when they are asked for."""

    name: str
    text: str
    labels: tuple[str, ...]


Sample = tuple[Family, tuple[str, ...], float]

_LANE = ("kind", "backend")
QUEUE_DEPTH = Family(
    "imagestore_queue_depth",
    "Objects that wait to be worked on: a backend's ImageBuckets, a StorageBackend, or (without a backend) all"
    " LifecyclePolicies.",
    _LANE,
)
QUEUE_AGE = Family("imagestore_queue_age_seconds", "How long the oldest of them has waited.", _LANE)
QUEUE_RUNNING = Family("imagestore_queue_running", "Objects that are being worked on.", _LANE)
QUEUE_DELAYED = Family("imagestore_queue_delayed", "Objects whose next look is in the future.", ())
SURVEYS = Family(
    "imagestore_surveys",
    "Buckets that are being listed to count what rules would do, or that wait for it, by state: running, waiting.",
    ("backend", "state"),
)
OBJECTS = Family("imagestore_objects", "Objects by readiness: True, False or Unknown.", ("kind", "ready"))
BUCKET_READY = Family(
    "imagestore_bucket_ready",
    "1 for the readiness that an ImageBucket has.",
    ("namespace", "name", "backend", "ready"),
)
BACKEND_READY = Family(
    "imagestore_backend_ready", "1 for the readiness that a StorageBackend has.", ("backend", "ready")
)
TIER = Family(
    "imagestore_tier",
    "1 for the state that a remote tier of a StorageBackend has: InSync, Missing, Differs or Stale.",
    ("backend", "tier", "state"),
)
POLICY_READY = Family(
    "imagestore_policy_ready",
    "1 for the readiness that a LifecyclePolicy has.",
    ("namespace", "name", "ready"),
)
POLICY_BUCKETS = Family(
    "imagestore_policy_buckets",
    "Buckets of a LifecyclePolicy by what became of its rules there.",
    ("namespace", "name", "state"),
)
FACETS = Family("imagestore_facets", "Settings of buckets by state.", ("facet", "state"))
DRIFT_SINCE = Family(
    "imagestore_drift_since_seconds",
    "Since when (Unix time) an ImageBucket differs without anybody having asked for it; absent: it does not.",
    ("namespace", "name", "backend"),
)
DRIFT_OVER = Family(
    "imagestore_drift_over_seconds",
    "When (Unix time) the last drift of an ImageBucket ended, corrected or not; absent: none is remembered.",
    ("namespace", "name", "backend"),
)
CONTENT_LOST = Family(
    "imagestore_content_lost",
    "1 while a bucket that was found missing waits to be acknowledged.",
    ("namespace", "name", "backend"),
)
APPROVAL = Family(
    "imagestore_waits_for_approval",
    "1 while all that keeps an ImageBucket from being Ready is a change that waits for a token in spec.approve.",
    ("namespace", "name", "backend"),
)
USAGE_OBJECTS = Family(
    "imagestore_bucket_usage_objects",
    "How many objects an ImageBucket holds, as its status says: where the store tells, moved by 5 % or more.",
    ("namespace", "name", "backend"),
)
USAGE_BYTES = Family(
    "imagestore_bucket_usage_bytes", "How many bytes, likewise.", ("namespace", "name", "backend")
)
QUOTA_BYTES = Family(
    "imagestore_bucket_quota_bytes",
    "How many bytes an ImageBucket may hold by its spec; absent: it has no quota.",
    ("namespace", "name", "backend"),
)
NEARLY_FULL = Family(
    "imagestore_bucket_quota_nearly_full",
    "1 while as much of an ImageBucket's quota is used as quota.warnPercent says, or more.",
    ("namespace", "name", "backend"),
)
FINDING = Family(
    "imagestore_finding",
    "1 while something was found that somebody should know of, though the spec does not forbid it.",
    ("namespace", "name", "backend", "finding"),
)
FAMILIES = (
    QUEUE_DEPTH, QUEUE_AGE, QUEUE_RUNNING, QUEUE_DELAYED, SURVEYS,
    OBJECTS, BUCKET_READY, BACKEND_READY, TIER, POLICY_READY, POLICY_BUCKETS, FACETS, DRIFT_SINCE, DRIFT_OVER,
    CONTENT_LOST, APPROVAL, USAGE_OBJECTS, USAGE_BYTES, QUOTA_BYTES, NEARLY_FULL, FINDING,
)  # fmt: skip


class Source(Protocol):
    """Whoever knows the present values of some families."""

    def __call__(self) -> Iterable[Sample]:
        """The samples of this moment; called from the scraping thread."""


class Live:
    """A collector of all families, filled by sources when it is scraped."""

    def __init__(self) -> None:
        self._sources: tuple[Source, ...] = ()

    def serve(self, *sources: Source) -> None:
        """Ask these from now on, in place of those before.

        In one step: a scrape runs in a thread of its own, and one that came in between told of no object at all.
        """
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """As prometheus-client asks for it."""
        made = {f.name: GaugeMetricFamily(f.name, f.text, labels=f.labels) for f in FAMILIES}
        for source in self._sources:
            for family, labels, value in source():
                made[family.name].add_metric(labels, value)
        yield from made.values()


LIVE = Live()
REGISTRY.register(LIVE)
for _collector in (ProcessCollector, PlatformCollector, GCCollector):
    _collector(registry=REGISTRY)


def describe() -> list[Description]:
    """Every metric of ours, by name: what docs/metrics.md lists."""
    known = [_described(metric) for metric in _declared()]
    known += [Description(f.name, "gauge", f.labels, f.text) for f in FAMILIES]
    return sorted(known, key=lambda d: d.name)


def _declared() -> list[Counter | Gauge | Histogram]:
    return [v for v in globals().values() if isinstance(v, Counter | Gauge | Histogram)]


def _described(metric: Counter | Gauge | Histogram) -> Description:
    kind = str(metric._type)
    name = f"{metric._name}_total" if kind == "counter" else metric._name
    return Description(name, kind, tuple(metric._labelnames), metric._documentation)


def page() -> str:
    """docs/metrics.md."""
    rows = [
        f"| `{d.name}` | {d.type} | {', '.join(f'`{label}`' for label in d.labels) or 'none'} | {d.text} |"
        for d in describe()
    ]
    head = ["# Metrics", "", "Generated from `operator/imagestore/metrics.py`; served at `/metrics`.", ""]
    table = ["| metric | type | labels | what it says |", "|---|---|---|---|"]
    return "\n".join([*head, *table, *rows, ""])
