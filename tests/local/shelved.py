"""A bucket on one store, a repository on another, and Backups as manifests that ``imagestore apply`` carries out."""

from typing import Any

import yaml

from imagestore.api.kinds import KINDS
from imagestore.local.folder import StateFolder
from tests.cli.world import Said, imagestore
from tests.local.pair import API, Pair

KEY = "0123456789abcdef0123456789abcdef"
Json = dict[str, Any]


class Shelf(Pair):
    """``photos`` on the source, ``copy`` holds the repository."""

    def key(self, value: str = KEY, name: str = "backup-key") -> None:
        """The Secret with the repository's key."""
        meta = {"name": name, "namespace": "shop"}
        self.write(
            name, {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"key": value}}
        )

    def backup(self, name: str, *, encrypted: bool = True, prefix: str = "photos/", **spec: Any) -> None:
        """A Backup."""
        repository: Json = {"bucketRef": {"name": "copy"}, "prefix": prefix}
        repository |= {"encryption": {"secretRef": {"name": "backup-key"}}} if encrypted else {}
        found = {"source": {"bucketRef": {"name": "photos"}}, "repository": repository, **spec}
        meta = {"name": name, "namespace": "shop"}
        self.write(name, {"apiVersion": API, "kind": "Backup", "metadata": meta, "spec": found})

    def forget(self, name: str) -> None:
        """The status was not written any more: the process was killed after it had written the root."""
        folder = StateFolder(self.path / ".imagestore", KINDS)
        kept = next((kind, obj) for kind, obj in folder.load() if obj["metadata"]["name"] == name)
        folder.write(kept[0], {**kept[1], "status": {}})

    def made(self, name: str) -> Json:
        """A Backup's status in the state folder."""
        found = yaml.safe_load((self.path / ".imagestore/backups/shop" / f"{name}.yaml").read_text())
        return dict(found["status"])

    def says(self, name: str) -> tuple[str, str]:
        """Its phase, and the reason of Ready."""
        status = self.made(name)
        return status["phase"], next(c["reason"] for c in status["conditions"] if c["type"] == "Ready")

    def message(self, name: str) -> str:
        """The message of its Ready condition."""
        return next(str(c["message"]) for c in self.made(name)["conditions"] if c["type"] == "Ready")

    def command(self, *argv: str, encrypted: bool = True) -> Said:
        """``imagestore backup`` on the repository, with the key alone."""
        (self.path.parent / "key").write_text(KEY)
        where = f"far/shop--copy-{self.name}/photos"
        given: tuple[object, ...] = ("-f", self.path, "--offline", "--format", "json")
        given += ("--key-file", self.path.parent / "key") if encrypted else ()
        return imagestore(self.capsys, "backup", argv[0], where, *argv[1:], *given)
