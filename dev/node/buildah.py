"""buildah with a storage of its own."""

import shlex
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dev.node.packages import in_room, packages, run, tool


@dataclass(frozen=True)
class Buildah:
    """Its images are in ``storage``; those of ``beside`` can be read as well."""

    storage: Path
    beside: Path | None = None

    def command(self, *arguments: str | Path) -> list[str | Path]:
        """The command line as it is run in the room."""
        extra = [f"--storage-opt=overlay.imagestore={self.beside}"] if self.beside else []
        settings = {
            "BUILDAH_ISOLATION": "chroot",
            "CONTAINERS_CONF": packages() / "usr" / "share" / "containers" / "containers.conf",
        }
        variables = [f"{name}={value}" for name, value in settings.items()]
        own = [f"--root={self.storage}", f"--runroot={self.storage}.run", "--storage-driver=overlay", *extra]
        return ["env", *variables, tool("buildah"), *own, *arguments]

    def build(self, context: Path, tag: str, file: str) -> None:
        """Build an image from a Dockerfile's text."""
        with tempfile.NamedTemporaryFile("w") as written:
            written.write(file)
            written.flush()
            arguments = ("build", "--timestamp=0", f"--tag={tag}", f"--file={written.name}", context)
            run(self.command(*arguments), f"building {tag}")

    def save(self, tag: str, file: Path) -> None:
        """Write an image to a file that containerd reads."""
        run(self.command("push", tag, f"docker-archive:{file}:{tag}"), f"saving {tag}")

    def digest(self, tag: str) -> str:
        """Of the image's manifest, by which registries and clusters name it."""
        return run(self.command("images", "--format={{.Digest}}", tag), f"looking at {tag}").strip()

    def on_path(self, folder: Path) -> Path:
        """A folder for PATH with a `buildah` that is this one."""
        folder.mkdir(parents=True, exist_ok=True)
        script = folder / "buildah"
        script.write_text(f'#!/bin/sh\nexec {_quoted(in_room(self.command()))} "$@"\n')
        script.chmod(0o755)
        return folder


def _quoted(command: Sequence[str]) -> str:
    return " ".join(shlex.quote(part) for part in command)
