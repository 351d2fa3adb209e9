"""The folder for everything built or downloaded: outside the repository, keyed by name and version."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_folder() -> Path:
    """`$IMAGESTORE_CACHE`, else `imagestore` in `$XDG_CACHE_HOME`, else in `~/.cache`."""
    if own := os.environ.get("IMAGESTORE_CACHE"):
        return Path(own).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "imagestore"


def entry(name: str, version: str) -> Path:
    """Where the folder of this name and version is, made or not."""
    return cache_folder() / name / version


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file beside `path`; other processes that want the same wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def obtain(name: str, version: str, make: Callable[[Path], None]) -> Path:
    """The folder of this name and version; `make` fills a new one, which appears only when it is whole."""
    target = entry(name, version)
    if target.exists():
        return target
    with locked(target):
        if not target.exists():
            _make(target, make)
    return target


def _make(target: Path, make: Callable[[Path], None]) -> None:
    for leftover in target.parent.glob(f".{target.name}.*/"):
        shutil.rmtree(leftover, ignore_errors=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        make(unfinished)
        unfinished.chmod(0o755)
        unfinished.rename(target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
