"""A repository on a real store, on which each action runs in a process of its own that may be killed. The parent opens no connection."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import wraps
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from dev.stores import Store
from imagestore.backends.memory_content import MemoryContent, MemoryObjectServer
from imagestore.backends.memory_objects import MemoryObjectStore
from imagestore.backends.s3.objects.store import S3Objects
from imagestore.core.objects import ObjectAttributes
from imagestore.repository.format.roots import SourceName
from imagestore.repository.making.backup import back_up
from imagestore.repository.making.deciding import BackupOptions
from imagestore.repository.removing.options import PruneOptions
from imagestore.repository.removing.prune import prune
from imagestore.repository.removing.retention import Forgetting, RetentionRules
from imagestore.repository.restoring.options import RestoreOptions
from imagestore.repository.restoring.restore import restore
from imagestore.repository.store.creating import create_repository
from imagestore.repository.store.files import RepositoryFiles
from imagestore.repository.store.opening import Repository, open_repository
from imagestore.repository.store.view import backups
from imagestore.transfer.job import TransferEnd
from tests.contract.stores import connected
from tests.repository.world import SECRET

MUTATING = ("write", "write_part", "begin", "complete", "abort", "delete", "delete_many", "set_lock")
GRACE_AND_MORE = 49 * 3_600_000


@dataclass(frozen=True)
class Done:
    """How a process ended: ``killed``, or what it returned."""

    killed: bool
    result: Any = None


class Child:
    """A process that runs an action. Behind its n-th mutating call to a store it sends itself a signal."""

    def __init__(self, action: Callable[[], Any], after: int = 0, signum: int = signal.SIGKILL) -> None:
        self._reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                with _signalled(after, signum):
                    told = json.dumps(action())
            except BaseException as error:  # noqa: BLE001  told to the parent
                told = json.dumps({"error": repr(error)})
            os.write(writing, told.encode())
            os._exit(0)
        os.close(writing)

    def stopped(self) -> bool:
        """Wait until it stops itself; False: it has ended without."""
        told = os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        return told is not None and told.si_code == os.CLD_STOPPED

    def goes_on(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def done(self) -> Done:
        """How it ended."""
        with os.fdopen(self._reading) as pipe:
            told = pipe.read()
        _, status = os.waitpid(self.pid, 0)
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL
            return Done(killed=True)
        return Done(killed=False, result=json.loads(told))


def forked(action: Callable[[], Any], kill_after: int = 0) -> Done:
    """Run an action in a child to its end, or until it is killed."""
    done = Child(action, kill_after).done()
    assert not (isinstance(done.result, dict) and "error" in done.result), done.result
    return done


@contextmanager
def _signalled(after: int, signum: int) -> Iterator[None]:
    """SIGKILL: nothing is flushed, closed or caught. SIGSTOP: frozen in the middle of what it does."""
    seen = count(1)

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def called(*args: Any, **more: Any) -> Any:
            found = method(*args, **more)
            if next(seen) == after:
                os.kill(os.getpid(), signum)
            return found

        return called

    methods: Any = {name: counted(getattr(S3Objects, name)) for name in MUTATING}
    with patch.multiple(S3Objects, **methods):
        yield


class AgedObjects:
    """A store whose clock was moved on: what was written before a moment looks 49 hours older, for each such moment."""

    def __init__(self, store: Any, moments: Path) -> None:
        self._store, self._moments = store, moments

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def _aged(self, modified: int) -> int:
        moments = map(int, self._moments.read_text().split())
        return modified - GRACE_AND_MORE * sum(modified < moment for moment in moments)

    def _page(self, page: Any) -> Any:
        return page._replace(items=tuple(o._replace(modified=self._aged(o.modified)) for o in page.items))

    def objects(self, *args: Any, **more: Any) -> Any:
        return self._page(self._store.objects(*args, **more))

    def versions(self, *args: Any, **more: Any) -> Any:
        return self._page(self._store.versions(*args, **more))

    def uploads(self, *args: Any, **more: Any) -> Any:
        return (replace(u, started=self._aged(u.started)) for u in self._store.uploads(*args, **more))

    def head(self, *args: Any, **more: Any) -> Any:
        found = self._store.head(*args, **more)
        return replace(found, modified=self._aged(found.modified))

    @contextmanager
    def read(self, *args: Any, **more: Any) -> Iterator[Any]:
        with self._store.read(*args, **more) as body:
            yield _AgedBody(body, replace(body.head, modified=self._aged(body.head.modified)))


class _AgedBody:
    def __init__(self, body: Any, head: Any) -> None:
        self._body, self.head = body, head

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)


@dataclass
class RealWorld:
    """``photos`` in memory, which each child has as it was; the repository on a real store."""

    store: Store
    bucket: str
    pack_bytes: int = 3000
    expected: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="imagestore-")
        self.moments = Path(self._folder.name) / "moments"
        self.moments.touch()
        self.server = MemoryObjectServer({"photos": MemoryContent()})
        self.end = TransferEnd(MemoryObjectStore(self.server, "eu"), "photos")
        forked(self._created)

    def _files(self) -> RepositoryFiles:
        store: Any = AgedObjects(connected(self.store).objects, self.moments)
        return RepositoryFiles(store, self.bucket, "shop/")

    def _created(self) -> None:
        self.store.s3().create_bucket(Bucket=self.bucket)
        secrets = {"secret": SECRET}
        create_repository(self._files(), SourceName("eu", "photos"), secrets, os.urandom, sealed=True)

    def _opened(self) -> Repository:
        return replace(open_repository(self._files(), SECRET, os.urandom), pack_bytes=self.pack_bytes)

    def put(self, key: str, data: bytes) -> None:
        """Write an object to the source."""
        self.server.put("photos", key, data, ObjectAttributes())

    @property
    def content(self) -> dict[str, bytes]:
        return self.server.current("photos")

    def pass_days(self) -> None:
        """All that is in the store is two days older from now on. Its times are in whole seconds in part: the next one begins first."""
        moment = int(time.time()) + 1
        while time.time() < moment:
            time.sleep(moment - time.time())
        with self.moments.open("a") as file:
            file.write(f"{moment * 1000}\n")

    def back_up(self, kill_after: int = 0) -> Done:
        done = forked(lambda: back_up(self._opened(), self.end, BackupOptions()).name, kill_after)
        if not done.killed:
            self.expected[done.result] = self.content
        return done

    def frozen_backup(self, after: int) -> Child:
        """A backup that stops itself behind its n-th call."""
        return Child(lambda: back_up(self._opened(), self.end, BackupOptions()).name, after, signal.SIGSTOP)

    def prune(self, last: int = 2, kill_after: int = 0) -> Done:
        options = PruneOptions(Forgetting(RetentionRules(last=last, most_share=1.0)), repack_below=20.0)

        def removed() -> dict[str, Any]:
            report = prune(self._opened(), options)
            return {"held": report.held, "deleted": report.deleted.files, "repacked": report.repacked}

        return forked(removed, kill_after)

    def restored(self) -> list[str]:
        """The backups that are listed, each of which restores to what its bucket held."""

        def checked() -> list[str]:
            repository = self._opened()
            found = backups(repository)
            assert not [why for why in found.rejected.values() if "declared dead" not in why], found.rejected
            for root in found.roots:
                server = MemoryObjectServer({"restored": MemoryContent()})
                target = TransferEnd(MemoryObjectStore(server, "eu2"), "restored")
                report = restore(repository, root, target, RestoreOptions())
                wanted = self.expected.get(root.name, self.content)  # one that was killed behind its root
                assert (report.state, server.current("restored") == wanted) == ("Succeeded", True), root.name
            return [root.name for root in found.roots]

        names: list[str] = forked(checked).result
        for name in names:
            self.expected.setdefault(name, self.content)
        return names
