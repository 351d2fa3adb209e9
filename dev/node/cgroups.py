"""The node's own place among the machine's cgroups: made before, gone afterwards."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_PREFIX = "imagestore-node-"


@contextmanager
def own() -> Iterator[str]:
    """A name under which kubelet puts its pods, in each hierarchy; those of runs that were killed go first."""
    for folder in _hierarchies():
        for left in folder.glob(f"{_PREFIX}*"):
            if not Path("/proc", left.name.removeprefix(_PREFIX)).exists():
                _remove(left)
    name = f"{_PREFIX}{os.getpid()}"
    for folder in _hierarchies():
        (folder / name).mkdir(exist_ok=True)
    try:
        yield name
    finally:
        for folder in _hierarchies():
            _remove(folder / name)


def processes(name: str, container: str) -> list[int]:
    """The ids, on this machine, of a container's processes."""
    folder = next(f for f in _hierarchies() if (f / name).is_dir())
    for found in (folder / name).rglob(f"*{container}*"):
        return [int(pid) for pid in (found / "cgroup.procs").read_text().split()]
    return []


def _hierarchies() -> list[Path]:
    """One in version 2; one for each controller in version 1."""
    if (_ROOT / "cgroup.controllers").exists():
        return [_ROOT]
    return [folder for folder in sorted(_ROOT.iterdir()) if folder.is_dir() and not folder.is_symlink()]


def _remove(folder: Path) -> None:
    """Every folder below, deepest first: cgroups are removed one by one, and never with a process in them."""
    for below, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):
            Path(below).rmdir()
