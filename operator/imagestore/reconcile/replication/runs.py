"""What a policy asks of the runs that copy for it, and what they have found.

A run compares both buckets once and copies what differs. It takes long, so it goes on in threads beside the reconciles; a
reconcile says what is to be run, and reads what the last run found.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from math import inf
from typing import Literal

from imagestore.core.reasons import Reason
from imagestore.reconcile.shared.pods import AS_THE_CHART, PodChoices
from imagestore.reconcile.shared.runs import JobEnd, RunLane, RunProgress, RunTrouble

CopySide = Literal["source", "destination"]


@dataclass(frozen=True)
class KnownRole:
    """What status.failover says; ``since`` in ISO 8601, of one length. Empty: it says nothing yet."""

    role: str = ""
    since: str = ""


@dataclass(frozen=True)
class ReplicationJob:
    """What the runs of one policy do. ``policy``: its uid. Durations in seconds.

    ``since``: only objects modified at or after this time (ms since 1970). ``storage_class``: of copies; empty: the default.
    ``only_compare``: the store replicates by itself. ``sample``: so many objects are read on both sides after a run that ends at ``sample_due`` (of the clock) or later; 0: none.
    ``shards``: pods of each run; None: as the backlog is worth.
    ``under_way``: the destination is or will be promoted, or not all of it has come back; ``failover``: its role by the status.
    ``left``: the side that is not written to any more, since ``failover.since``; None: none was left.
    ``lost``: two ways, the sides that were lost: what they do not have was not deleted there.
    ``held_by``: why no run may delete now; empty: it may. ``approved``: tokens of held deletes that a person approved.
    """

    policy: str
    source: JobEnd
    destination: JobEnd
    interval: float
    two_way: bool = False
    only_compare: bool = False
    prefixes: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    since: int | None = None
    storage_class: str = ""
    deletes: Literal["Ignore", "Markers", "Mirror"] = "Ignore"
    held_by: str = ""
    max_delete_percent: int = 5
    max_deletes: int = 1000
    approved: frozenset[str] = frozenset()
    sample: int = 0
    sample_due: float = 0.0
    bytes_per_second: int | None = None
    requests_per_second: int | None = None
    concurrency: int = 8
    shards: int | None = None
    pod: PodChoices = AS_THE_CHART
    under_way: bool = False
    failover: KnownRole | None = None
    left: CopySide | None = None
    lost: frozenset[CopySide] = frozenset()

    @property
    def lane(self) -> RunLane:
        """See ``RunJob``."""
        return RunLane.REPLICATION

    @property
    def backends(self) -> frozenset[str]:
        """See ``RunJob``."""
        return frozenset({self.source.backend, self.destination.backend})

    @property
    def into(self) -> str:
        """See ``RunJob``."""
        return self.destination.backend

    @property
    def pair(self) -> tuple[object, ...]:
        """What one run proves for another job of the same pair is true for this one: ends and filter."""
        return self.policy, self.source, self.destination, self.prefixes, self.tags, self.since

    @property
    def digest(self) -> str:
        """The same for jobs of which one run's result answers for the other: ends, filter and how deletes are made."""
        said = [
            asdict(self.source),
            asdict(self.destination),
            self.two_way,
            self.prefixes,
            self.tags,
            self.since,
        ]
        said += [self.deletes, self.policy, self.only_compare, *sorted(self.lost)]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]

    def at_once(self, before: "ReplicationJob") -> bool:
        """What decides about deletes is acted on without delay: a run that began before a hold made deletes all the same."""
        return self._guard != before._guard

    @property
    def _guard(self) -> tuple[object, ...]:
        return self.approved, self.held_by, self.max_deletes, self.max_delete_percent

    def first(self, now: float, before: object, known: object) -> "RunsState":
        """What another job of the same pair has proven stays proven."""
        same = isinstance(before, ReplicationJob) and before.pair == self.pair
        if not same or not isinstance(known, RunsState):
            return RunsState(now)
        return RunsState(now, proven=known.proven, admitted=known.admitted)

    def failed(self, began: float, ended: float, trouble: RunTrouble) -> "RunReport":
        """See ``RunJob``."""
        return RunReport(began, ended, complete=False, listed=began, trouble=trouble)


@dataclass(frozen=True)
class HeldRun:
    """Deletes that a run found and did not make. ``token`` empty: nothing lets them go before that is over.

    ``copies``: no deletes, but copies over newer objects of others.
    """

    token: str
    objects: int
    why: str
    copies: bool = False


@dataclass(frozen=True)
class ParityFound:
    """What a sample told, and when it was read, by the process' clock. ``mismatched``: other bytes, or missing on one side."""

    at: float
    sampled: int
    mismatched: int
    unreadable: int = 0


@dataclass(frozen=True)
class RunReport:
    """What one run found. Times are seconds of the process' clock.

    ``complete``: both buckets were listed to their end. ``listed``: when the listing began; a run that was interrupted goes on
    with a listing that is older than itself. ``unequal_since``: about when the oldest change of the source, two ways of either side, was made that
    has no equal copy at the end; None: there is none. ``attributes_since``: every change of
    tags, locks and metadata before was found; None: not known. ``unverified``: objects that are taken for equal by size and time. ``skew``: by how much the clocks of both stores are ahead of ours. ``report``: key of the object that lists failed objects.
    ``late_writes``: objects that were brought over from the side that is not written to any more.
    ``admitted``: the destination does not say that it was promoted by another policy.
    """

    began: float
    ended: float
    complete: bool
    listed: float
    two_way: bool = False
    copied: tuple[int, int] = (0, 0)  # objects, bytes
    backlog: tuple[int, int] = (0, 0)
    unverified: int = 0
    deleted: int = 0
    conflicts: int = 0
    late_writes: int = 0
    unequal_since: float | None = None
    attributes_since: float | None = None
    failed: Mapping[str, int] = field(default_factory=dict)  # by reason
    report: str | None = None
    lost: Mapping[str, int] = field(default_factory=dict)  # objects by attribute
    held: HeldRun | None = None
    parity: ParityFound | None = None
    skew: tuple[float, float] = (0.0, 0.0)
    trouble: RunTrouble | None = None
    admitted: bool = False

    @property
    def clean(self) -> bool:
        """Whether both buckets were equal at its end."""
        return self.complete and not self.failed and self.trouble is None and not self.mismatched

    @property
    def mismatched(self) -> int:
        """Objects of its sample that differ. Whatever was proven before is not true of them."""
        return self.parity.mismatched if self.parity is not None else 0

    @property
    def covered(self) -> float | None:
        """Every change of the source before this moment is at the destination. None: the run does not prove any."""
        if not self.complete or self.mismatched:
            return None
        return self.listed if self.unequal_since is None else min(self.listed, self.unequal_since)


@dataclass(frozen=True)
class RunsState:
    """What is known of the runs of one job. ``since``: when the job was first asked for; -inf: a sample has disproven all.

    ``copied``: objects and bytes of the run that goes on, now and then; ``left``: about what it is still to copy, None: not known. ``stopping``: why a run of another job may still write; empty: none does. ``last``: the run that ended last. ``proven``: the one that covers most; a later one may have failed.
    ``transferred``: the last one that copied anything. ``admitted``: a run has seen that the destination was not promoted by another policy.
    ``late_writes``: of all runs; ``late_report``: of the last one that had any.
    """

    since: float
    running: bool = False
    copied: tuple[int, int] = (0, 0)
    left: tuple[int, int] | None = None
    stopping: str = ""
    last: RunReport | None = None
    proven: RunReport | None = None
    transferred: RunReport | None = None
    parity: ParityFound | None = None
    admitted: bool = False
    late_writes: int = 0
    late_report: str | None = None

    def after(self, report: RunReport) -> "RunsState":
        """With one more run."""
        moved = report if report.copied[0] else self.transferred
        seen = report.parity or self.parity
        known: tuple[float, RunReport | None] = (self.since, self._better(report))
        since, proven = (-inf, None) if report.mismatched else known
        refused = report.trouble is not None and report.trouble.reason is Reason.STILL_PROMOTED
        admitted = report.admitted or (self.admitted and not refused)
        return RunsState(
            since,
            last=report,
            proven=proven,
            transferred=moved,
            parity=seen,
            admitted=admitted,
            late_writes=self.late_writes + report.late_writes,
            late_report=report.report if report.late_writes else self.late_report,
        )

    def seen(
        self, *, running: bool, stopping: str, began: float | None, progress: RunProgress
    ) -> "RunsState":
        """With the run that goes on."""
        del began
        copied, left = (progress.objects, progress.bytes), None
        if progress.of_objects is not None:
            whole = (progress.of_objects, progress.of_bytes or 0)
            left = (max(0, whole[0] - copied[0]), max(0, whole[1] - copied[1]))
        admitted = self.admitted or progress.admitted
        return replace(self, running=running, stopping=stopping, copied=copied, left=left, admitted=admitted)

    def lag(self, now: float) -> float | None:
        """Seconds since the moment before which every change of the source is at the destination."""
        covered = self.proven.covered if self.proven else None
        return None if covered is None else now - covered

    def attributes_lag(self, now: float) -> float | None:
        """Seconds since the moment before which every change of tags, locks and metadata was found; None: not known."""
        since = self.proven.attributes_since if self.proven else None
        return None if since is None else now - since

    def _better(self, report: RunReport) -> RunReport | None:
        known = self.proven.covered if self.proven else None
        if report.covered is None or (known is not None and known > report.covered):
            return self.proven
        return report
