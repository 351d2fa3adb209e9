"""What a removal leaves behind: a scattered index, uploads of killed runs, files of runs that are over, lists and records that are done."""

from collections.abc import Iterator

from imagestore.repository.format.names import (
    BACKUPS,
    BLOBS,
    RUNS,
    TRASH,
    VERIFIED,
    backup_file,
    is_repository_file,
    trash_file,
)
from imagestore.repository.removing.compacting import compact_index, index_is_scattered
from imagestore.repository.removing.options import PruneReport
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.replacing import replaced_by, standing, superseded
from imagestore.repository.store.runs import KnownRun, LiveRun, document_bytes, known_runs
from imagestore.repository.store.view import Backups, CondemnedFiles

MOST_LISTS = 16


def tidy(repository: Repository, run: LiveRun, report: PruneReport, over: list[CondemnedFiles]) -> None:
    """Delete what tells nothing more. ``over``: ripe lists of which every file is gone."""
    if index_is_scattered(repository) and not report.refused:
        report.refused |= compact_index(repository, f"{run.run}-tidy", lambda _container: False)
    _abort_uploads(repository, report)
    names = [*_roots_left(repository, over), *_lists(repository, run.run, over)]
    names += superseded(repository, VERIFIED)
    run.beat()
    report.refused |= repository.files.delete(names)


def _abort_uploads(repository: Repository, report: PruneReport) -> None:
    """End uploads of runs that were killed."""
    files = repository.files
    for upload in files.store.uploads(files.bucket, prefix=files.prefix + BLOBS):
        ours = is_repository_file(upload.key.removeprefix(files.prefix))
        if ours and report.now - upload.started >= repository.grace:
            files.store.abort(files.bucket, upload.key, upload.upload)
            report.aborted_uploads += 1


def old_runs(repository: Repository, found: Backups, now: int) -> Iterator[str]:
    """The files of runs that tell nothing more."""
    there = {file.name for file in repository.files.current(RUNS)}
    done = (run for run in known_runs(repository) if _is_over(run, found, now, repository))
    return (f"{RUNS}{run.run}" for run in done if f"{RUNS}{run.run}" in there)


def _is_over(run: KnownRun, found: Backups, now: int, repository: Repository) -> bool:
    """Whether the file of a run tells nothing more. The mark of a dead run stays for ever."""
    finished = run.done or run.ended or run.run in {root.run for root in found.roots}
    return finished and run.silent(now) >= repository.grace


def _roots_left(repository: Repository, over: list[CondemnedFiles]) -> Iterator[str]:
    """Forgotten roots that are there again, because another program deleted the marker over them."""
    there = {file.name for file in repository.files.current(BACKUPS)}
    return (backup_file(name) for one in over for name in one.forgotten if backup_file(name) in there)


def _lists(repository: Repository, run: str, over: list[CondemnedFiles]) -> list[str]:
    """The lists that are to be deleted.

    A version of a forgotten root could be taken for a backup, so its name has to stay. Where the bucket keeps versions, a deleted list
    is read through its marker, too: one list then replaces many, else each command would read all that there ever were.
    """
    there = {file.name for file in repository.files.ever(BACKUPS)}
    if not repository.files.versioned:
        return [one.name for one in over if not any(backup_file(name) in there for name in one.forgotten)]
    if len(over) < MOST_LISTS:
        return []
    merged = {one.name for one in over}
    lists = [one for one in standing(repository, TRASH) if one.name in merged]
    forgotten = {name for one in over for name in one.forgotten if backup_file(name) in there}
    content = {
        "files": [],
        "forgotten": sorted(forgotten),
        "replaces": replaced_by(repository, TRASH, lists),
    }
    name = trash_file(f"{run}-merged")
    repository.files.write(name, document_bytes(repository, name, content))
    current = {file.name for file in repository.files.current(TRASH)}
    return sorted(merged & current)
