"""BackupSchedule: makes Backups of ImageBuckets of its namespace, and has them checked, drilled and removed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from sys import intern
from typing import Any

from imagestore import metrics
from imagestore.api.backup import BackupSpec, BackupStatus
from imagestore.api.backupschedule import BackupScheduleSpec
from imagestore.api.backupschedulestatus import BackupScheduleStatus
from imagestore.api.kinds import BACKUP, BACKUP_SCHEDULE, IMAGE_BUCKET, STORAGE_BACKEND
from imagestore.controller.contributions import Contributes
from imagestore.controller.keeping import DrillRun, FullCheckRun, QuickCheckRun, RemovalRun
from imagestore.controller.rights import Right
from imagestore.controller.runtime import Cause, KindRuntime, Pass, Wake
from imagestore.controller.services import Services
from imagestore.controller.state.cache import ObjectChange
from imagestore.controller.state.objects import Key, Stored, lenient, understood
from imagestore.controller.state.raw import RawObject, mapping, moment, pairs
from imagestore.controller.work.queue import Lane
from imagestore.core.conditions import find
from imagestore.kinds.parts.ends import end_view
from imagestore.kinds.parts.inputs import meta
from imagestore.kinds.parts.schedules import schedule_of
from imagestore.reconcile.schedule.jobs import DrillJob, FullCheckJob, QuickCheckJob, RemovalJob
from imagestore.reconcile.schedule.locking import LOCKS_EXTENDED
from imagestore.reconcile.schedule.promises import (
    BACKUPS_VERIFIED,
    DRILLED,
    PROOF_OVERDUE,
    REMOVALS_HELD,
    WITHIN_RPO,
)
from imagestore.reconcile.schedule.ready import CLOCK_SET_BACK
from imagestore.reconcile.schedule.reconcile import reconcile
from imagestore.reconcile.schedule.situation import (
    SCHEDULE_LABEL,
    BackupView,
    OtherSchedule,
    ScheduleSituation,
    places,
    repository_place,
)

_AT_ONCE = 8  # worked on at once: they wait for the API server's answers


@dataclass(frozen=True, slots=True)
class ScheduleFacts:
    """What is remembered of a BackupSchedule besides the envelope. ``source`` empty: it selects by ``labels``."""

    source: str
    labels: frozenset[tuple[str, str]]
    repository: str
    prefix: str
    scratch: str
    numbers: tuple[tuple[str, float], ...]  # of its status, by metric

    def matches(self, bucket: Stored[Any]) -> bool:
        """Whether it backs up an ImageBucket."""
        if self.source:
            return bucket.key.name == self.source
        chosen = bool(self.labels) and self.labels <= frozenset(bucket.labels)
        return chosen and bucket.key.name != self.repository


StoredSchedule = Stored[ScheduleFacts]


def _facts(raw: RawObject) -> ScheduleFacts:
    source, repository = mapping(raw.spec.get("source")), mapping(raw.spec.get("repository"))
    drill = mapping(mapping(raw.spec.get("verify")).get("drill"))
    return ScheduleFacts(
        _named(source),
        frozenset(pairs(mapping(source.get("bucketSelector")).get("matchLabels"))),
        _named(repository),
        str(repository.get("prefix") or ""),
        _named(drill),
        tuple(_numbers(raw)),
    )


def _named(part: dict[str, Any]) -> str:
    return intern(str(mapping(part.get("bucketRef")).get("name", "")))


def _numbers(raw: RawObject) -> Iterator[tuple[str, float]]:
    for field, family in _TIMES.items():
        if (time := moment(raw.status.get(field))) is not None:
            yield family.name, time
    for field, family in _COUNTS.items():
        count = raw.status.get(field)
        yield family.name, float(count) if isinstance(count, int) else 0.0
    yield from ((metrics.SCHEDULE_BYTES.name, size) for size in _sizes(raw))


def _sizes(raw: RawObject) -> Iterator[float]:
    """Of the repositories of all buckets, once each of them is known."""
    buckets = raw.status.get("buckets")
    sizes = [
        mapping(mapping(b).get("removal")).get("bytes")
        for b in (buckets if isinstance(buckets, list) else ())
    ]
    known = [size for size in sizes if isinstance(size, int)]
    if known and len(known) == len(sizes):
        yield float(sum(known))


_TIMES = {
    "lastSuccess": metrics.SCHEDULE_LAST_SUCCESS,
    "lastVerified": metrics.SCHEDULE_LAST_VERIFIED,
    "nextRun": metrics.SCHEDULE_NEXT,
}
_COUNTS = {"missed": metrics.SCHEDULE_MISSED, "skipped": metrics.SCHEDULE_SKIPPED}
_BY_NAME = {f.name: f for f in (*_TIMES.values(), *_COUNTS.values(), metrics.SCHEDULE_BYTES)}


def _samples(objects: Sequence[StoredSchedule]) -> Iterator[metrics.MetricSample]:
    for obj in objects:
        for name, number in obj.extra.numbers:
            yield _BY_NAME[name], (obj.key.namespace, obj.key.name), number


class ScheduleInputs:
    """Makes situations."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def forget(self, key: Key) -> None:
        """The object is gone."""

    def of(self, obj: StoredSchedule, this: Pass) -> Callable[[], ScheduleSituation]:
        """What is remembered is looked up now, in the event loop; a thread makes the situation of it."""
        known, namespace, facts = self._services, obj.key.namespace, obj.extra
        view = partial(end_view, known, namespace)
        sources = [view(name) for name in sorted(_sources(known, obj))]
        repository, scratch = view(facts.repository), view(facts.scratch)
        there = known.cache.found(known.cache.inside(BACKUP.name, namespace))
        backups = [b for b in there if schedule_of(b) == obj.key.name]
        others = tuple(_older(known, obj))
        return lambda: ScheduleSituation(
            meta=meta(known, obj),
            spec=understood(BackupScheduleSpec, obj.spec),
            status=lenient(BackupScheduleStatus, obj.status),
            sources=tuple(end for made in sources if (end := made()) is not None),
            repository=repository(),
            backups=tuple(_view(known, backup, facts.source) for backup in backups),
            runs=lambda purpose: known.runs.of(obj.key, purpose),
            settings=known.settings,
            now=known.now(),
            clock=known.clock(),
            own=known.own,
            scratch=scratch(),
            others=others,
        )


def _sources(services: Services, obj: StoredSchedule) -> list[str]:
    there = services.cache.found(services.cache.inside(IMAGE_BUCKET.name, obj.key.namespace))
    return [bucket.key.name for bucket in there if obj.extra.matches(bucket) and not bucket.deleting]


def _view(services: Services, obj: Stored[Any], source: str) -> BackupView:
    status, spec = lenient(BackupStatus, obj.status), lenient(BackupSpec, obj.spec)
    ready = find(status.conditions, "Ready")
    return BackupView(
        obj.key.name,
        obj.uid,
        obj.extra.source or source,
        services.created(obj),
        status.phase or "",
        spec.scheduled_at,
        status.started,
        status.finished,
        status.backup or "",
        status.objects or 0,
        status.bytes or 0,
        ready.message if ready else "",
        SCHEDULE_LABEL in dict(obj.labels) and spec.scheduled_at is not None,
        obj.deleting,
        repository_place(spec.repository.bucket_ref.name, spec.repository.prefix) if spec.repository else "",
        spec.filter,
    )


def _older(services: Services, obj: StoredSchedule) -> Iterator[OtherSchedule]:
    inside = services.cache.inside(BACKUP_SCHEDULE.name, obj.key.namespace)
    for other in sorted(services.cache.found(inside), key=lambda o: o.age):
        if other.age < obj.age and not other.deleting:
            facts = other.extra
            names, group = _sources(services, other), not facts.source
            buckets = names if group else [facts.source]
            yield OtherSchedule(other.key.name, places(facts.repository, facts.prefix, buckets, group=group))


def _affects(services: Services, change: ObjectChange, _: Cause) -> Iterator[Wake]:
    """Two schedules may not share a repository: the others of the namespace judge again."""
    before, after = change.before, change.after
    if before is not None and after is not None and _shared(before) == _shared(after):
        return
    obj = after or before
    assert obj is not None, "something has changed"  # noqa: S101
    there = services.cache.inside(BACKUP_SCHEDULE.name, obj.key.namespace)
    yield from (Wake(key) for key in there if key != obj.key)


def _shared(obj: StoredSchedule) -> tuple[object, ...]:
    facts = obj.extra
    return obj.deleting, facts.source, facts.labels, facts.repository, facts.prefix


def _concerns(schedule: Stored[Any], bucket: Stored[Any]) -> bool:
    facts = schedule.extra
    return bucket.key.name in (facts.repository, facts.scratch) or facts.matches(bucket)


BACKUP_SCHEDULES = KindRuntime(
    kind=BACKUP_SCHEDULE,
    finalizer=None,  # its Backups and their data stay
    remember=_facts,
    lane=lambda _, key: (Lane(key.kind), _AT_ONCE),
    needs=lambda _: (STORAGE_BACKEND.name, IMAGE_BUCKET.name, BACKUP_SCHEDULE.name, BACKUP.name),
    # It gives its buckets nothing, and is told of each change of them.
    contributes=Contributes(
        to=IMAGE_BUCKET.name, includes=_concerns, given=lambda *_: (), unknown=lambda _: ()
    ),
    inputs=ScheduleInputs,
    reconcile=reconcile,
    affects=_affects,
    gone=lambda services, key: services.runs.forget(key),
    conditions=(
        *(WITHIN_RPO, BACKUPS_VERIFIED, DRILLED, PROOF_OVERDUE),
        *(REMOVALS_HELD, LOCKS_EXTENDED, CLOCK_SET_BACK),
    ),
    samples=_samples,
    carries=lambda parts: {
        QuickCheckJob: QuickCheckRun(parts),
        FullCheckJob: FullCheckRun(parts),
        DrillJob: DrillRun(parts),
        RemovalJob: RemovalRun(parts),
    },
    more_rights=(
        Right(
            BACKUP.group,
            BACKUP.plural,
            ("create", "delete"),
            "to make the Backups of BackupSchedules, and to delete those that are beyond spec.history",
        ),
    ),
)
