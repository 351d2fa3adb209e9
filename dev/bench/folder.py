"""`imagestore apply` on a folder of manifests, measured as the operator is: the same buckets on the same store, without an API server."""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from dev.bench import process
from dev.bench.counting import store_calls
from dev.bench.phases import SETTLE, Numbers
from dev.bench.running import watched
from dev.bench.world import MEMORY, SYSTEM, backend, bucket, counting_minio, secret
from dev.stores import Store
from imagestore.api.kinds import KINDS
from imagestore.local.folder import StateFolder


async def measure(size: int, limits: dict[str, int]) -> AsyncIterator[Numbers]:
    """Create, check and delete so many buckets. Manifests and state are on a disk, the store's data in memory."""
    with (
        tempfile.TemporaryDirectory(prefix="imagestore-bench-", dir=MEMORY) as memory,
        tempfile.TemporaryDirectory(prefix="imagestore-bench-") as disk,
        counting_minio(Path(memory)) as store,
    ):
        folder = FolderBench(Path(disk), store, size)
        folder.write(limits)
        yield await folder.run("apply: create")
        yield await folder.run("apply: check")
        folder.empty()
        yield await folder.run("apply: delete", "--prune")


@dataclass(frozen=True)
class FolderBench:
    """One folder of manifests, with the state folder in it."""

    path: Path
    store: Store
    size: int

    def write(self, limits: dict[str, int]) -> None:
        """All manifests, a file for each bucket."""
        (self.path / "backend.yaml").write_text(
            yaml.safe_dump_all([secret(self.store), backend(self.store, limits)])
        )
        for number in range(self.size):
            made = bucket(number)
            (self.path / f"{made['metadata']['name']}.yaml").write_text(yaml.safe_dump(made))

    def empty(self) -> None:
        """All manifests of buckets are removed."""
        for number in range(self.size):
            (self.path / f"{bucket(number)['metadata']['name']}.yaml").unlink()

    async def run(self, phase: str, *more: str) -> Numbers:
        """One run of the command, from its start to its good end."""
        numbers, writes, calls = Numbers(phase, self.size), self._version(), store_calls(self.store)
        (server,) = self.store.servers
        assert server.pid is not None, "it runs"  # noqa: S101
        spent, began = process.cpu(server.pid), time.monotonic()
        numbers.cpu, numbers.peak = await asyncio.to_thread(self._command, *more)
        numbers.seconds = time.monotonic() - began
        numbers.others = {server.name: process.cpu(server.pid) - spent}
        numbers.writes = Counter({"write object 200": self._version() - writes})
        await asyncio.sleep(SETTLE)
        numbers.calls = store_calls(self.store) - calls
        return numbers

    def _command(self, *more: str) -> tuple[float, float]:
        """Seconds of CPU, and the peak of its memory in MB."""
        command = [
            sys.executable,
            "-m",
            "imagestore",
            "apply",
            "-f",
            str(self.path),
            "--installation",
            "bench",
        ]
        command += ["--operator-namespace", SYSTEM, "--timeout", "900", "--format", "json", *more]
        started = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        spent = watched(started)
        if started.returncode:
            raise subprocess.CalledProcessError(started.returncode, command)
        return spent.cpu, spent.peak

    def _version(self) -> int:
        """Each write to the state folder raises it by one."""
        kept = StateFolder(self.path / ".imagestore", KINDS).load()
        return max((int(obj["metadata"]["resourceVersion"]) for _, obj in kept), default=0)
