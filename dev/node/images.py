"""The images that a node needs before ours: a base with Python, and the pause image. Made once, kept in the cache."""

import shutil
from pathlib import Path

from dev.node.buildah import Buildah
from dev.node.packages import in_room, packages, tool
from dev.programs import program
from dev.programs.cache import obtain
from dev.programs.debian import mirror, release
from dev.programs.progress import run_step, step

BASE = "localhost/debian-python:1"
PAUSE = "localhost/pause:1"

# What no image has, and what of Debian's caches only apt needs.
_NOT_IN_BASE = ("dev", "proc", "sys", "var/cache/apt/archives", "var/lib/apt/lists")
_BASE_FILE = "FROM scratch\nADD base.tar /\n"
_PAUSE_FILE = 'FROM scratch\nCOPY pause /pause\nENTRYPOINT ["/pause"]\n'


def store() -> Path:
    """A storage of buildah's with the base image, to be read beside one's own."""
    return _made() / "store"


def pause_archive() -> Path:
    """The pause image as a file."""
    return _made() / "pause.tar"


def _made() -> Path:
    return obtain("node-images", f"{release()}-1", _make)


def _make(folder: Path) -> None:
    own = folder / "work"
    own.mkdir()
    with step("making a base image with debootstrap", "1 min 30 s"):
        _debootstrap(own)
        buildah = Buildah(folder / "store")
        buildah.build(own, BASE, _BASE_FILE)
        shutil.copy(program("pause"), own / "pause")
        buildah.build(own, PAUSE, _PAUSE_FILE)
        buildah.save(PAUSE, folder / "pause.tar")
    shutil.rmtree(own)


def _debootstrap(own: Path) -> None:
    uri, codename = mirror()
    root = own / "root"
    # The same tools as everywhere: /usr/share/debootstrap is the machine's, if any, and not ours.
    scripts = packages() / "usr" / "share" / "debootstrap"
    what = ["--variant=minbase", "--include=python3,python3-venv,ca-certificates", codename, str(root), uri]
    command = in_room(["env", f"DEBOOTSTRAP_DIR={scripts}", "sh", tool("debootstrap"), *what])
    run_step(command, what="debootstrap", cwd=own, env=_plain())
    leave_out = [f"--exclude=./{folder}/*" for folder in _NOT_IN_BASE]
    run_step(
        ["tar", "-C", str(root), *leave_out, "-cf", str(own / "base.tar"), "."],
        what="tar",
        cwd=own,
        env=_plain(),
    )
    shutil.rmtree(root)


def _plain() -> dict[str, str]:
    return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
