"""One run of a Restore: open what it needs as it is now, choose and count before anything is written, restore, and say what was found."""

from dataclasses import dataclass, replace
from uuid import uuid4

from imagestore.controller.carrying import RunControl
from imagestore.controller.carrying_restores import BY_OPERATOR, AskedRestore, RestoreCarrier
from imagestore.controller.key_lists import key_list
from imagestore.controller.opening import RunParts, Unready, troubled
from imagestore.controller.restore_agreed import (
    OverwriteAgreement,
    agreed_again,
    agreed_first,
    loses_objects,
)
from imagestore.controller.restore_drill import run_drill
from imagestore.controller.restore_folder import ChosenRestore, FailedRows, RestoreFolder
from imagestore.controller.restore_leftovers import empty_leftovers
from imagestore.controller.restore_source import (
    RestoreMoment,
    backup_moment,
    selection_of,
    versions_moment,
)
from imagestore.controller.restore_writing import RestoreManner, RestoreWriting, restore_totals
from imagestore.controller.state.objects import Key
from imagestore.controller.watching import JobTrouble
from imagestore.core.errors import StoreError
from imagestore.core.reasons import Reason
from imagestore.reconcile.restore.runs import RestoreFound, RestoreJob
from imagestore.reconcile.shared.runs import RunTrouble
from imagestore.repository.errors import RepositoryProblem, RunStopped
from imagestore.repository.history.choosing import ChosenSource, MomentSource, chosen_source, with_witness
from imagestore.repository.history.listing import BucketHistory
from imagestore.repository.restoring.checkpoint import RestoreCheckpoint
from imagestore.repository.restoring.options import RestoreOptions
from imagestore.repository.restoring.selection import ExistingPolicy, RestoreSelection
from imagestore.repository.store.opening import Repository
from imagestore.transfer.sorting import DiskFull


@dataclass(frozen=True)
class RestoreRun:
    """Carries out RestoreJobs."""

    parts: RunParts
    carrier: RestoreCarrier = BY_OPERATOR

    def __call__(self, key: Key, job: RestoreJob, control: RunControl) -> RestoreFound | None:
        """See ``CarryOut``."""
        began = self.parts.clock()
        try:
            parts = self.parts.paced(job.limits, control.stop, "destination")
            found = _Once(parts, self.carrier, key, job, control, began).run()
        except RunStopped:
            return None
        except JobTrouble as error:
            return RestoreFound(began, self.parts.clock(), error.trouble)
        except (Unready, RepositoryProblem, StoreError) as error:
            return RestoreFound(began, self.parts.clock(), troubled(error, None))
        except DiskFull as error:
            trouble = RunTrouble(None, Reason.UNAVAILABLE, f"the operator's disk is full: {error}")
            return RestoreFound(began, self.parts.clock(), trouble)
        return None if found is None else replace(found, ended=self.parts.clock())


class _Once:
    def __init__(
        self,
        parts: RunParts,
        carrier: RestoreCarrier,
        key: Key,
        job: RestoreJob,
        control: RunControl,
        began: float,
    ) -> None:
        self.parts, self.carrier, self.key = parts, carrier, key
        self.job, self.control, self.began = job, control, began
        self.target = parts.end("destination", job.destination)

    def run(self) -> RestoreFound | None:
        """Everything; None: it was stopped."""
        job = self.job
        folder = RestoreFolder(self.target, job.uid, uuid4().hex[:12])
        if job.tidy:
            folder.empty()
            empty_leftovers(self.target, job.known)
            return RestoreFound(self.began, self.began)
        if job.sample is None and (ended := folder.ended(self.began)) is not None:
            return ended
        repository = self.parts.repository(job.repository) if job.repository is not None else None
        if job.sample is not None:
            assert repository is not None, "a drill names a backup"  # noqa: S101
            return run_drill(job, repository, self.target, self.began, self.stopped)
        moment, before, chosen = self._opened(repository, folder)
        asked = self._asked(repository, folder, moment, chosen, guarded=loses_objects(job, self.target))
        if (found := self.carrier.found_again(asked)) is not None:
            return found
        kept = folder.checkpoint()
        kept.abort_uploads(self.target)
        if before:
            counting = RestoreOptions(moment.selection, point=kept.point)
            agreement = agreed_again(job, chosen, moment, self.target, counting)
        else:
            agreement = agreed_first(job, chosen, restore_totals(chosen), self.target)
        if agreement.held:
            return _held(folder, kept, agreement, asked.writing.found())
        folder.choose(agreement.chosen)
        asked = self._asked(repository, folder, moment, agreement.chosen, guarded=agreement.guarded)
        return self.carrier.carried(asked, kept)

    def _asked(
        self,
        repository: Repository | None,
        folder: RestoreFolder,
        moment: RestoreMoment,
        chosen: ChosenRestore,
        *,
        guarded: bool,
    ) -> AskedRestore:
        manner = RestoreManner(self.job.conflict, self.job.read_back, guarded, self.job.limits)
        writing = RestoreWriting(moment, folder, chosen, manner, self.parts.clock, self.began)
        return AskedRestore(self.key, self.job, writing, repository, self.control)

    def stopped(self) -> bool:
        """Asked between batches."""
        self.control.give_way()
        return self.control.stop()

    def _opened(
        self, repository: Repository | None, folder: RestoreFolder
    ) -> tuple[RestoreMoment, bool, ChosenRestore]:
        """What is restored: as an earlier run chose, and whether one did; or chosen and counted now."""
        job, before = self.job, folder.chosen()
        if before is not None and len(before.plan) != len(job.priorities) + 1:
            before = None  # another program wrote it
        listed = key_list(self.parts, job) if before is None else before.keys
        history, trouble = versions_moment(self.parts, job, repository)
        if history is not None and repository is not None:
            history = with_witness(history, repository)
        if before is not None:
            moment = self._moment(before.source, repository, history, before.backup, listed)
            return moment, True, before
        selection = selection_of(job, _prefix(repository, history), listed)
        found = self._chosen(history, selection, trouble)
        moment = self._moment(found.source, repository, history, job.backup, listed)
        options = RestoreOptions(moment.selection, ExistingPolicy(job.conflict))
        plan = moment.plan(self.target, options)
        return moment, False, ChosenRestore(found.source, found.why, moment.backup, plan, listed)

    def _moment(
        self,
        source: MomentSource,
        repository: Repository | None,
        history: BucketHistory | None,
        backup: str,
        listed: frozenset[str],
    ) -> RestoreMoment:
        if source is MomentSource.VERSIONS and history is not None:
            return RestoreMoment(selection_of(self.job, history.end.prefix, listed), history=history)
        if (
            repository is None or source is MomentSource.VERSIONS
        ):  # what was begun from versions goes on from them
            trouble = RunTrouble(
                "source", Reason.BUCKET_NOT_READY, "the bucket whose versions are restored cannot be read now"
            )
            raise Unready(trouble)
        return backup_moment(self.job, repository, backup, listed)

    def _chosen(
        self, history: BucketHistory | None, selection: RestoreSelection, trouble: str
    ) -> ChosenSource:
        wanted = MomentSource(self.job.wanted)
        if wanted is MomentSource.REPOSITORY:
            return ChosenSource(wanted, "the newest backup, or the one that was asked for")
        if history is None:
            if wanted is MomentSource.VERSIONS:
                raise Unready(RunTrouble("source", Reason.BUCKET_NOT_READY, trouble))
            return ChosenSource(MomentSource.REPOSITORY, trouble)
        return chosen_source(wanted, history, selection)


def _held(
    folder: RestoreFolder, kept: RestoreCheckpoint, agreement: OverwriteAgreement, found: RestoreFound
) -> RestoreFound:
    """It waits, also in the middle: with the numbers of what was done before."""
    failed = FailedRows(folder)
    failed.resume()
    counts = kept.point.counts
    reasons = dict(failed.reasons) if counts.failed else {}
    return replace(found, held=agreement.held, unapproved=agreement.unapproved, counts=counts, failed=reasons)


def _prefix(repository: Repository | None, history: BucketHistory | None) -> str:
    if history is not None:
        return history.end.prefix
    return repository.source.prefix if repository is not None else ""
