"""What a policy asks of the runs that send its canaries, and what they have found. Pure."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace

from imagestore.reconcile.shared.runs import JobEnd, RunLane, RunProgress, RunTrouble

CANARY_RUNS = "canary"  # their purpose, beside the runs that compare


@dataclass(frozen=True)
class CanaryJob:
    """What canaries a policy sends. ``policy``: its uid. ``prefix``: before each key. ``patience``: seconds until one is given up."""

    policy: str
    source: JobEnd
    destination: JobEnd
    interval: float
    patience: float
    prefix: str = ""
    tags: tuple[tuple[str, str], ...] = ()

    lane = RunLane.CANARY

    @property
    def backends(self) -> frozenset[str]:
        """None: a canary that does not arrive keeps no other one from being sent."""
        return frozenset()

    @property
    def into(self) -> str:
        """See ``RunJob``."""
        return self.source.backend

    @property
    def digest(self) -> str:
        """See ``RunJob``."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:16]

    def at_once(self, _before: object) -> bool:
        """There is nothing to hurry for."""
        return False

    def first(self, now: float, before: object, known: object) -> "CanaryRuns":
        """What arrived between the same buckets stays proven."""
        same = isinstance(before, CanaryJob) and (before.source, before.destination) == (
            self.source,
            self.destination,
        )
        arrived = known.arrived if same and isinstance(known, CanaryRuns) else None
        return CanaryRuns(now, arrived=arrived)

    def failed(self, began: float, ended: float, trouble: RunTrouble) -> "CanaryReport":
        """See ``RunJob``."""
        return CanaryReport(began, ended, None, trouble)


@dataclass(frozen=True)
class CanaryReport:
    """One canary. ``delay``: the most that its copy took, in seconds; None: it did not arrive in time, or was not sent."""

    sent: float
    ended: float
    delay: float | None = None
    trouble: RunTrouble | None = None


@dataclass(frozen=True)
class CanaryRuns:
    """What is known of a policy's canaries. ``sent``: the one that is under way, by the clock. ``arrived``: the last that did."""

    since: float
    sent: float | None = None
    last: CanaryReport | None = None
    arrived: CanaryReport | None = None

    def after(self, report: CanaryReport) -> "CanaryRuns":
        """With one more."""
        return replace(self, last=report, arrived=self.arrived if report.delay is None else report)

    def seen(
        self, *, running: bool, stopping: str, began: float | None, progress: RunProgress
    ) -> "CanaryRuns":
        """With the one that is under way."""
        return replace(self, sent=began if running else None)

    def lag(self, _now: float) -> None:
        """What runs have read says more."""
