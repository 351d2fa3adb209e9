"""Programs that back up a bucket, and ours."""

import json
import os
import secrets
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dev.bench.mover import UNLIMITED, objects_of
from dev.bench.moving import Ends
from dev.bench.running import Spent, run
from dev.programs.debian import unpacked
from dev.stores import Store
from imagestore.repository.format.roots import SourceName
from imagestore.repository.format.slots import OpeningSecret, SlotKind
from imagestore.repository.store.creating import create_repository
from imagestore.repository.store.files import RepositoryFiles

PASSWORD = secrets.token_urlsafe(32)
PREFIX = "repository/"


@dataclass(frozen=True)
class Rival(ABC):
    """A program with a repository of its own on the server B. ``source``: the bucket on the server A. ``folder``: its own."""

    ends: Ends
    source: str
    folder: Path
    name = ""

    @property
    def bucket(self) -> str:
        """Where its repository is."""
        return f"{self.source}-{self.name}"

    @property
    def environment(self) -> Mapping[str, str]:
        """What its programs are told, with where they are."""
        debian = _debian()
        path = f"{debian / 'bin'}:{debian / 'usr/bin'}:{os.environ['PATH']}"
        return {**self.ends.environment(), "PATH": path, "HOME": str(self.folder)}

    def run(self, *command: str) -> Spent:
        """One of its programs."""
        return run(command, self.environment, self.folder / "log")

    @abstractmethod
    def create(self) -> None:
        """Make the repository."""

    @abstractmethod
    def back_up(self) -> Spent:
        """Back up the source."""

    @abstractmethod
    def restore(self, bucket: str) -> Spent:
        """Restore the latest backup into an empty bucket on the server A."""

    @abstractmethod
    def prune(self) -> Spent:
        """Forget all but the latest backup, and delete what it does not need."""


class Imagestore(Rival):
    """`imagestore backup`. Its prune deletes what an earlier one condemned, after the grace time."""

    name = "imagestore"

    def create(self) -> None:
        """With a grace time that a bench can wait for."""
        (self.folder / "key").write_text(PASSWORD)
        (self.folder / "backends.yaml").write_text(
            "---\n".join(map(_manifest, "ab", (self.ends.source, self.ends.destination)))
        )
        files = RepositoryFiles(objects_of(self.ends.destination.coordinates()), self.bucket, PREFIX)
        secret = OpeningSecret(SlotKind.SECRET, PASSWORD.encode())
        create_repository(
            files,
            SourceName("a", self.source),
            {"secret": secret},
            os.urandom,
            sealed=True,
            grace=int(GRACE * 1000),
        )
        self._command("list")  # compiles the modules, as an image has them

    def _command(self, action: str, *words: str) -> Spent:
        given = [
            "-f",
            str(self.folder / "backends.yaml"),
            "--offline",
            "--key-file",
            str(self.folder / "key"),
        ]
        ours = [sys.executable, "-m", "imagestore", "backup"]
        return self.run(*ours, action, f"b/{self.bucket}/{PREFIX}", *words, *given)

    def back_up(self) -> Spent:
        """Of what the listing shows unchanged, one in thirty is asked for its metadata."""
        return self._command("create", f"a/{self.source}")

    def restore(self, bucket: str) -> Spent:
        """Straight into the bucket, with headers, metadata and tags, and listed afterwards."""
        return self._command("restore", f"a/{bucket}")

    def prune(self) -> Spent:
        """Once; what it condemns is deleted by the next one."""
        return self._command("prune", "--keep-last", "1", "--most-share", "100")


GRACE = 720.0  # seconds: a run must beat twice in it


def _debian() -> Path:
    return unpacked("restic", ["restic", "fuse3"], "20 s")


def _manifest(name: str, store: Store) -> str:
    return f"""\
apiVersion: imagestore.dev/v1alpha1
kind: StorageBackend
metadata: {{name: {name}}}
spec:
  provider: {store.provider}
  s3: {{endpoint: "{store.endpoint}", region: {store.region}}}
  credentials: {{secretRef: {{name: {name}}}}}
  limits: {json.dumps(UNLIMITED)}
---
apiVersion: v1
kind: Secret
metadata: {{name: {name}, namespace: imagestore-system}}
stringData: {{accessKeyId: "{store.access_key}", secretAccessKey: "{store.secret_key}"}}
"""
