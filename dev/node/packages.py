"""Debian's part of a node (runc, buildah, debootstrap, CNI plugins), and a room in which it works as if installed."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from dev.programs.debian import unpacked

_PACKAGES = ("buildah", "containernetworking-plugins", "debootstrap", "iproute2", "runc")

# The libraries and settings of the packages are laid over the machine's, for this command and its children only:
# buildah and runc start themselves again without the environment, so LD_LIBRARY_PATH does not reach them.
_ROOM = """\
set -e
packages=$1; shift
for folder in etc $(cd "$packages" && echo usr/lib/*-linux-gnu); do
  mount -t overlay overlay -o "lowerdir=$packages/$folder:/$folder" "/$folder"
done
export PATH="$PATH:$packages/usr/sbin:$packages/usr/bin:$packages/sbin:$packages/bin"
exec "$@"
"""


def packages() -> Path:
    """The folder of the unpacked packages, fetched when it is missing."""
    return unpacked("node", _PACKAGES, "20 s")


def in_room(command: Sequence[str | Path], *, more: Sequence[str] = ()) -> list[str]:
    """The command as it is run with the packages laid over; ``more`` for unshare. What it mounts ends with it."""
    return ["unshare", "--mount", *more, "sh", "-c", _ROOM, "room", str(packages()), *map(str, command)]


def cni_folder() -> Path:
    """Where the CNI plugins are."""
    return packages() / "usr" / "lib" / "cni"


def tool(name: str) -> Path:
    """A program of the packages."""
    for folder in ("usr/bin", "usr/sbin", "bin", "sbin"):
        if (found := packages() / folder / name).is_file():
            return found
    raise RuntimeError(f"Debian's packages {_PACKAGES} hold no {name}")


def run(command: Sequence[str | Path], what: str) -> str:
    """Run a command in the room to its end; what it wrote."""
    done = subprocess.run(in_room(command), capture_output=True, text=True, check=False, env=os.environ)
    if done.returncode != 0:
        raise RuntimeError(
            f"{what} failed with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
        )
    return done.stdout
