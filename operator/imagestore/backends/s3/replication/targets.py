"""The targets of a MinIO's replication: buckets of other servers, with credentials, made through the admin API."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from imagestore.backends.guard.call import Call
from imagestore.backends.s3.client import Keys

TRUSTED = 3600.0  # seconds for which credentials count as current that MinIO has proven
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class ReplicationTarget:
    """One target as MinIO lists it. It tells no secret. ``reset``: the id of the last resync; empty: there was none."""

    arn: str
    endpoint: str
    bucket: str
    access_key: str = ""
    synchronous: bool = False
    bandwidth: int = 0
    reset: str = ""
    online: bool = False
    last_online: datetime | None = None

    def differs(self, *, synchronous: bool, bandwidth: int) -> bool:
        """Whether it is to be told otherwise."""
        return (self.synchronous, self.bandwidth) != (synchronous, bandwidth)


def targets_of(call: Call, bucket: str) -> dict[str, ReplicationTarget]:
    """All of a bucket, by ARN. One call."""
    listed = call("admin:ListRemoteTargets", {"Bucket": bucket})["Targets"]
    return {t.arn: t for t in map(_target, listed)}


def _target(told: Mapping[str, Any]) -> ReplicationTarget:
    scheme = "https" if told.get("secure") else "http"
    return ReplicationTarget(
        arn=str(told.get("arn") or ""),
        endpoint=f"{scheme}://{told.get('endpoint') or ''}",
        bucket=str(told.get("targetbucket") or ""),
        access_key=str((told.get("credentials") or {}).get("accessKey") or ""),
        synchronous=bool(told.get("replicationSync")),
        bandwidth=int(told.get("bandwidthlimit") or 0),
        reset=str(told.get("resetID") or ""),
        online=bool(told.get("isOnline")),
        last_online=_moment(told.get("lastOnline")),
    )


def _moment(text: object) -> datetime | None:
    """Go writes its zero time for never."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.year > 1 else None


def with_port(endpoint: str) -> str:
    """The address in the one form in which targets are compared: MinIO wants a port."""
    parts = urlsplit(endpoint)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{parts.port or _PORTS.get(parts.scheme, 443)}"


def told_target(
    endpoint: str, bucket: str, *, synchronous: bool, bandwidth: int, arn: str = ""
) -> dict[str, Any]:
    """As MinIO wants it, without the keys."""
    parts = urlsplit(with_port(endpoint))
    return {
        "endpoint": parts.netloc,
        "secure": parts.scheme == "https",
        "targetbucket": bucket,
        "type": "replication",
        "replicationSync": synchronous,
        "bandwidthlimit": bandwidth,
        **({"arn": arn} if arn else {}),
    }


@dataclass
class HandedKeys:
    """Which credentials each target was given last, or was proven to have. In memory, as digests under a key of this process.

    No store tells a secret, so a rotation is known by this; after a restart MinIO's own check tells. May be asked and told by
    many threads.
    """

    clock: Callable[[], float] = time.monotonic
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _held: dict[str, tuple[str, float]] = field(default_factory=dict, repr=False)

    def remember(self, arn: str, keys: Keys) -> None:
        """The target has these now."""
        self._held[arn] = self._digest(keys), self.clock()

    def forget(self, arn: str) -> None:
        """The target is gone."""
        self._held.pop(arn, None)

    def verdict(self, arn: str, keys: Keys) -> bool | None:
        """Whether the target has these; None: it has to be asked."""
        digest, at = self._held.get(arn, ("", 0.0))
        if digest and digest != self._digest(keys):
            return False
        return True if digest and self.clock() - at < TRUSTED else None

    def _digest(self, keys: Keys) -> str:
        said = f"{keys.access_key_id}\0{keys.secret_access_key}"
        return hmac.digest(self._key, said.encode(), hashlib.sha256).hex()
