"""The kinds by name, each imported when it is asked for.

A manifest of a StorageBackend needs the models of no other kind, whose import takes 0.2 s. ``api.kinds`` has all at once.
"""

from importlib import import_module
from typing import cast

from imagestore.api.kind import Kind

_PLACES = {
    "StorageBackend": ("backend_kind", "STORAGE_BACKEND"),
    "LifecyclePolicy": ("policy_kinds", "LIFECYCLE_POLICY"),
    "ReplicationPolicy": ("policy_kinds", "REPLICATION_POLICY"),
    "BackupSchedule": ("backup_kinds", "BACKUP_SCHEDULE"),
    "Backup": ("backup_kinds", "BACKUP"),
    "Restore": ("backup_kinds", "RESTORE"),
    "ImageBucket": ("bucket_kind", "IMAGE_BUCKET"),
}
KIND_NAMES = tuple(_PLACES)


def kind_named(name: str) -> Kind | None:
    """The kind of this name, if there is one."""
    if name not in _PLACES:
        return None
    module, record = _PLACES[name]
    return cast("Kind", getattr(import_module(f"imagestore.api.{module}"), record))
