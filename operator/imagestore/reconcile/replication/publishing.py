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
    """Publish in the same step in which the role changes, so that applications follow at once; say whether it was possible."""
    names = s.spec.failover.publish if s.spec.failover else None
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
    if names.service and not _is_name(host):
        message = f"the endpoint {data['endpoint']} has no name, so no Service can lead to it; use the ConfigMap alone"
        return condition(PUBLISHED, Reason.UNSUPPORTED, message, "False")
    kind, meta = REPLICATION_POLICY, s.meta
    owner = {"apiVersion": kind.api_version, "kind": kind.name, "name": meta.name, "uid": meta.uid}
    what = Publication(owner, meta.namespace, names.config_map or "", names.service or "", data, host)
    if trouble := s.publish(what):
        return condition(PUBLISHED, Reason.NOT_PUBLISHED, trouble, "False")
    message = f"applications are led to the bucket {data['bucket']} at {data['endpoint']}"
    return condition(PUBLISHED, Reason.PUBLISHED, message)


def _is_name(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return bool(host)
    return False
