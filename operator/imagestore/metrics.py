"""Every metric that the operator exposes, so that docs/metrics.md can list all.

No label is unbounded but an object's own namespace and name. Series with those are made at scrape time from the
objects that the operator knows, so that none outlives its object.
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


BUILD = _gauge("build_info", "Always 1; the label is the operator's version.", "version")
BUILD.labels(__version__).set(1)

RECONCILES = _counter("reconciles", "Reconciles by outcome.", "kind", "outcome")
RECONCILE_DURATION = _histogram(
    "reconcile_duration_seconds", "Duration of a reconcile, calls to the store included.", "kind"
)
API_CALLS = _counter("api_calls", "Calls to the Kubernetes API.", "verb", "resource", "code")
KUBERNETES_EVENTS = _counter(
    "events", "Kubernetes Events by outcome: sent, aggregated or dropped.", "outcome"
)
AUDITS = _counter("audits", "Comparisons of all cached objects with the Kubernetes API.", "kind")
AUDIT_MISMATCHES = _counter(
    "audit_mismatches",
    "Cached objects that differed from the Kubernetes API in a comparison: a watch missed a change.",
    "kind",
)
KIND_FORBIDDEN = _gauge(
    "kind_forbidden",
    "Whether the operator is denied listing or watching this kind (0 or 1). It serves the other kinds and logs the missing right.",
    "kind",
)
JOBS_ENDED = _counter(
    "jobs_ended",
    "Jobs of runs that ended, by the kind of their object and by outcome: complete or failed.",
    "kind",
    "outcome",
)
LEASE = _gauge("lease_held", "Whether this replica holds the Lease and works (0 or 1).")
LOOP_LAG = _gauge("loop_lag_seconds", "Delay of the event loop at its last heartbeat.")
TASKS = _gauge("tasks", "Tasks of the event loop at its last heartbeat. A number that only grows is a leak.")
SECRET_CHANGES = _counter(
    "secret_changes", "Changes of Secrets after which the operator reconnected to a backend."
)

STORE_CALLS = _counter(
    "store_calls",
    "Calls to a store by outcome: ok or the class of the error. Each attempt counts.",
    "backend",
    "operation",
    "outcome",
)
STORE_CALL_DURATION = _histogram(
    "store_call_duration_seconds",
    "Duration of a call to a store, without the wait for the operator's rate limiter.",
    "backend",
)
STORE_THROTTLED = _counter("store_throttled", "Calls that a store throttled (503 SlowDown, 429).", "backend")
STORE_RATE_LIMITER_WAIT = _counter(
    "store_rate_limiter_wait_duration_seconds",
    "Time that calls waited for the backend's rate limiter.",
    "backend",
)
STORE_CIRCUIT_OPEN = _gauge(
    "store_circuit_open",
    "Whether the circuit breaker is open (0 or 1): the store did not answer, so calls fail at once.",
    "backend",
)
SURVEY_KEYS = _counter(
    "survey_keys", "Keys listed by surveys, which count what lifecycle rules would delete.", "backend"
)
SURVEY_DURATION = _counter(
    "survey_duration_seconds",
    "Time that surveys took, the wait for the backend's rate limiter included.",
    "backend",
)

STORE_NOTIFICATIONS = _counter(
    "notifications",
    "Notifications of stores by result: heard, ignored (of a bucket that no policy replicates on notifications), unauthorized, malformed, throttled, or standby (this replica does not work).",
    "result",
)


@dataclass(frozen=True)
class StoreMetrics:
    """Counts the calls to one backend; see ``backends.guard.call.Observer``."""

    backend: str

    def called(self, operation: str, outcome: str, seconds: float) -> None:
        """Count one attempt."""
        STORE_CALLS.labels(self.backend, operation, outcome).inc()
        STORE_CALL_DURATION.labels(self.backend).observe(seconds)
        if outcome == "Throttled":
            STORE_THROTTLED.labels(self.backend).inc()

    def waited(self, seconds: float) -> None:
        """Add the seconds that the rate limiter delayed a call."""
        STORE_RATE_LIMITER_WAIT.labels(self.backend).inc(seconds)

    def circuit(self, *, opened: bool) -> None:
        """Set the state of the circuit breaker."""
        STORE_CIRCUIT_OPEN.labels(self.backend).set(int(opened))

    def forget(self) -> None:
        """Remove the series of a deleted backend."""
        for metric in (
            STORE_CALLS,
            STORE_CALL_DURATION,
            STORE_THROTTLED,
            STORE_RATE_LIMITER_WAIT,
            STORE_CIRCUIT_OPEN,
            SURVEY_KEYS,
            SURVEY_DURATION,
        ):
            metric.remove_by_labels({"backend": self.backend})


@dataclass(frozen=True)
class Family:
    """A gauge whose series are made at scrape time."""

    name: str
    text: str
    labels: tuple[str, ...]


MetricSample = tuple[Family, tuple[str, ...], float]

_LANE = ("kind", "backend")
QUEUE_DEPTH = Family(
    "imagestore_queue_depth",
    "Objects that wait in the work queue. Each backend has a lane for itself and one for its ImageBuckets; all LifecyclePolicies share one, without a backend.",
    _LANE,
)
QUEUE_AGE = Family(
    "imagestore_queue_age_seconds", "Time that the oldest object in the lane has waited.", _LANE
)
QUEUE_RUNNING = Family("imagestore_queue_running", "Objects that are being reconciled.", _LANE)
QUEUE_DELAYED = Family("imagestore_queue_delayed", "Objects whose next reconcile is in the future.", ())
SURVEYS = Family(
    "imagestore_surveys", "Surveys of buckets by state: running or waiting.", ("backend", "state")
)
OBJECTS = Family(
    "imagestore_objects",
    "Objects by the status of their Ready condition; Unknown also counts those without one.",
    ("kind", "ready"),
)
STATUS_CONDITION = Family(
    "imagestore_status_condition",
    "Conditions of an object: 1 for the status that the condition has, 0 for the other two of True, False and Unknown. Ready is Unknown before the first reconcile; a suspended object may have none.",
    ("kind", "namespace", "name", "backend", "condition", "status"),
)
TIER_STATE = Family(
    "imagestore_backend_tier_state",
    "State of a remote tier of a StorageBackend: 1 for the state that it has, 0 for the others of InSync, Missing, Differs and Stale.",
    ("backend", "tier", "state"),
)
POLICY_BUCKETS = Family(
    "imagestore_policy_buckets",
    "Buckets that a LifecyclePolicy matches, by the state of its rules there.",
    ("namespace", "name", "state"),
)
SETTING_STATES = Family("imagestore_settings", "Settings of all buckets by state.", ("setting", "state"))
_BUCKET = ("namespace", "name", "backend")
DRIFT_START = Family(
    "imagestore_bucket_drift_start_timestamp_seconds",
    "Unix time at which the present drift of an ImageBucket was detected. Absent without drift.",
    _BUCKET,
)
DRIFT_END = Family(
    "imagestore_bucket_drift_end_timestamp_seconds",
    "Unix time at which the last drift of an ImageBucket ended, whether the operator corrected it or not. Absent if status.drift.history is empty.",
    _BUCKET,
)
APPROVAL = Family(
    "imagestore_bucket_waits_for_approval",
    "Whether an ImageBucket is not Ready only because a held change waits for its token in spec.approve (0 or 1).",
    _BUCKET,
)
USAGE_OBJECTS = Family(
    "imagestore_bucket_usage_objects",
    "Objects in a bucket as status.usage has them. Absent if the store does not report it.",
    _BUCKET,
)
USAGE_BYTES = Family(
    "imagestore_bucket_usage_bytes",
    "Bytes in a bucket as status.usage has them. Absent if the store does not report it.",
    _BUCKET,
)
QUOTA_BYTES = Family(
    "imagestore_bucket_quota_bytes",
    "Quota of a bucket as spec.quota.hard has it. Absent without a quota.",
    _BUCKET,
)
_POLICY = ("namespace", "name")
REPLICATION_LAG = Family(
    "imagestore_replication_lag_seconds",
    "Age of the oldest change of the source, with both ways of either bucket, that may be missing in the other one, by what runs have read. Absent until a run of this process has read both buckets to the end.",
    _POLICY,
)
REPLICATION_ATTRIBUTES_LAG = Family(
    "imagestore_replication_attributes_lag_seconds",
    "Age of the oldest change of tags, locks or metadata that no listing shows and that runs may not have found yet. Absent until the attributes of every object were read again once.",
    _POLICY,
)
REPLICATION_FIRST_RUN = Family(
    "imagestore_replication_first_run",
    "1 until a run of a ReplicationPolicy has ended in this process, well or not. Absent after that.",
    _POLICY,
)
REPLICATION_BACKLOG_OBJECTS = Family(
    "imagestore_replication_backlog_objects",
    "Objects of the source that the last complete run left without an equal copy.",
    _POLICY,
)
REPLICATION_BACKLOG_BYTES = Family("imagestore_replication_backlog_bytes", "Bytes of these objects.", _POLICY)
REPLICATION_FAILED = Family(
    "imagestore_replication_failed_objects",
    "Objects that the last run could not copy. Absent: none.",
    _POLICY,
)
REPLICATION_HELD = Family(
    "imagestore_replication_held_deletes", "Deletes that wait for approval. Absent: none.", _POLICY
)
REPLICATION_CANARY = Family(
    "imagestore_replication_canary_delay_seconds",
    "Time that the last canary that arrived took to the destination, at most. Absent without spec.canary.",
    _POLICY,
)
JOB_SHARDS = Family(
    "imagestore_job_shards",
    "Shards of the Job that carries out an object's run, by state: done, failed, running (its pod is ready) or waiting (it is not)."
    " Absent: there is no Job.",
    ("kind", "namespace", "name", "state"),
)
RUNS = Family(
    "imagestore_runs",
    "Runs that move data, by lane (replication, backup, restore or maintenance), by the backend that they write to and by state:"
    " running, or due and waiting.",
    ("lane", "backend", "state"),
)
RUN_STALLED = Family(
    "imagestore_run_stalled_seconds",
    "Time since the run of a ReplicationPolicy, in the operator or as a Job, last listed or copied an object. Absent: no run goes on.",
    ("kind", "namespace", "name"),
)
RESTORE_PHASE = Family(
    "imagestore_restore_phase",
    "Whether the Restore is in this phase: Pending, Running, Held, Succeeded or Failed.",
    (*_POLICY, "phase"),
)
RESTORE_FAILED = Family(
    "imagestore_restore_failed_objects", "Objects that the Restore did not bring to the destination.", _POLICY
)
BACKUP_OBJECTS = Family(
    "imagestore_backup_objects", "Objects in the backup. Absent: there is no backup yet.", _POLICY
)
BACKUP_BYTES = Family("imagestore_backup_bytes", "Size of the objects in the backup.", _POLICY)
BACKUP_NEW_BYTES = Family(
    "imagestore_backup_new_bytes", "Bytes that the backup wrote to its repository.", _POLICY
)
BACKUP_FAILED = Family(
    "imagestore_backup_failed_objects", "Objects that could not be backed up. Absent: none.", _POLICY
)
BACKUP_FINISHED = Family(
    "imagestore_backup_finished_timestamp_seconds", "When the backup ended. Absent: it has not.", _POLICY
)
SCHEDULE_LAST_SUCCESS = Family(
    "imagestore_backup_schedule_last_success_timestamp_seconds",
    "When the run of the newest backup that succeeded began; of several buckets the oldest of these. Absent until each has one.",
    _POLICY,
)
SCHEDULE_LAST_VERIFIED = Family(
    "imagestore_backup_schedule_last_verified_timestamp_seconds",
    "When contents of backups were last read back, all of them whole. Absent until then, and while a damage is known.",
    _POLICY,
)
SCHEDULE_NEXT = Family(
    "imagestore_backup_schedule_next_timestamp_seconds",
    "When the next Backup of a BackupSchedule is made.",
    _POLICY,
)
SCHEDULE_MISSED = Family(
    "imagestore_backup_schedule_missed_runs",
    "Scheduled times that passed while no run could begin.",
    _POLICY,
)
SCHEDULE_SKIPPED = Family(
    "imagestore_backup_schedule_skipped_runs",
    "Scheduled times at which the run before had not ended.",
    _POLICY,
)
SCHEDULE_BYTES = Family(
    "imagestore_backup_schedule_repository_bytes",
    "Bytes of the files that the backups of a BackupSchedule need, by its last removals. Absent without retention.",
    _POLICY,
)
FAMILIES = (
    QUEUE_DEPTH, QUEUE_AGE, QUEUE_RUNNING, QUEUE_DELAYED, SURVEYS, OBJECTS, STATUS_CONDITION, TIER_STATE,
    POLICY_BUCKETS, SETTING_STATES, DRIFT_START, DRIFT_END, APPROVAL, USAGE_OBJECTS, USAGE_BYTES, QUOTA_BYTES,
    REPLICATION_LAG, REPLICATION_ATTRIBUTES_LAG, REPLICATION_BACKLOG_OBJECTS, REPLICATION_BACKLOG_BYTES, REPLICATION_FAILED, REPLICATION_HELD,
    REPLICATION_CANARY, REPLICATION_FIRST_RUN,
    RUNS, RUN_STALLED, JOB_SHARDS, BACKUP_OBJECTS, BACKUP_BYTES, BACKUP_NEW_BYTES, BACKUP_FAILED, BACKUP_FINISHED,
    SCHEDULE_LAST_SUCCESS, SCHEDULE_LAST_VERIFIED, SCHEDULE_NEXT, SCHEDULE_MISSED, SCHEDULE_SKIPPED, SCHEDULE_BYTES,
    RESTORE_PHASE, RESTORE_FAILED,
)  # fmt: skip


class SampleSource(Protocol):
    """Gives the present samples of some families."""

    def __call__(self) -> Iterable[MetricSample]:
        """Return the present samples. Called from the thread that serves the scrape."""


class Live:
    """A collector of all families, filled by its sources at each scrape."""

    def __init__(self) -> None:
        self._sources: tuple[SampleSource, ...] = ()

    def serve(self, *sources: SampleSource) -> None:
        """Replace the sources.

        In one step: a scrape runs in a thread of its own, and one that came in between exposed no object at all.
        """
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """Return all families with their samples; prometheus-client calls it."""
        made = {f.name: _empty(f) for f in FAMILIES}
        for source in self._sources:
            for family, labels, value in source():
                if family.name not in made:
                    made[family.name] = _empty(family)  # of a kind with families of its own
                made[family.name].add_metric(labels, value)
        yield from made.values()


def _empty(family: Family) -> GaugeMetricFamily:
    return GaugeMetricFamily(family.name, family.text, labels=family.labels)


LIVE = Live()
REGISTRY.register(LIVE)
for _collector in (ProcessCollector, PlatformCollector, GCCollector):
    _collector(registry=REGISTRY)
