"""What builds images on this machine, and how each is told the same things."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

Command = list[str]


class NoEngine(RuntimeError):
    """None of the known ones is there."""


@dataclass(frozen=True)
class Engine:
    """One of them. ``times``: how it is told that every time in the image is 1970, so that builds are equal."""

    name: str
    times: tuple[str, ...]
    save_to: Callable[[str, Path], Command]
    push_to: Callable[[str, str], list[Command]]

    def build(self, tag: str, root: Path, *, base: str, secrets: Mapping[str, Path]) -> Command:
        """Build ``root``'s Dockerfile. Its ``secrets`` are files that are there while it is built, and in no layer."""
        chosen = ["--build-arg", f"BASE={base}"] if base else []
        given = [part for name, path in secrets.items() for part in ("--secret", f"id={name},src={path}")]
        return [self.name, "build", *self.times, *chosen, *given, "--tag", tag, str(root)]

    def save(self, tag: str, file: Path) -> Command:
        """Write the image to a file that `docker load`, kind and containerd read."""
        return [self.name, *self.save_to(tag, file)]

    def push(self, tag: str, target: str) -> list[Command]:
        """Bring the image to a registry."""
        return [[self.name, *command] for command in self.push_to(tag, target)]


ENGINES = (
    Engine(
        "buildah",
        ("--timestamp", "0"),
        lambda tag, file: ["push", tag, f"docker-archive:{file}:{tag}"],
        lambda tag, target: [["push", tag, f"docker://{target}"]],
    ),
    Engine(
        "podman",
        ("--timestamp", "0"),
        lambda tag, file: ["save", "--format", "docker-archive", "--output", str(file), tag],
        lambda tag, target: [["push", tag, f"docker://{target}"]],
    ),
    Engine(
        "docker",
        ("--build-arg", "SOURCE_DATE_EPOCH=0"),
        lambda tag, file: ["save", "--output", str(file), tag],
        lambda tag, target: [["tag", tag, target], ["push", target]],
    ),
)


def find() -> Engine:
    """The first that is on PATH."""
    for engine in ENGINES:
        if shutil.which(engine.name):
            return engine
    raise NoEngine("no engine builds images here: install buildah, podman or docker")
