"""What a policy asks of the runs that copy for it, and what they have found.

A run compares both buckets once and copies what differs. It takes long, so it goes on in threads beside the reconciles; a
reconcile says what is to be run, and reads what the last run found.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, Protocol

from imagestore.core.reasons import Reason

RunSide = Literal["source", "destination"]


@dataclass(frozen=True)
class JobEnd:
    """A bucket of a run. ``backend``: the StorageBackend's name. ``owner``: namespace/name of its ImageBucket, whose owner mark
    must be there; empty: none need be. ``prefix``: text before each key.
    """

    backend: str
    bucket: str
    owner: str
    prefix: str = ""


@dataclass(frozen=True)
class ReplicationJob:
    """What the runs of one policy do. ``policy``: its uid. Durations in seconds.

    ``since``: only objects modified at or after this time (ms since 1970). ``storage_class``: of copies; empty: the default.
    ``only_compare``: the store replicates by itself. ``sample``: so many objects are read on both sides after a run that ends at ``sample_due`` (of the clock) or later; 0: none.
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
        said += [self.deletes, self.policy, self.only_compare]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class RunTrouble:
    """Why a run ended early. ``side`` None: neither. ``message``: for people, without keys."""

    side: RunSide | None
    reason: Reason
    message: str


@dataclass(frozen=True)
class HeldRun:
    """Deletes that a run found and did not make. ``token`` empty: nothing lets them go before that is over."""

    token: str
    objects: int
    why: str


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
    with a listing that is older than itself. ``unequal_since``: about when the oldest change of the source was made that
    has no equal copy at the end; None: there is none. ``unverified``: objects that are taken for equal by size and time. ``skew``: by how much the clocks of both stores are ahead of ours. ``report``: key of the object that lists failed objects.
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
    unequal_since: float | None = None
    failed: Mapping[str, int] = field(default_factory=dict)  # by reason
    report: str | None = None
    lost: Mapping[str, int] = field(default_factory=dict)  # objects by attribute
    held: HeldRun | None = None
    parity: ParityFound | None = None
    skew: tuple[float, float] = (0.0, 0.0)
    trouble: RunTrouble | None = None

    @property
    def clean(self) -> bool:
        """Whether both buckets were equal at its end."""
        return self.complete and not self.failed and self.trouble is None

    @property
    def covered(self) -> float | None:
        """Every change of the source before this moment is at the destination. None: the run does not prove any."""
        if not self.complete:
            return None
        return self.listed if self.unequal_since is None else min(self.listed, self.unequal_since)


@dataclass(frozen=True)
class RunsState:
    """What is known of the runs of one job. ``since``: when the job was first asked for.

    ``copied``: objects and bytes of the run that goes on, now and then. ``stopping``: a run of another job still goes on, and ends at its next step. ``last``: the run that ended last. ``proven``: the one that covers most; a later one may have failed.
    ``transferred``: the last one that copied anything.
    """

    since: float
    running: bool = False
    copied: tuple[int, int] = (0, 0)
    stopping: bool = False
    last: RunReport | None = None
    proven: RunReport | None = None
    transferred: RunReport | None = None
    parity: ParityFound | None = None

    def after(self, report: RunReport) -> "RunsState":
        """With one more run."""
        moved = report if report.copied[0] else self.transferred
        seen = report.parity or self.parity
        return RunsState(self.since, last=report, proven=self._better(report), transferred=moved, parity=seen)

    def _better(self, report: RunReport) -> RunReport | None:
        known = self.proven.covered if self.proven else None
        if report.covered is None or (known is not None and known > report.covered):
            return self.proven
        return report


class PolicyRuns(Protocol):
    """The runs of one policy, as its reconcile sees them."""

    def ask(self, job: ReplicationJob) -> RunsState:
        """Have this job run at its interval, in the place of any other job, and tell what is known."""

    def wake_at(self, moment: float) -> None:
        """Reconcile the policy again at this moment of the clock."""

    def drop(self) -> None:
        """Run nothing for the policy; what runs ends at the next step."""
