"""All that is run for one bucket's backups after they are made."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from imagestore.api.backupschedulestatus import BackedUpBucket, DrillTimes
from imagestore.reconcile.schedule.checking import BackedUp, UpkeepStep, drill_step, full_check, quick_check
from imagestore.reconcile.schedule.locking import locks
from imagestore.reconcile.schedule.removing import removal
from imagestore.reconcile.schedule.situation import ScheduleSituation
from imagestore.reconcile.shared.ends import EndView, unusable, unwritable
from imagestore.reconcile.shared.repositories import RepositoryEnd, repository_end, repository_prefix
from imagestore.reconcile.shared.runs import RunTrouble

PURPOSES = ("quick", "full", "drill", "removal", "locks")
WITHOUT_BACKUPS, WHILE_SUSPENDED = ("full", "locks"), ("locks",)
_Step = Callable[[BackedUp], UpkeepStep]
_STEPS: Mapping[str, _Step] = {"full": full_check, "locks": locks}


@dataclass(frozen=True)
class Upkeep:
    """A bucket after all of it. ``trouble``: the first one. ``working``: something goes on."""

    bucket: BackedUpBucket
    working: bool = False
    trouble: RunTrouble | None = None


def upkeep(s: ScheduleSituation, bucket: BackedUpBucket, times: DrillTimes | None) -> Upkeep:
    """Have run what is due, and take over what ended."""
    source = _source(s, bucket)
    if source is None:
        _drop(s, bucket)
        return Upkeep(bucket)
    return _carried(s, bucket, (quick_check, full_check, partial(drill_step, times=times), removal, locks))


def kept(s: ScheduleSituation, bucket: BackedUpBucket, purposes: Iterable[str]) -> Upkeep:
    """While no Backup is made, whatever has become of the source: contents are read back, or locks alone are extended."""
    end = s.repository
    if end is None or any(unusable("repository", end, "BackupSchedule")) or any(unwritable(end)):
        _drop(s, bucket)
        return Upkeep(bucket)
    return _carried(s, bucket, [_STEPS[purpose] for purpose in purposes])


def _source(s: ScheduleSituation, bucket: BackedUpBucket) -> EndView | None:
    return next((source for source in s.sources if source.name == bucket.name), None)


def _drop(s: ScheduleSituation, bucket: BackedUpBucket) -> None:
    for purpose in PURPOSES:
        s.runs(f"{purpose}/{bucket.name}").drop()


def _carried(s: ScheduleSituation, bucket: BackedUpBucket, steps: Iterable[_Step]) -> Upkeep:
    last = bucket.last
    if last is None or s.repository is None:
        _drop(s, bucket)  # what runs may be in the repository that the spec named before
        return Upkeep(bucket)
    working, trouble = False, None
    place, source = _repository(s, bucket.name), _source(s, bucket)
    for step in steps:
        done = step(BackedUp(s, bucket, last, place, source))
        bucket, working, trouble = done.bucket, working or done.working, trouble or done.trouble
    return Upkeep(bucket.having(trouble=trouble.message if trouble else None), working, trouble)


def _repository(s: ScheduleSituation, bucket: str) -> RepositoryEnd:
    assert s.repository is not None, "a refusal says so"  # noqa: S101
    spec = s.spec.repository
    prefix = repository_prefix(spec.prefix, bucket, group=s.is_group) or None
    return repository_end(s.meta.namespace, spec.model_copy(update={"prefix": prefix}), s.repository)
