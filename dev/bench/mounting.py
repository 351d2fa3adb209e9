"""restic and kopia, as users have them back up a bucket today: over an `rclone mount`."""

import json
import shutil
import subprocess
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dev.bench.moving import tool
from dev.bench.process import memory
from dev.bench.rivals import PASSWORD, PREFIX, Rival
from dev.bench.running import Spent, watched
from dev.programs.golang import GoProgram, build
from dev.wait import eventually

KOPIA = GoProgram("kopia", "v0.22.3", "kopia", "github.com/kopia/kopia", "4 min")


@dataclass(frozen=True)
class Mounting(Rival):
    """A program that reads files and writes files: the bucket is mounted, and what is restored is copied up by rclone."""

    @contextmanager
    def mounted(self) -> Iterator[tuple[Path, list[Spent]]]:
        """The source as a folder; what rclone took is known behind the block."""
        place, found = self.folder / "mount", list[Spent]()
        place.mkdir(exist_ok=True)
        options = ["--read-only", "--use-server-modtime", "--dir-cache-time", "1h"]
        command = [tool("rclone"), "mount", f"A:{self.source}", str(place), *options]
        with (self.folder / "mount.log").open("wb") as log:
            child = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment)
        try:
            eventually(lambda: place.is_mount(), 60, "the bucket is mounted")
            yield place, found
        finally:
            peak = memory(child.pid).peak
            subprocess.run(["fusermount3", "-u", str(place)], check=True, env=self.environment)
            ended = watched(child)
            found.append(Spent(0.0, ended.cpu, max(peak, ended.peak)))

    def back_up(self) -> Spent:
        """Through the mount."""
        with self.mounted() as (place, rclone):
            spent = self.back_up_folder(place)
        return spent.beside(rclone[0])

    def restore(self, bucket: str) -> Spent:
        """To the disk, and up from there."""
        place = self.folder / "restored"
        spent = self.restore_folder(place)
        up = [
            tool("rclone"),
            "copy",
            str(self.restored(place)),
            f"A:{bucket}",
            "--transfers",
            "32",
            "--checkers",
            "32",
        ]
        spent += self.run(*up, "--s3-no-check-bucket", "--metadata")
        shutil.rmtree(place)
        return spent

    @abstractmethod
    def back_up_folder(self, place: Path) -> Spent:
        """Back up a folder."""

    @abstractmethod
    def restore_folder(self, place: Path) -> Spent:
        """Restore the latest backup to a folder."""

    def restored(self, place: Path) -> Path:
        """Where the objects are in it."""
        return place


class Restic(Mounting):
    """Debian's restic."""

    name = "restic"

    @property
    def environment(self) -> Mapping[str, str]:
        """Repository, password, keys, and a cache of its own."""
        store = self.ends.destination
        return {
            **super().environment,
            "RESTIC_REPOSITORY": f"s3:{store.endpoint}/{self.bucket}/{PREFIX}",
            "RESTIC_PASSWORD": PASSWORD,
            "RESTIC_CACHE_DIR": str(self.folder / "cache"),
            "AWS_ACCESS_KEY_ID": store.access_key,
            "AWS_SECRET_ACCESS_KEY": store.secret_key,
            "AWS_DEFAULT_REGION": store.region,
        }

    def create(self) -> None:
        """Version 2, which compresses."""
        self.run("restic", "init", "--repository-version", "2")

    def back_up_folder(self, place: Path) -> Spent:
        """The mount numbers its files anew each time."""
        return self.run("restic", "backup", str(place), "--ignore-inode", "--ignore-ctime", "--host", "bench")

    def restore_folder(self, place: Path) -> Spent:
        """All of it."""
        return self.run("restic", "restore", "latest", "--target", str(place))

    def restored(self, place: Path) -> Path:
        """It restores the whole path."""
        return place / str(self.folder / "mount").lstrip("/")

    def prune(self) -> Spent:
        """At once."""
        return self.run("restic", "forget", "--keep-last", "1", "--prune")


class Kopia(Mounting):
    """kopia, built from its Go module."""

    name = "kopia"

    def kopia(self, *words: str) -> Spent:
        """One command with its own configuration."""
        config = ["--config-file", str(self.folder / "kopia.config"), "--log-dir", str(self.folder / "logs")]
        return self.run(str(build(KOPIA)), *words, *config)

    @property
    def environment(self) -> Mapping[str, str]:
        """The password."""
        return {**super().environment, "KOPIA_PASSWORD": PASSWORD, "KOPIA_CHECK_FOR_UPDATES": "false"}

    def create(self) -> None:
        """With its defaults."""
        store, host = self.ends.destination, urlsplit(self.ends.destination.endpoint).netloc
        place = [
            "--bucket",
            self.bucket,
            "--prefix",
            PREFIX,
            "--endpoint",
            host,
            "--disable-tls",
            "--region",
            store.region,
        ]
        keys = ["--access-key", store.access_key, "--secret-access-key", store.secret_key]
        more = [
            "--cache-directory",
            str(self.folder / "cache"),
            "--override-hostname",
            "bench",
            "--override-username",
            "bench",
        ]
        self.kopia("repository", "create", "s3", *place, *keys, *more)

    def back_up_folder(self, place: Path) -> Spent:
        """With its defaults."""
        return self.kopia("snapshot", "create", str(place))

    def _snapshots(self) -> list[str]:
        self.kopia("snapshot", "list", "--json", "--all")
        found = json.loads((self.folder / "log").read_text())
        return [one["id"] for one in sorted(found, key=lambda one: str(one["startTime"]))]

    def restore_folder(self, place: Path) -> Spent:
        """All of it."""
        return self.kopia("snapshot", "restore", self._snapshots()[-1], str(place))

    def prune(self) -> Spent:
        """A full maintenance without its waiting times; with them it deletes a day later."""
        *older, _ = self._snapshots()
        spent = self.kopia("snapshot", "delete", "--delete", *older)
        return spent + self.kopia("maintenance", "run", "--full", "--safety=none")
