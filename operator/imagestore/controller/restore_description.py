"""The description of a restore that the pod of a Job writes, as JSON. It holds no credentials, no key of a repository and no list of keys."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from imagestore.controller.opening import Unready
from imagestore.controller.restore_folder import RestoreFolder, chosen_content
from imagestore.controller.restore_source import RestoreMoment, root_to_restore
from imagestore.controller.restore_writing import RestoreManner, RestoreWriting
from imagestore.core.keys import unquoted, url_encoded
from imagestore.core.reasons import Reason
from imagestore.reconcile.shared.runs import RunTrouble
from imagestore.repository.history.choosing import MomentSource, with_witness
from imagestore.repository.history.listing import BucketHistory
from imagestore.repository.history.moments import VersionRemoval
from imagestore.repository.restoring.plain import NOT_OURS
from imagestore.repository.restoring.selection import RestoreSelection
from imagestore.repository.store.files import RepositoryFiles
from imagestore.repository.store.opening import Repository
from imagestore.transfer.descriptions import DescriptionKind, StoreNamed, described_place, end_of_place
from imagestore.transfer.pace import MovingLimits
from imagestore.transfer.paced_store import run_pace

RESTORE_DESCRIPTION = DescriptionKind("restore", 1, ("destination", "repository", "versions"))


@dataclass(frozen=True)
class DescribedRestore:
    """A restore with its stores. ``run``: the id of this order. ``selection``: without the list of keys. ``chosen``: see
    ``RestoreFolder.chosen_of``.
    """

    run: str
    folder: RestoreFolder
    files: RepositoryFiles | None
    history: BucketHistory | None
    selection: RestoreSelection
    manner: RestoreManner
    chosen: Mapping[str, Any]

    def writing(self, repository: Repository | None, clock: Callable[[], float]) -> RestoreWriting:
        """What is to be written. Raises Unready, RepositoryProblem and StoreError."""
        try:
            chosen = self.folder.chosen_of(self.chosen)
        except NOT_OURS:
            message = (
                "the list of keys that the restore keeps at its destination is not the one that it chose"
            )
            raise Unready(RunTrouble("destination", Reason.KEYS_NOT_LISTED, message)) from None
        moment = self._moment(repository, chosen.source, chosen.backup, chosen.keys)
        return RestoreWriting(moment, self.folder, chosen, self.manner, clock, clock())

    def _moment(
        self, repository: Repository | None, source: MomentSource, backup: str, listed: frozenset[str]
    ) -> RestoreMoment:
        selection = replace(self.selection, keys=listed)
        if source is MomentSource.VERSIONS and self.history is not None:
            history = self.history if repository is None else with_witness(self.history, repository)
            return RestoreMoment(selection, history=history)
        assert repository is not None, "what is no version is in a backup"  # noqa: S101
        root = root_to_restore(repository, backup)
        return RestoreMoment(selection, repository=repository, root=root)


def limited_restore(restore: DescribedRestore, stop: Callable[[], bool]) -> DescribedRestore:
    """The restore with its stores behind its limits."""
    pace, files, history = run_pace(restore.manner.limits, stop), restore.files, restore.history
    folder = replace(restore.folder, end=pace.end(restore.folder.end, counted=True))
    if files is not None:
        files = replace(files, store=pace.store(files.store, counted=False))
    if history is not None:
        history = replace(history, end=pace.end(history.end, counted=False))
    return replace(restore, folder=folder, files=files, history=history)


def described_restore(writing: RestoreWriting, repository: Repository | None, run: str) -> str:
    """The description."""
    moment, folder = writing.moment, writing.folder
    told = {
        "form": RESTORE_DESCRIPTION.form,
        "run": run,
        "uid": folder.uid,
        "destination": described_place(folder.end.store, folder.end.bucket, folder.end.prefix),
        "repository": _repository(repository),
        "versions": _history(moment.history),
        "prefixes": [url_encoded(p) for p in moment.selection.prefixes],
        "first": [url_encoded(p) for p in moment.selection.first],
        "manner": asdict(writing.manner),
        "chosen": chosen_content(writing.chosen),
    }
    return json.dumps(told, indent=1) + "\n"


def _repository(repository: Repository | None) -> dict[str, str] | None:
    if repository is None:
        return None
    files = repository.files
    return described_place(files.store, files.bucket, files.prefix)


def _history(history: BucketHistory | None) -> dict[str, Any] | None:
    if history is None:
        return None
    end = history.end
    return {
        **described_place(end.store, end.bucket, end.prefix),
        "moment": history.moment,
        "removals": [[url_encoded(r.prefix), r.kept] for r in history.removals],
    }


def restore_of(text: str, store: StoreNamed, part: str) -> DescribedRestore:
    """What ``described_restore`` wrote, with the stores. ``part``: names the parts of the report. Raises WrongDescription."""
    told = RESTORE_DESCRIPTION.parsed(text)
    with RESTORE_DESCRIPTION.whole():
        return DescribedRestore(
            told["run"],
            RestoreFolder(end_of_place(told["destination"], store), told["uid"], part),
            _files_of(told["repository"], store),
            _history_of(told["versions"], store),
            RestoreSelection(
                tuple(map(unquoted, told["prefixes"])), first=tuple(map(unquoted, told["first"]))
            ),
            RestoreManner(**{**told["manner"], "limits": MovingLimits(**told["manner"]["limits"])}),
            dict(told["chosen"]),
        )


def _files_of(place: Mapping[str, Any] | None, store: StoreNamed) -> RepositoryFiles | None:
    if place is None:
        return None
    return RepositoryFiles(store(place["backend"]), place["bucket"], unquoted(place["prefix"]))


def _history_of(told: Mapping[str, Any] | None, store: StoreNamed) -> BucketHistory | None:
    if told is None:
        return None
    removals = tuple(VersionRemoval(unquoted(prefix), kept) for prefix, kept in told["removals"])
    return BucketHistory(end_of_place(told, store), told["moment"], removals)
