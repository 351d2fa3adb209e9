"""Write what a Restore has chosen, and report it: in the operator, or in the pod of a Job."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import SystemRandom

from imagestore.controller.restore_folder import ChosenRestore, FailedRows, RestoreFolder
from imagestore.controller.restore_source import RestoreMoment
from imagestore.reconcile.restore.runs import RestoreFound, RestoreTotals
from imagestore.repository.restoring.checkpoint import RestoreCheckpoint
from imagestore.repository.restoring.options import (
    RestoreOptions,
    RestorePoint,
    RestoreProgress,
    RestoreReport,
    RestoreState,
)
from imagestore.repository.restoring.selection import ExistingPolicy
from imagestore.transfer.pace import MovingLimits


@dataclass(frozen=True)
class RestoreManner:
    """``conflict``: as the spec says. ``read_back``: share of the written objects. ``guarded``: see ``OverwriteAgreement``."""

    conflict: str
    read_back: float
    guarded: bool
    limits: MovingLimits


@dataclass(frozen=True)
class RestoreWriting:
    """A restore that may begin, or go on. ``clock`` counts seconds; ``began``: by it."""

    moment: RestoreMoment
    folder: RestoreFolder
    chosen: ChosenRestore
    manner: RestoreManner
    clock: Callable[[], float]
    began: float

    def write(
        self,
        kept: RestoreCheckpoint,
        told: Callable[[RestoreProgress], None],
        stop: Callable[[], bool],
        ready: Callable[[], None],
    ) -> RestoreFound | None:
        """Write what is behind the checkpoint. None: it was stopped. ``ready``: called when it would go on from a later point.

        Raises StoreError, RepositoryProblem and DiskFull.
        """

        failed = FailedRows(self.folder)
        failed.resume()

        def save(point: RestorePoint) -> None:
            failed.saving(kept, point)
            ready()

        options = replace(self._options(kept, failed), save=save, told=told, stop=stop)
        report = self.moment.restore(self.folder.end, options)
        if report.state is RestoreState.STOPPED:
            return None
        failed.flush()
        return self._reported(failed, report)

    def _options(self, kept: RestoreCheckpoint, failed: FailedRows) -> RestoreOptions:
        manner = self.manner
        return RestoreOptions(
            self.moment.selection,
            ExistingPolicy(manner.conflict),
            kept.point,
            problem=failed.tell,
            uploads=kept,
            read_back=manner.read_back,
            random=SystemRandom(),
            at_once=manner.limits.at_once,
            until=self.chosen.until if manner.guarded else None,
        )

    def found(self) -> RestoreFound:
        """What is known before anything is written."""
        chosen, began = self.chosen, self.began
        return RestoreFound(
            began,
            began,
            source=chosen.source,
            source_reason=chosen.why,
            backup=chosen.backup,
            totals=restore_totals(chosen),
            unread=self.moment.unread,
        )

    def _reported(self, failed: FailedRows, report: RestoreReport) -> RestoreFound:
        found, reasons = self.found(), dict(failed.reasons) if report.counts.failed else {}
        key = self.folder.reported(reasons)
        why = _gap(report, found.totals) if report.state is RestoreState.SUCCEEDED else report.why
        ended = replace(found, counts=report.counts, failed=reasons, report=key, why=why)
        ended = replace(ended, ended=self.clock())
        self.folder.finish(ended)
        return ended


def restore_totals(chosen: ChosenRestore) -> RestoreTotals:
    """What all passes of a plan do together."""
    plan = chosen.plan
    return RestoreTotals(
        sum(p.objects for p in plan),
        sum(p.bytes for p in plan),
        sum(p.present for p in plan),
        max((p.newest for p in plan), default=0),
    )


def _gap(report: RestoreReport, totals: RestoreTotals | None) -> str:
    """Why a restore that met no failure has not succeeded: versions may be deleted while it goes on. Empty: it has."""
    c, planned = report.counts, totals.objects if totals is not None else 0
    missed = planned - (c.restored + c.equal + c.kept + c.failed)
    return (
        f"{missed} of the {planned} objects that were counted first were not there any more"
        if missed > 0
        else ""
    )
