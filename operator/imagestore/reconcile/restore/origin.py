"""Which repository, and which of its backups, a Restore means. Pure."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from imagestore.api.repositories import BackupRepository
from imagestore.api.restore import LatestBackup, RestoreSpec
from imagestore.api.restorestatus import RestoreOriginStatus, RestoreStatus
from imagestore.core.reasons import Reason
from imagestore.reconcile.restore.situation import RestoreOrigin
from imagestore.reconcile.shared.ends import EndRefusal
from imagestore.reconcile.shared.repositories import repository_prefix

_WHOLE = ("Succeeded", "PartiallyFailed")


def named_backup(
    name: str, spec: Mapping[str, Any] | None, status: Mapping[str, Any], schedule: Mapping[str, Any] | None
) -> RestoreOrigin:
    """The backup of a Backup. ``schedule``: the spec of the BackupSchedule that it names, if it names one that exists.

    Where it is says the Backup's own status: a schedule that it names may have been edited or deleted since.
    """
    if spec is None:
        message = f"there is no Backup {name} in this namespace; create it, or name the repository in spec.repository"
        return _waits(Reason.BACKUP_NOT_FOUND, message)
    phase, root = str(status.get("phase") or "Pending"), str(status.get("backup") or "")
    if phase == "Failed":
        return _ends(
            Reason.BACKUP_NOT_FOUND, f"the Backup {name} has failed, so it holds nothing; name another one"
        )
    if phase not in _WHOLE or not root:
        return _waits(Reason.BACKUP_NOT_READY, f"the Backup {name} has not ended yet (phase {phase})")
    made = _origin(f"the Backup {name}", status, root)
    if made.refusal is None:
        return made
    of_schedule = spec.get("scheduleRef")
    if not of_schedule:
        return _origin(f"the Backup {name}", spec, root)
    if schedule is None:
        named = _name(of_schedule)
        message = f"the Backup {name} names the BackupSchedule {named}, which is not there; name the repository in spec.repository of a new Restore"
        return _waits(Reason.BACKUP_NOT_FOUND, message)
    return _origin(
        f"the BackupSchedule {_name(of_schedule)}",
        {**schedule, **{k: spec[k] for k in ("source", "repository") if k in spec}},
        root,
    )


def latest_of(wanted: LatestBackup, schedule: Mapping[str, Any] | None) -> RestoreOrigin:
    """The newest backup of a schedule. Each bucket of a selector has a repository of its own."""
    name = wanted.schedule_ref.name
    if schedule is None:
        message = f"there is no BackupSchedule {name} in this namespace; name the repository in spec.repository of a new Restore"
        return _waits(Reason.BACKUP_NOT_FOUND, message)
    many = "bucketSelector" in (schedule.get("source") or {})
    if many and wanted.bucket_ref is None:
        message = f"the BackupSchedule {name} backs up several buckets; say which one in latestOf.bucketRef of a new Restore"
        return _ends(Reason.BACKUP_NOT_FOUND, message)
    if wanted.bucket_ref is None:
        return _origin(f"the BackupSchedule {name}", schedule)
    bucket = wanted.bucket_ref.name
    if not many:
        return _origin(f"the BackupSchedule {name}", schedule)
    found = _origin(f"the BackupSchedule {name}", schedule)
    if found.repository is None:
        return found
    below = repository_prefix(found.repository.prefix, bucket, group=many)
    return RestoreOrigin(found.repository.model_copy(update={"prefix": below}), source=bucket)


def kept_origin(status: RestoreStatus) -> RestoreOrigin | None:
    """What a restore that was begun takes its objects from: the history of a schedule deletes Backups, and specs are edited."""
    held = status.origin
    return RestoreOrigin(held.repository, held.backup or "", held.bucket or "") if held is not None else None


def origin_status(origin: RestoreOrigin) -> RestoreOriginStatus:
    """For ``kept_origin``. Nothing refuses it."""
    return RestoreOriginStatus(
        repository=origin.repository, backup=origin.backup or None, bucket=origin.source or None
    )


def stated(spec: RestoreSpec) -> RestoreOrigin | None:
    """What the spec says itself; None: it names a Backup or a BackupSchedule."""
    if spec.repository is not None:
        return RestoreOrigin(spec.repository)
    if spec.versions_of is not None:
        return RestoreOrigin(source=spec.versions_of.bucket_ref.name)
    return None


def _origin(what: str, spec: Mapping[str, Any], backup: str = "") -> RestoreOrigin:
    try:
        repository = BackupRepository.model_validate(spec.get("repository"))
    except ValidationError:
        return _waits(Reason.BACKUP_NOT_FOUND, f"{what} names no repository that this version understands")
    return RestoreOrigin(repository, backup, _name((spec.get("source") or {}).get("bucketRef")))


def _name(reference: Any) -> str:
    return str(reference.get("name") or "") if isinstance(reference, Mapping) else ""


def _waits(reason: Reason, message: str) -> RestoreOrigin:
    return RestoreOrigin(refusal=EndRefusal(reason, message, waits=True))


def _ends(reason: Reason, message: str) -> RestoreOrigin:
    return RestoreOrigin(refusal=EndRefusal(reason, message))
