"""A source bucket and a repository in memory."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from imagestore.backends.memory_content import CAPABLE, MemoryContent, MemoryObjectServer
from imagestore.backends.memory_objects import MemoryObjectStore
from imagestore.core.objects import ObjectAttributes
from imagestore.repository.format.roots import BackupRoot, SourceName
from imagestore.repository.format.slots import OpeningSecret, SlotKind
from imagestore.repository.making.backup import back_up
from imagestore.repository.making.deciding import BackupOptions
from imagestore.repository.making.sources import BucketEnd
from imagestore.repository.restoring.options import RestoreOptions, RestoreReport
from imagestore.repository.restoring.restore import restore
from imagestore.repository.store.files import FileLock, RepositoryFiles
from imagestore.repository.store.opening import Repository, create_repository, open_repository

START = 1_800_000_000_000
HOUR = 3_600_000
SECRET = OpeningSecret(SlotKind.SECRET, b"0123456789abcdef0123456789abcdef")


@dataclass
class StoreClock:
    """A store's clock, which goes on by a second with each call."""

    now: int = START

    def __call__(self) -> int:
        self.now += 1000
        return self.now

    def pass_hours(self, hours: float) -> None:
        self.now += int(hours * HOUR)


@dataclass
class World:
    """``photos`` in one store, ``backup`` in another."""

    sealed: bool = True
    versioned: bool = False
    lock: FileLock | None = None
    seed: int = 1
    clock: StoreClock = field(default_factory=StoreClock)

    def __post_init__(self) -> None:
        self.source_server = MemoryObjectServer({"photos": MemoryContent()}, clock=StoreClock())
        self.target_server = MemoryObjectServer({"restored": MemoryContent()}, clock=StoreClock())
        self.target = BucketEnd(MemoryObjectStore(self.target_server, "eu2"), "restored")
        held = MemoryContent(versioned=self.versioned)
        self.server = MemoryObjectServer({"backup": held}, traits=CAPABLE, clock=self.clock)
        self.random = random.Random(self.seed).randbytes  # noqa: S311
        self.end = BucketEnd(MemoryObjectStore(self.source_server, "eu"), "photos")
        self.repository = create_repository(
            self.files(), SourceName("eu", "photos"), {"secret": SECRET}, self.random, sealed=self.sealed
        )

    def files(self) -> RepositoryFiles:
        return RepositoryFiles(MemoryObjectStore(self.server, "us"), "backup", "shop/", self.lock)

    def opened(self) -> Repository:
        """As another process opens it."""
        return open_repository(self.files(), SECRET, self.random)

    def put(self, key: str, data: bytes, **attributes: Any) -> None:
        """Write an object to the source."""
        self.source_server.put("photos", key, data, ObjectAttributes(**attributes))

    def back_up(self, **options: Any) -> BackupRoot:
        """Back up as a new process does."""
        return back_up(self.opened(), self.end, replace(BackupOptions(), **options))

    def restore(self, root: BackupRoot, **options: Any) -> RestoreReport:
        """Restore as a new process does."""
        return restore(self.opened(), root, self.target, replace(RestoreOptions(), **options))

    def restored(self) -> dict[str, bytes]:
        """What the destination holds."""
        return self.target_server.current("restored")

    def count(self, server: MemoryObjectServer, action: Callable[[], Any]) -> dict[str, int]:
        """How often each operation of a store is called by an action."""
        server.calls.clear()
        action()
        found: dict[str, int] = {}
        for operation, _, _ in server.calls:
            found[operation] = found.get(operation, 0) + 1
        return found

    def content(self) -> dict[str, bytes]:
        """What the source holds."""
        return self.source_server.current("photos")
