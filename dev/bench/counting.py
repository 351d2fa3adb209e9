"""Calls counted by those who answered them: MinIO's own metrics, the API server's audit log."""

import json
import urllib.request
from collections import Counter
from pathlib import Path

from dev.stores import Store
from imagestore.api.kinds import KINDS

OPERATOR = "system:serviceaccount:imagestore-system:imagestore"
_WRITES = frozenset({"create", "update", "patch", "delete"})
_OURS = tuple(kind.plural for kind in KINDS)
_REQUESTS = 'minio_s3_requests_total{api="'


def store_calls(store: Store) -> Counter[str]:
    """Answered S3 requests since the store was started, by API."""
    with urllib.request.urlopen(f"{store.endpoint}/minio/v2/metrics/cluster", timeout=10) as answer:  # noqa: S310 - loopback
        lines = answer.read().decode().splitlines()
    found = (line.removeprefix(_REQUESTS).partition('"') for line in lines if line.startswith(_REQUESTS))
    return Counter({api: int(float(rest.rsplit(" ", 1)[1])) for api, _, rest in found})


class Audit:
    """The API server's audit log, read on from where it was last read."""

    def __init__(self, log: Path) -> None:
        self._log, self._offset = log, 0

    def writes(self) -> Counter[str]:
        """Writes of the operator to our kinds since the last time: `patch imagebuckets/status 200`."""
        return Counter({k: n for k, n in self.all().items() if any(f" {kind}" in k for kind in _OURS)})

    def all(self) -> Counter[str]:
        """The same to anything."""
        with self._log.open("rb") as log:
            log.seek(self._offset)
            text = log.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._offset += len(whole)
        return Counter(filter(None, map(_write, whole.splitlines())))


def _write(line: bytes) -> str:
    if OPERATOR.encode() not in line:
        return ""
    event = json.loads(line)
    if event["user"]["username"] != OPERATOR or event["verb"] not in _WRITES:
        return ""
    ref = event.get("objectRef") or {}
    sub = f"/{ref['subresource']}" if ref.get("subresource") else ""
    return f"{event['verb']} {ref.get('resource')}{sub} {event['responseStatus']['code']}"
