"""``imagestore backup restore`` in a process of its own, from and to a real store."""

from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

from imagestore.__main__ import main
from tests.buckets import uploads_with_parts
from tests.repository.forked import Done, RealWorld, forked
from tests.repository.stores import manifests
from tests.repository.world import SECRET


def digests(content: Mapping[str, bytes]) -> dict[str, str]:
    """The hash of each object."""
    return {key: sha256(data).hexdigest() for key, data in content.items()}


class RestoreCommand:
    """Restores the newest backup of a world to a bucket of its own."""

    def __init__(self, world: RealWorld) -> None:
        self.world, self.bucket = world, f"{world.bucket}-back"
        folder = world.moments.parent
        (folder / "key").write_bytes(SECRET.value)
        files = manifests(folder, us=world.store)
        ends = (f"us/{world.bucket}/shop", f"us/{self.bucket}", "-f", str(files), "--offline")
        kept = ("--key-file", str(folder / "key"), "--checkpoint", str(folder / "checkpoint"))
        self.words = ["backup", "restore", *ends, *kept]
        self.checkpoint: Path = folder / "checkpoint"
        forked(self._created)

    def _created(self) -> None:
        self.world.store.s3().create_bucket(Bucket=self.bucket)

    def run(self, kill_after: int = 0) -> Done:
        """Its exit code, and what it said."""

        def restored() -> tuple[int, str]:
            with redirect_stdout(said := StringIO()), redirect_stderr(said):
                return main(self.words), said.getvalue()

        return forked(restored, kill_after)

    def held(self) -> Any:
        """The hash of each object that is there. No upload with a part is left open."""

        def read() -> dict[str, str]:
            s3 = self.world.store.s3()
            assert uploads_with_parts(s3, self.bucket) == []
            listed = s3.list_objects_v2(Bucket=self.bucket)["Contents"]
            bodies = {o["Key"]: s3.get_object(Bucket=self.bucket, Key=o["Key"])["Body"] for o in listed}
            return digests({key: body.read() for key, body in bodies.items()})

        return forked(read).result

    def empty(self) -> None:
        """Delete what was restored."""

        def emptied() -> None:
            s3 = self.world.store.s3()
            for o in s3.list_objects_v2(Bucket=self.bucket)["Contents"]:
                s3.delete_object(Bucket=self.bucket, Key=o["Key"])

        forked(emptied)
