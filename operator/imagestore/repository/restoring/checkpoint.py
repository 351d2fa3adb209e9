"""Where a restore goes on after it was killed, and which uploads it had begun, as JSON. Bound to one restore by a digest."""

import json
from collections.abc import Callable
from dataclasses import asdict
from threading import Lock
from typing import Any

from imagestore.repository.restoring.options import PassCount, RestoreCounts, RestorePoint
from imagestore.repository.restoring.plain import NOT_OURS, plain_value, plain_values
from imagestore.transfer.copying import abort_abandoned
from imagestore.transfer.job import TransferEnd


class OtherCheckpoint(Exception):
    """The checkpoint cannot be read, or it is that of another restore."""


class RestoreCheckpoint:
    """A checkpoint that is written anew with each change. May be used from several threads.

    ``held``: what was written last; None: nothing. ``write``: keeps the bytes, whole or not at all. Raises OtherCheckpoint.
    """

    def __init__(self, digest: str, held: bytes | None, write: Callable[[bytes], None]) -> None:
        self._digest, self._write, self._lock = digest, write, Lock()
        self.point = RestorePoint()
        self._uploads: list[tuple[str, str]] = []
        if held is not None:
            self._load(held)

    def _load(self, held: bytes) -> None:
        try:
            content: dict[str, Any] = json.loads(held)
            if content["restore"] != self._digest:
                raise OtherCheckpoint("is the checkpoint of another restore")
            self.point = RestorePoint(
                plain_value(content["pass"], int),
                plain_value(content["after"], str),
                plain_value(content["checked"], bool),
                plain_values(RestoreCounts, content["counts"]),
                tuple(PassCount(plain_value(n, int), plain_value(b, int)) for n, b in content["done"]),
                plain_value(content["began"], int),
            )
            self._uploads = [(plain_value(k, str), plain_value(u, str)) for k, u in content["uploads"]]
        except NOT_OURS:
            self.point = RestorePoint()
            raise OtherCheckpoint("cannot be read") from None

    def save(self, point: RestorePoint) -> None:
        """A new point."""
        with self._lock:
            self.point = point
            self._written()

    def begun(self, key: str, upload: str) -> None:
        """An upload in parts, before its first part is sent."""
        with self._lock:
            self._uploads.append((key, upload))
            self._written()

    def ended(self, key: str, upload: str) -> None:
        """It was completed or aborted. It is forgotten with the next point: an upload that is gone may be aborted again."""
        with self._lock:
            self._uploads.remove((key, upload))

    def _written(self) -> None:
        point = self.point
        content = {
            "restore": self._digest,
            "pass": point.number,
            "after": point.after,
            "checked": point.checked,
            "counts": asdict(point.counts),
            "began": point.began,
            "done": [[one.objects, one.bytes] for one in point.done],
            "uploads": self._uploads,
        }
        self._write(json.dumps(content).encode())

    def abort_uploads(self, end: TransferEnd) -> int:
        """Abort what a killed run had begun, and no other upload; return how many could not be."""
        with self._lock:
            left = abort_abandoned(end.store, end.bucket, self._uploads)
            self._uploads = list(left)
        return len(left)
