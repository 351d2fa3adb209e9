"""Object stores behind which a run keeps to its limits, whatever it asks them for."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

from imagestore.backends.objects import ObjectBody, ObjectStore
from imagestore.core.objects import ObjectHead, ObjectUpload, UploadedPart, WrittenObject
from imagestore.transfer.job import TransferEnd, never
from imagestore.transfer.pace import UNLIMITED, MovingLimits, Pace, until_stopped

PAID_BYTES = 8 * 1024**2
_NO_REQUEST = frozenset({"name", "account", "traits", "key_verdict", "start_after"})


@dataclass(frozen=True)
class RunPace:
    """The rates of one run, which all of its stores share."""

    requests: Pace
    moved: Pace

    def store(self, store: ObjectStore, *, counted: bool) -> ObjectStore:
        """The store, whose requests count. ``counted``: the bytes of its objects, too."""
        if self.requests.rate is None and not (counted and self.moved.rate is not None):
            return store
        return cast("ObjectStore", _PacedStore(store, self, counted=counted))

    def end(self, end: TransferEnd, *, counted: bool) -> TransferEnd:
        """The same of an end."""
        return replace(end, store=self.store(end.store, counted=counted))


def run_pace(
    limits: MovingLimits = UNLIMITED,
    stop: Callable[[], bool] = never,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> RunPace:
    """The rates of a run that keeps to these limits, and waits no longer once ``stop`` says True."""
    patient = until_stopped(stop, sleep)
    return RunPace(
        Pace(limits.requests_per_second, clock, patient), Pace(limits.bytes_per_second, clock, patient)
    )


class _PacedStore:
    """An ObjectStore: what is not written here is the store's own, after one request is paid for."""

    def __init__(self, store: ObjectStore, pace: RunPace, *, counted: bool) -> None:
        self._store, self._requests = store, pace.requests
        self._moved = pace.moved if counted else Pace(None, time.monotonic, time.sleep)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        return found if name in _NO_REQUEST else partial(self._asked, found)

    def _asked(self, call: Callable[..., Any], *args: Any, **named: Any) -> Any:
        self._requests.spend(1)
        return call(*args, **named)

    @contextmanager
    def read(self, *args: Any, **named: Any) -> Iterator[ObjectBody]:
        self._requests.spend(1)
        with self._store.read(*args, **named) as body:
            yield _PacedBody(body, self._moved)

    def write(self, bucket: str, key: str, body: ObjectUpload, *rest: Any) -> WrittenObject:
        self._moved.spend(body.size)
        self._requests.spend(1)
        return self._store.write(bucket, key, body, *rest)

    def write_part(self, bucket: str, key: str, upload: str, number: int, body: ObjectUpload) -> UploadedPart:
        self._moved.spend(body.size)
        self._requests.spend(1)
        return self._store.write_part(bucket, key, upload, number, body)


@dataclass(frozen=True)
class _PacedBody:
    """Paid for after it is read: a store ends a connection on which it cannot go on."""

    body: ObjectBody
    moved: Pace

    @property
    def head(self) -> ObjectHead:
        return self.body.head

    def __iter__(self) -> Iterator[bytes]:
        owed = 0
        for block in self.body:
            yield block
            owed += len(block)
            if owed >= PAID_BYTES:
                self.moved.spend(owed)
                owed = 0
        self.moved.spend(owed)

    def read_into(self, buffer: memoryview) -> None:
        self.body.read_into(buffer)
        self.moved.spend(len(buffer))
