"""A repository of backups, as a run opens it. Pure."""

from dataclasses import dataclass

from imagestore.api.repositories import BackupRepository
from imagestore.reconcile.shared.ends import EndView
from imagestore.reconcile.shared.runs import JobEnd


@dataclass(frozen=True)
class RepositoryEnd:
    """Where a repository is. ``namespace``: where the Secret ``secret`` is that opens it; ``secret`` empty: it is not encrypted."""

    end: JobEnd
    namespace: str
    secret: str = ""


def repository_prefix(prefix: str | None, bucket: str, *, group: bool) -> str:
    """Where the repository of one bucket of a schedule is. In a group each has its own."""
    return f"{prefix or ''}{bucket}/" if group else prefix or ""


def repository_end(namespace: str, spec: BackupRepository, bucket: EndView) -> RepositoryEnd:
    """The repository that a spec describes, in a bucket that nothing speaks against."""
    secret = spec.encryption.secret_ref.name if spec.encryption else ""
    return RepositoryEnd(bucket.end(namespace, spec.prefix or ""), namespace, secret)
