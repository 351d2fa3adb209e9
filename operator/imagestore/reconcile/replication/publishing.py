"""What leads applications to the side that is written to: a ConfigMap, and a Service of type ExternalName. Pure."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from imagestore.api.failover import FailoverPublish
from imagestore.api.kinds import REPLICATION_POLICY
from imagestore.api.replicationstatus import FailoverStatus
from imagestore.core.conditions import Condition, condition
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.situation import Publication, ReplicationSituation

PUBLISHED = "Published"


def published(s: ReplicationSituation, status: FailoverStatus | None) -> list[Condition]:
    """Publish the role that is in the status; say whether it was possible."""
    names = status.publish if status is not None else None
    if names is None or status is None:
        return []
    end = s.source if status.role == "Primary" else s.destination
    backend = end.store.backend if end else None
    if end is None or backend is None:
        return []
    place = {"endpoint": backend.endpoint, "bucket": end.bucket, "region": backend.region}
    return [_published(s, names, {**place, "role": status.role})]


def _published(s: ReplicationSituation, names: FailoverPublish, data: dict[str, str]) -> Condition:
    host = urlsplit(data["endpoint"]).hostname or ""
    service = names.service if names.service and _is_name(host) else ""
    kind, meta = REPLICATION_POLICY, s.meta
    owner = {"apiVersion": kind.api_version, "kind": kind.name, "name": meta.name, "uid": meta.uid}
    trouble = s.publish(Publication(owner, meta.namespace, names.config_map or "", service, data, host))
    if trouble:
        return condition(PUBLISHED, Reason.NOT_PUBLISHED, trouble, "False")
    if names.service and (nameless := _nameless(s)):
        message = (
            f"{nameless} has no name, so the Service {names.service} cannot lead to it; use the ConfigMap alone, or give the"
            " StorageBackend an endpoint with a name"
        )
        return condition(PUBLISHED, Reason.UNSUPPORTED, message, "False")
    message = f"applications are led to the bucket {data['bucket']} at {data['endpoint']}"
    return condition(PUBLISHED, Reason.PUBLISHED, message)


def _nameless(s: ReplicationSituation) -> str:
    """The first endpoint without a name, of either side: it is known before a failover, not in the middle of one."""
    backends = (end.store.backend for end in (s.source, s.destination) if end is not None)
    endpoints = (backend.endpoint for backend in backends if backend is not None)
    return next((f"the endpoint {e}" for e in endpoints if not _is_name(urlsplit(e).hostname or "")), "")


def _is_name(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return bool(host)
    return False
