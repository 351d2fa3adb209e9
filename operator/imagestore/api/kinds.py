"""The kinds of the API, all of them. CRDs, RBAC, clients and reference pages are made from these records."""

from imagestore import GROUP, VERSION
from imagestore.api.backend_kind import STORAGE_BACKEND
from imagestore.api.backup_kinds import BACKUP, BACKUP_SCHEDULE, RESTORE
from imagestore.api.bucket_kind import IMAGE_BUCKET
from imagestore.api.kind import Column, Kind
from imagestore.api.policy_kinds import LIFECYCLE_POLICY, REPLICATION_POLICY
from imagestore.core.model import Model

__all__ = [
    "BACKUP",
    "BACKUP_SCHEDULE",
    "GROUP",
    "IMAGE_BUCKET",
    "KINDS",
    "LIFECYCLE_POLICY",
    "REPLICATION_POLICY",
    "RESTORE",
    "STORAGE_BACKEND",
    "VERSION",
    "Column",
    "Kind",
    "kind_of",
]

# Policies before buckets: what was listed last is judged by what is known already.
KINDS = (
    STORAGE_BACKEND,
    LIFECYCLE_POLICY,
    REPLICATION_POLICY,
    BACKUP_SCHEDULE,
    BACKUP,
    RESTORE,
    IMAGE_BUCKET,
)


def kind_of(spec: type[Model]) -> Kind:
    """The kind whose objects have such a spec."""
    return next(kind for kind in KINDS if kind.spec is spec)
