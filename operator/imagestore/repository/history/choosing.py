"""Whether a moment is restored from a bucket's own versions or from a backup."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from imagestore.repository.errors import DamagedFile, RepositoryProblem
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.history.listing import BucketHistory
from imagestore.repository.history.moments import HistorySurvey
from imagestore.repository.restoring.selection import RestoreSelection
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.view import backups, leaf_given


class MomentSource(StrEnum):
    """Where the objects of a moment come from."""

    AUTO = "Auto"  # the versions if they tell all, else the repository
    REPOSITORY = "Repository"
    VERSIONS = "Versions"


@dataclass(frozen=True)
class ChosenSource:
    """``source``: never Auto. ``why``: as a sentence without a key."""

    source: MomentSource
    why: str
    survey: HistorySurvey | None = None


def chosen_source(wanted: MomentSource, history: BucketHistory, selection: RestoreSelection) -> ChosenSource:
    """Survey the versions where they are meant or may do. StoreError."""
    if wanted is MomentSource.REPOSITORY:
        return ChosenSource(wanted, "it was asked for")
    survey = history.survey(selection)
    if survey.complete:
        return ChosenSource(MomentSource.VERSIONS, "the bucket's versions reach back to this moment", survey)
    if wanted is MomentSource.VERSIONS:
        return ChosenSource(wanted, f"it was asked for, though {survey.why}", survey)
    return ChosenSource(MomentSource.REPOSITORY, survey.why, survey)


def with_witness(history: BucketHistory, repository: Repository) -> BucketHistory:
    """The history, to which the last backup that ended before the moment tells which keys there were then."""
    older = [root for root in backups(repository).roots if root.finished <= history.moment]
    if not older:
        return history
    root = max(older, key=lambda r: r.finished)
    return replace(history, known=lambda: backed_up_keys(repository, root))


def backed_up_keys(repository: Repository, root: BackupRoot) -> Iterator[str]:
    """The keys of a backup in the order of their bytes. A leaf that is damaged, or that the store refuses, tells of none."""
    for ref in root.leaves:
        try:
            rows = leaf_given(repository, ref.name)
        except DamagedFile:
            continue
        yield from (row.key for row in rows)


def backup_before(repository: Repository, moment: int | None) -> BackupRoot:
    """The last backup that began at or before a moment; without one the newest. RepositoryProblem."""
    found = backups(repository)
    if moment is not None:
        return found.as_of(moment)
    if not found.roots and not found.refused:
        raise RepositoryProblem(f"{repository.files} has no backup")
    return found.named("latest")
