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
from imagestore.repository.removing.options import PruneOptions, PruneReport
from imagestore.repository.removing.prune import prune
from imagestore.repository.removing.retention import Forgetting, RetentionRules
from imagestore.repository.restoring.options import RestoreOptions, RestoreReport, RestoreState
from imagestore.repository.restoring.restore import restore
from imagestore.repository.store.creating import create_repository
from imagestore.repository.store.files import FileLock, RepositoryFiles
from imagestore.repository.store.opening import Repository, open_repository
from imagestore.transfer.job import TransferEnd

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
    pack_bytes: int = 16 * 1024**2
    clock: StoreClock = field(default_factory=StoreClock)

    def __post_init__(self) -> None:
        self.source_server = MemoryObjectServer({"photos": MemoryContent()}, clock=StoreClock())
        self.target_server = MemoryObjectServer({"restored": MemoryContent()}, clock=StoreClock())
        self.target = TransferEnd(MemoryObjectStore(self.target_server, "eu2"), "restored")
        held = MemoryContent(versioned=self.versioned)
        self.server = MemoryObjectServer({"backup": held}, traits=CAPABLE, clock=self.clock)
        self.random = random.Random(self.seed).randbytes  # noqa: S311
        self.end = TransferEnd(MemoryObjectStore(self.source_server, "eu"), "photos")
        self.repository = create_repository(
            self.files(), SourceName("eu", "photos"), {"secret": SECRET}, self.random, sealed=self.sealed
        )

    def files(self) -> RepositoryFiles:
        return RepositoryFiles(MemoryObjectStore(self.server, "us"), "backup", "shop/", self.lock)

    def opened(self) -> Repository:
        """As another process opens it."""
        return replace(open_repository(self.files(), SECRET, self.random), pack_bytes=self.pack_bytes)

    def put(self, key: str, data: bytes, **attributes: Any) -> None:
        """Write an object to the source."""
        self.source_server.put("photos", key, data, ObjectAttributes(**attributes))

    def back_up(self, **options: Any) -> BackupRoot:
        """Back up as a new process does."""
        return back_up(self.opened(), self.end, replace(BackupOptions(), **options))

    def restore(self, root: BackupRoot, **options: Any) -> RestoreReport:
        """Restore as a new process does."""
        return restore(self.opened(), root, self.target, replace(RestoreOptions(), **options))

    def prune(self, last: int = 1, **options: Any) -> PruneReport:
        """Remove as a new process does; the last backups stay."""
        rules = RetentionRules(last=last, most_share=1.0)
        return prune(self.opened(), PruneOptions(Forgetting(rules), **options))

    def prune_fully(self, last: int = 1) -> PruneReport:
        """Two readings with the grace time between them, and a third for what the second condemned."""
        for _ in range(3):
            report = self.prune(last)
            self.clock.pass_hours(49)
        return report

    def assert_restores(self, root: BackupRoot, expected: dict[str, bytes]) -> None:
        """Restore into an empty bucket and compare every byte."""
        self.target_server.buckets["restored"].keys.clear()
        lost: dict[str, str] = {}
        report = self.restore(root, problem=lost.__setitem__)
        assert (report.state, lost) == (RestoreState.SUCCEEDED, {})
        assert self.restored() == expected

    def stored(self) -> dict[str, bytes]:
        """The files of the repository that are there now."""
        held = self.server.current("backup")
        return {k.removeprefix("shop/"): v for k, v in held.items() if k.startswith("shop/")}

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


class Killed(BaseException):
    """The process ends here."""


WRITES = ("Put", "Part", "Begin", "Complete", "Delete", "PutLock", "PutTags", "Abort")


def killed_after(number: int, server: MemoryObjectServer) -> None:
    """Kill at the n-th mutating call of a store."""
    left = [number]

    def fault(operation: str, _bucket: str, _key: str) -> None:
        if operation in WRITES:
            left[0] -= 1
            if left[0] < 0:
                raise Killed

    server.fault = fault
