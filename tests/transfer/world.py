"""Two stores in memory, a job between them, and what a person would see in the buckets afterwards."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from imagestore.backends.memory_content import CAPABLE, MemoryContent, MemoryObjectServer
from imagestore.backends.memory_objects import MemoryObjectStore
from imagestore.core.keys import is_reserved
from imagestore.core.objects import KeyOrder, ObjectAttributes, ObjectTraits, ObjectUpload
from imagestore.transfer.job import (
    BegunUpload,
    DeleteGuard,
    DeleteMode,
    Direction,
    TransferEnd,
    TransferHooks,
    TransferJob,
    TransferLimits,
    TransferOptions,
)
from imagestore.transfer.parity import ByteVerdict, byte_verdict
from imagestore.transfer.performing import CopyOutcome, CopyTask, UploadNotes
from imagestore.transfer.report import TransferReport
from imagestore.transfer.run import transfer

READS = {
    "Now",
    "GetBucketVersioning",
    "ListObjects",
    "ListVersions",
    "ListUploads",
    "Head",
    "Get",
    "GetTags",
    "GetLock",
}
LISTING = {"Now", "ListObjects", "Get"}


KEYS = ("a", "a-b", "a/b", "a//b", "é", "e\u0301", "\U0001f600", "\ue000", "\udc80", "z/")


class Killed(BaseException):
    """SIGKILL: from here on nothing of the process happens."""


@dataclass
class Clock:
    """One clock for both stores and the run: 10 ms pass with each look."""

    ticks: Iterator[int] = field(default_factory=lambda: count(1_800_000_000_000, 10))

    def ms(self) -> int:
        return next(self.ticks)

    def seconds(self) -> float:
        return next(self.ticks) / 1000


@dataclass(frozen=True)
class PlainCopier:
    """Copies an object by one GET and one PUT, or in parts."""

    part: int = 1 << 40
    notes: UploadNotes | None = None

    def copy(self, task: CopyTask) -> CopyOutcome:
        source, target = task.source, task.destination
        with source.store.read(source.bucket, source.prefix + task.key) as body:
            data, head = b"".join(body), body.head
        key = target.prefix + task.key
        if len(data) <= self.part:
            made = target.store.write(target.bucket, key, ObjectUpload(data, len(data)), head.attributes)
        else:
            upload = target.store.begin(target.bucket, key, head.attributes)
            if self.notes is not None:
                self.notes.begun(BegunUpload("destination", key, upload))
            blocks = [data[i : i + self.part] for i in range(0, len(data), self.part)]
            parts = [
                target.store.write_part(target.bucket, key, upload, n, ObjectUpload(b, len(b)))
                for n, b in enumerate(blocks, 1)
            ]
            made = target.store.complete(target.bucket, key, upload, parts)
        return CopyOutcome(head.size, head.etag, head.modified, made.etag)

    def refresh(self, task: CopyTask) -> CopyOutcome | None:
        ends = ((task.source, task.source.prefix), (task.destination, task.destination.prefix))
        heads = [e.store.head(e.bucket, p + task.key) for e, p in ends]
        return None if heads[0].attributes == heads[1].attributes else self.copy(task)

    def compare(self, task: CopyTask) -> ByteVerdict:
        ends = TransferJob("", task.source, task.destination, TransferOptions(Direction.TWO_WAY))
        return byte_verdict(ends, task.key)


@dataclass
class World:
    """``near`` is the source, ``far`` the destination; both have a bucket "b"."""

    near: MemoryObjectServer
    far: MemoryObjectServer
    clock: Clock
    options: TransferOptions = field(default_factory=TransferOptions)
    prefixes: tuple[str, str] = ("", "")
    runs: Iterator[int] = field(default_factory=lambda: count(1))
    copier: PlainCopier = field(default_factory=PlainCopier)
    limits: TransferLimits = field(default_factory=lambda: TransferLimits(workers=1))

    @property
    def job(self) -> TransferJob:
        source, destination = (
            TransferEnd(MemoryObjectStore(server, name, name), "b", prefix)
            for server, name, prefix in zip(
                (self.near, self.far), ("near", "far"), self.prefixes, strict=True
            )
        )
        return TransferJob("job", source, destination, self.options, self.limits)

    def run(self, **hooked: Any) -> TransferReport:
        hooks = TransferHooks(f"run{next(self.runs)}", self.clock.seconds, **hooked)
        return transfer(self.job, hooks, self.making)

    def run_really(self) -> TransferReport:
        """With the copier of real runs, which writes over nothing that was not listed."""
        return transfer(self.job, TransferHooks(f"run{next(self.runs)}", self.clock.seconds))

    def killed_at(self, call: int, run: Callable[[], object]) -> bool:
        """Kill a run at a call to either store; whether it came so far."""
        calls = count()

        def kill(operation: str, bucket: str, key: str) -> None:
            if next(calls) >= call:
                raise Killed

        self.near.fault = self.far.fault = kill
        try:
            run()
        except Killed:
            return True
        finally:
            self.near.fault = self.far.fault = None
        return False

    def making(self, _job: TransferJob, _hooks: TransferHooks, notes: UploadNotes) -> PlainCopier:
        """The copier of a run."""
        return replace(self.copier, notes=notes)

    def put(self, key: str, data: bytes, *, side: str = "near", **attributes: Any) -> None:
        self.server(side).put("b", key, data, ObjectAttributes(**attributes))

    def remove(self, key: str, *, side: str = "near") -> None:
        self.server(side).remove("b", key)

    def server(self, side: str) -> MemoryObjectServer:
        return self.near if side == "near" else self.far

    def held(self, side: str = "far") -> dict[str, bytes]:
        """The content, without what the operator keeps."""
        return {k: v for k, v in self.server(side).current("b").items() if not is_reserved(k)}

    def calls(self) -> tuple[Counter[str], Counter[str]]:
        """What each store was asked since the last look."""
        found = Counter(c[0] for c in self.near.calls), Counter(c[0] for c in self.far.calls)
        self.near.calls.clear()
        self.far.calls.clear()
        return found


def world(
    *,
    near: ObjectTraits = CAPABLE,
    far: ObjectTraits = CAPABLE,
    versioned: bool = False,
    page: int = 1000,
    deletes: DeleteMode = DeleteMode.IGNORE,
    two_way: bool = False,
    guard: DeleteGuard | None = None,
    **more: Any,
) -> World:
    """Two empty buckets. Without ``guard`` any number of deletes may go."""
    clock = Clock()
    first, second = (MemoryObjectServer({"b": MemoryContent()}, t, clock.ms, page=page) for t in (near, far))
    second.buckets["b"].versioned = versioned
    direction = Direction.TWO_WAY if two_way else Direction.ONE_WAY
    open_guard = guard or DeleteGuard(100.0, 1_000_000)
    return World(first, second, clock, TransferOptions(direction, deletes, open_guard, **more))


def ordered(traits: ObjectTraits, order: KeyOrder) -> ObjectTraits:
    """The same store with another order."""
    return replace(traits, order=order)


def body(seed: object, size: int = 20) -> bytes:
    """Some bytes."""
    return hashlib.sha256(repr(seed).encode()).digest()[:size].ljust(size, b".")


def filled(w: World, keys: Sequence[str] = KEYS) -> World:
    """The same with objects at the source."""
    for key in keys:
        w.put(key, body(key))
    return w
