"""Small manifests, and what the API server says to many of them at once."""

import json
import re
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import yaml

from dev.cluster import Cluster

Json = dict[str, Any]

BUCKET: Json = {"backendRef": {"name": "eu"}, "bucketName": "acme-photos"}
BACKEND: Json = {
    "provider": "MinIO",
    "s3": {"endpoint": "https://s3.example:9000", "region": "eu-west-1"},
    "credentials": {"secretRef": {"name": "eu"}},
}
POLICY: Json = {
    "bucketSelector": {"matchLabels": {"class": "photos"}},
    "rules": [{"name": "thumbs", "expire": {"days": 30}}],
}
REPLICATION: Json = {
    "source": {"bucketRef": {"name": "photos"}},
    "destination": {"bucketRef": {"name": "photos-dr"}},
}
BACKUP: Json = {
    "source": {"bucketRef": {"name": "photos"}},
    "repository": {"bucketRef": {"name": "backups"}},
}
SCHEDULE: Json = {
    "source": {"bucketRef": {"name": "photos"}},
    "repository": {"bucketRef": {"name": "backups"}},
    "schedule": {"cron": "17 2 * * *"},
}
RESTORE: Json = {
    "repository": {"bucketRef": {"name": "backups"}},
    "destination": {"bucketRef": {"name": "photos-restored"}},
}
SPECS = {
    "Backup": BACKUP,
    "Restore": RESTORE,
    "ImageBucket": BUCKET,
    "StorageBackend": BACKEND,
    "LifecyclePolicy": POLICY,
    "ReplicationPolicy": REPLICATION,
    "BackupSchedule": SCHEDULE,
}


@dataclass(frozen=True)
class Wrong:
    """A mistake, as a piece of YAML laid over a spec that is right, and what the user must read."""

    kind: str
    snippet: str
    says: str

    def manifest(self, name: str) -> Json:
        """The whole object; a piece with ``metadata`` or ``spec`` is laid over the object instead."""
        piece = yaml.safe_load(self.snippet)
        whole = piece if {"metadata", "spec"} & set(piece) else {"spec": piece}
        return merged(manifest(self.kind, name), whole)


def manifest(kind: str, name: str, **spec: Any) -> Json:
    """A right object with these fields of its spec."""
    return {
        "apiVersion": "imagestore.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": name} | ({} if kind == "StorageBackend" else {"namespace": "default"}),
        "spec": merged(SPECS[kind], spec),
    }


def merged(base: Json, over: Json) -> Json:
    """``base`` with ``over`` laid on it; a null removes."""
    made = deepcopy(base)
    for key, value in over.items():
        if value is None:
            made.pop(key, None)
        elif isinstance(value, dict) and isinstance(made.get(key), dict):
            made[key] = merged(made[key], value)
        else:
            made[key] = value
    return made


def listed(manifests: Iterable[Json]) -> str:
    """As kubectl takes them; JSON, since YAML of a megabyte takes seconds to write."""
    return "\n".join(map(json.dumps, manifests))


def accept(cluster: Cluster, *manifests: Json) -> None:
    """Let the API server judge them; it must not mind any."""
    cluster.kubectl("create", "--dry-run=server", "-f", "-", input=listed(manifests))


def answers(cluster: Cluster, manifests: Iterable[Json]) -> dict[str, str]:
    """What a user of kubectl reads about each manifest that is refused, by its name."""
    result = cluster.kubectl("create", "--dry-run=server", "-f", "-", input=listed(manifests), check=False)
    blocks = re.split(r"(?m)^(?=The |Error from server|error: )", result.stderr)
    named = ((re.search(r'"([^"]+)" is invalid', b), b) for b in blocks if b.strip())
    return {found[1]: block for found, block in named if found}
