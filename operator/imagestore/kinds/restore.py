"""Restore: brings back what a backup, or a bucket's own versions, hold; or drills that it could be brought back."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from sys import intern
from typing import Any

from imagestore.api.kinds import IMAGE_BUCKET, RESTORE, STORAGE_BACKEND
from imagestore.api.restore import RestoreSpec
from imagestore.api.restorestatus import RestoreStatus
from imagestore.controller.carrying_restores import carries_restores
from imagestore.controller.restoring import RestoreRun
from imagestore.controller.runtime import KindRuntime, Pass
from imagestore.controller.services import Services
from imagestore.controller.state.index import Edge
from imagestore.controller.state.objects import Key, NotUnderstood, Stored, lenient, understood
from imagestore.controller.state.raw import RawObject, mapping
from imagestore.controller.work.queue import Lane
from imagestore.kinds.parts.ends import end_view
from imagestore.kinds.parts.inputs import meta
from imagestore.kinds.parts.relations import TO_REFERENCE
from imagestore.kinds.parts.samples import of_restores
from imagestore.reconcile.restore.origin import kept_origin, latest_of, named_backup, stated
from imagestore.reconcile.restore.reconcile import HELD, reconcile
from imagestore.reconcile.restore.runs import RestoreJob
from imagestore.reconcile.restore.situation import RestoreOrigin, RestoreSituation

_AT_ONCE = 4
_SETTLED_FOR = 30 * 86400.0  # seconds until a Restore that is over is reconciled again after a restart
_BACKUP, _SCHEDULE = "Backup", "BackupSchedule"


@dataclass(frozen=True, slots=True)
class RestoreFacts:
    """What is remembered of a Restore besides the envelope. ``names``: what its spec names, by kind."""

    phase: str
    failed: int
    names: tuple[tuple[str, str], ...]


StoredRestore = Stored[RestoreFacts]


def _facts(raw: RawObject) -> RestoreFacts:
    failed = mapping(raw.status.get("failed")).get("count")
    return RestoreFacts(
        intern(str(raw.status.get("phase") or "Pending")),
        failed if isinstance(failed, int) else 0,
        tuple(dict.fromkeys((kind, name) for kind, name in _named(raw.spec) if name)),
    )


def _named(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    latest, listed = mapping(spec.get("latestOf")), mapping(mapping(spec.get("filter")).get("keysFrom"))
    yield _BACKUP, _name(spec.get("backupRef"))
    yield _SCHEDULE, _name(latest.get("scheduleRef"))
    for holder in (
        spec.get("destination"), spec.get("repository"), spec.get("versionsOf"), latest, listed,
    ):  # fmt: skip
        yield IMAGE_BUCKET.name, _name(mapping(holder).get("bucketRef"))


def _name(reference: Any) -> str:
    return intern(str(mapping(reference).get("name") or ""))


def _edges(obj: StoredRestore) -> Iterator[Edge]:
    """A change of what it names may let it begin."""
    for kind, name in obj.extra.names:
        yield Edge(TO_REFERENCE, Key(kind, obj.key.namespace, name))


class RestoreInputs:
    """Makes situations."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def forget(self, key: Key) -> None:
        """The object is gone."""

    def of(self, obj: StoredRestore, _this: Pass) -> Callable[[], RestoreSituation]:
        """What is remembered is looked up now, in the event loop; a thread makes the situation of it."""
        known, namespace = self._services, obj.key.namespace
        spec = _spec(obj)
        begun = kept_origin(lenient(RestoreStatus, obj.status))
        origin = begun or (self._origin(namespace, spec) if spec is not None else RestoreOrigin())
        listed = spec.filter.keys_from if spec is not None and spec.filter else None
        names = (
            spec.destination.bucket_ref.name if spec is not None else "",
            origin.repository.bucket_ref.name if origin.repository else "",
            origin.source,
            listed.bucket_ref.name if listed else "",
        )
        destination, repository, source, keys = (end_view(known, namespace, name) for name in names)
        beside = self._beside(namespace, names[0])
        return lambda: RestoreSituation(
            meta=meta(known, obj),
            spec=understood(RestoreSpec, obj.spec),
            status=lenient(RestoreStatus, obj.status),
            origin=origin,
            destination=destination(),
            repository=repository(),
            source=source(),
            keys=keys(),
            runs=known.runs.of(obj.key),
            settings=known.settings,
            now=known.now(),
            clock=known.clock(),
            beside=beside,
        )

    def _beside(self, namespace: str, bucket: str) -> frozenset[str]:
        """The Restores that name a bucket: what another one left there is nobody's."""
        cache = self._services.cache
        naming = cache.pointing(TO_REFERENCE, Key(IMAGE_BUCKET.name, namespace, bucket))
        return frozenset(o.uid for o in cache.found(naming) if o.key.kind == RESTORE.name)

    def _origin(self, namespace: str, spec: RestoreSpec) -> RestoreOrigin:
        found = stated(spec)
        if found is not None:
            return found
        if spec.latest_of is not None:
            schedule, _ = self._raw(_SCHEDULE, namespace, spec.latest_of.schedule_ref.name)
            return latest_of(spec.latest_of, schedule)
        name = spec.backup_ref.name if spec.backup_ref is not None else ""
        backup, status = self._raw(_BACKUP, namespace, name)
        schedule, _ = self._raw(_SCHEDULE, namespace, _name((backup or {}).get("scheduleRef")))
        return named_backup(name, backup, status, schedule)

    def _raw(
        self, kind: str, namespace: str, name: str
    ) -> tuple[Mapping[str, Any] | None, Mapping[str, Any]]:
        found = self._services.cache.get(Key(kind, namespace, name))
        return (None, {}) if found is None else (json.loads(found.spec), json.loads(found.status))


def _spec(obj: StoredRestore) -> RestoreSpec | None:
    """None: it is not understood, which the thread says."""
    try:
        return understood(RestoreSpec, obj.spec)
    except NotUnderstood:
        return None


RESTORES = KindRuntime(
    kind=RESTORE,
    finalizer=None,  # what it wrote stays
    remember=_facts,
    edges=_edges,
    lane=lambda _, key: (Lane(key.kind), _AT_ONCE),
    needs=lambda _: (STORAGE_BACKEND.name, IMAGE_BUCKET.name, RESTORE.name),
    inputs=RestoreInputs,
    reconcile=reconcile,
    rests=lambda _, obj: _SETTLED_FOR if obj.extra.phase in ("Succeeded", "Failed") else None,
    gone=lambda services, key: services.runs.forget(key),
    carries=lambda parts: {RestoreJob: RestoreRun(parts, carries_restores(parts))},
    conditions=(HELD,),
    samples=of_restores,
)
