"""Backup: one backup of a bucket's objects, made once."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from sys import intern
from typing import Any

from pydantic import ValidationError

from imagestore import metrics
from imagestore.api.backup import BackupDefinition, BackupSpec, BackupStatus
from imagestore.api.kinds import BACKUP, IMAGE_BUCKET, STORAGE_BACKEND
from imagestore.controller.backing_up import BackupRun
from imagestore.controller.making_backups import makes_backups
from imagestore.controller.runtime import Cause, KindRuntime, Pass, Wake
from imagestore.controller.services import Services
from imagestore.controller.state.cache import ObjectChange
from imagestore.controller.state.index import Edge
from imagestore.controller.state.objects import Key, Stored, lenient, understood
from imagestore.controller.state.raw import RawObject, mapping, moment
from imagestore.controller.work.queue import Lane
from imagestore.core.reasons import Reason
from imagestore.kinds.parts.ends import end_view
from imagestore.kinds.parts.inputs import meta
from imagestore.kinds.parts.relations import TO_REFERENCE
from imagestore.kinds.parts.schedules import wake_schedule
from imagestore.reconcile.backup.reconcile import OVER, reconcile
from imagestore.reconcile.backup.runs import BackupJob
from imagestore.reconcile.backup.situation import BackupSituation
from imagestore.reconcile.shared.ends import EndRefusal

SCHEDULE = "BackupSchedule"
_AT_ONCE = 8  # worked on at once: what they wait for is the API server's answer to a status
_SETTLED_FOR = 30 * 86400.0  # seconds until a backup that is over is reconciled again after a restart


@dataclass(frozen=True, slots=True)
class BackupFacts:
    """What is remembered of a Backup besides the envelope."""

    source: str  # empty: the schedule says it
    repository: str
    schedule: str
    over: bool
    numbers: tuple[tuple[str, float], ...]  # of its status, by what they count


StoredBackup = Stored[BackupFacts]


def _facts(raw: RawObject) -> BackupFacts:
    status = raw.status
    return BackupFacts(
        _bucket(raw.spec, "source"),
        _bucket(raw.spec, "repository"),
        intern(str(mapping(raw.spec.get("scheduleRef")).get("name", ""))),
        status.get("phase") in OVER,
        tuple(_numbers(status)),
    )


def _bucket(spec: Mapping[str, Any], side: str) -> str:
    return intern(str(mapping(mapping(spec.get(side)).get("bucketRef")).get("name", "")))


def _numbers(status: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    found = {name: status.get(name) for name in ("objects", "bytes", "newBytes")}
    found |= {
        "failed": mapping(status.get("failed")).get("count"),
        "finished": moment(status.get("finished")),
    }
    yield from ((name, float(n)) for name, n in found.items() if isinstance(n, int | float))


class BackupInputs:
    """Makes situations."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def forget(self, key: Key) -> None:
        """The object is gone."""

    def of(self, obj: StoredBackup, this: Pass) -> Callable[[], BackupSituation]:
        """What is remembered is looked up now, in the event loop; a thread makes the situation of it."""
        known = self._services
        said = {} if obj.extra.over or obj.deleting else _said(known, obj)
        names = (_bucket(said, side) for side in ("source", "repository"))
        source, repository = (end_view(known, obj.key.namespace, name) for name in names)

        def made() -> BackupSituation:
            spec = understood(BackupSpec, obj.spec)
            definition, undefined = _definition(obj, said)
            return BackupSituation(
                meta=meta(known, obj),
                spec=spec,
                status=lenient(BackupStatus, obj.status),
                definition=definition,
                undefined=undefined,
                source=source(),
                repository=repository(),
                runs=known.runs.of(obj.key),
                settings=known.settings,
                now=known.now(),
                clock=known.clock(),
            )

        return made


def _said(known: Services, obj: StoredBackup) -> Mapping[str, Any]:
    """The spec that says what to back up, as it did when the run began; empty: there is none."""
    if not obj.extra.schedule:
        return mapping(json.loads(obj.spec))
    if obj.status and (begun := lenient(BackupStatus, obj.status).definition):
        return mapping(json.loads(begun))
    schedule = known.cache.get(Key(SCHEDULE, obj.key.namespace, obj.extra.schedule))
    return mapping(json.loads(schedule.spec)) if schedule else {}


def _definition(
    obj: StoredBackup, said: Mapping[str, Any]
) -> tuple[BackupDefinition | None, EndRefusal | None]:
    name = obj.extra.schedule
    if not said:
        message = f"there is no BackupSchedule {name} in this namespace; create it, or name another one"
        return None, EndRefusal(Reason.SCHEDULE_NOT_FOUND, message, waits=True)
    if not _bucket(said, "source"):
        message = f"the BackupSchedule {name} is for a group of buckets; give source and repository instead of scheduleRef"
        return None, EndRefusal(Reason.SCHEDULE_OF_A_GROUP, message)
    try:
        return BackupDefinition.model_validate({k: said[k] for k in _SAID if k in said}), None
    except ValidationError:
        message = f"the BackupSchedule {name} cannot be understood by this version of the operator; see its Ready condition"
        return None, EndRefusal(Reason.SPEC_NOT_UNDERSTOOD, message)


_SAID = tuple(field.alias or name for name, field in BackupDefinition.model_fields.items())


def _edges(obj: StoredBackup) -> Iterator[Edge]:
    """A backup that waits for a bucket or its schedule goes on when that is there."""
    facts, namespace = obj.extra, obj.key.namespace
    named = [(IMAGE_BUCKET.name, name) for name in sorted({facts.source, facts.repository}) if name]
    named += [(SCHEDULE, facts.schedule)] if facts.schedule else []
    yield from (Edge(TO_REFERENCE, Key(kind, namespace, name)) for kind, name in named)


_METRICS = {
    "objects": metrics.BACKUP_OBJECTS,
    "bytes": metrics.BACKUP_BYTES,
    "newBytes": metrics.BACKUP_NEW_BYTES,
    "failed": metrics.BACKUP_FAILED,
    "finished": metrics.BACKUP_FINISHED,
}


def _samples(objects: Sequence[StoredBackup]) -> Iterator[metrics.MetricSample]:
    for obj in objects:
        for counted, number in obj.extra.numbers:
            yield _METRICS[counted], (obj.key.namespace, obj.key.name), number


def _affects(services: Services, change: ObjectChange, _: Cause) -> Iterator[Wake]:
    """Its schedule, and Restores that name it and wait for its end."""
    yield from wake_schedule(change)
    before, after = change.before, change.after
    if before is not None and after is not None and before.extra.over == after.extra.over:
        return
    obj = after or before
    assert obj is not None, "something has changed"  # noqa: S101
    yield from map(Wake, services.cache.pointing(TO_REFERENCE, obj.key))


BACKUPS = KindRuntime(
    kind=BACKUP,
    finalizer=None,  # what it wrote stays: deleting the object deletes nothing
    remember=_facts,
    edges=_edges,
    lane=lambda _, key: (Lane(key.kind), _AT_ONCE),
    needs=lambda _: (STORAGE_BACKEND.name, IMAGE_BUCKET.name),
    inputs=BackupInputs,
    reconcile=reconcile,
    affects=_affects,
    rests=lambda _, obj: _SETTLED_FOR if obj.extra.over else None,
    gone=lambda services, key: services.runs.forget(key),
    samples=_samples,
    carries=lambda parts: {BackupJob: BackupRun(parts, makes_backups(parts))},
)
