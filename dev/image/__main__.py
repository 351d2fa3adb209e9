"""`python -m dev.image build | archive | kind | push`, by buildah, podman or docker: `make image` and its kin."""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dev.image import engines, pip

ROOT = Path(__file__).resolve().parents[2]
LOCAL = "localhost/imagestore"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one of the four; its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        engine = engines.find()
        _DO[arguments.what](engine, arguments)
    except (engines.NoEngine, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except subprocess.CalledProcessError as error:  # the command has said why
        return int(error.returncode)
    return 0


def version() -> str:
    """The package's, which is the chart's appVersion and so the tag that it asks for."""
    (found,) = re.findall(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    return str(found)


def local() -> str:
    """The image's name on this machine. No registry is at localhost: a cluster that lacks it pulls no stranger's."""
    return f"{LOCAL}:{version()}"


def archive() -> Path:
    """Where the image is kept as one file."""
    return ROOT / "build" / f"imagestore-{version()}.tar"


def _build(engine: engines.Engine, arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        secrets = pip.secrets(Path(folder))
        _run(engine.build(local(), ROOT, base=arguments.base, secrets=secrets))
    _say(f"{local()} is built; next: `make kind-load`, `make image-archive`, or `make push REPO=...`")


def _archive(engine: engines.Engine, _: argparse.Namespace) -> None:
    _save(engine)
    file = archive().relative_to(ROOT)
    _say(f"{file} holds {local()}; on each k3s node: sudo k3s ctr images import {file.name}")


def _save(engine: engines.Engine) -> None:
    archive().parent.mkdir(exist_ok=True)
    archive().unlink(missing_ok=True)
    _run(engine.save(local(), archive()))


def _kind(engine: engines.Engine, arguments: argparse.Namespace) -> None:
    _needed("kind")
    _save(engine)
    _run(["kind", "load", "image-archive", str(archive()), "--name", arguments.cluster])
    _say(f"install with --set image.repository={LOCAL}")


def _push(engine: engines.Engine, arguments: argparse.Namespace) -> None:
    if not arguments.repo:
        raise ValueError("say where to: make push REPO=registry.example/team/imagestore")
    for command in engine.push(local(), f"{arguments.repo}:{version()}"):
        _run(command)
    _say(f"install with --set image.repository={arguments.repo}")


_DO = {"build": _build, "archive": _archive, "kind": _kind, "push": _push}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dev.image")
    parser.add_argument("what", choices=sorted(_DO))
    parser.add_argument("--base", default="", help="the base image instead of the Dockerfile's")
    parser.add_argument("--cluster", default="kind", help="kind's name of the cluster")
    parser.add_argument("--repo", default="", help="repository to push to, without a tag")
    return parser


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True)


def _needed(name: str) -> None:
    if shutil.which(name) is None:
        raise ValueError(f"{name} is needed for this, and is not on PATH")


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
