"""Whether a node can run on this machine, found out by trying what it needs."""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

# Each is tried in namespaces that end with the command, in a folder where the node's files would be.
_TRIES = {
    "make namespaces of its own (unshare)": "true",
    "make device nodes, which a root of a user namespace may not": "mknod null c 1 3",
    "mount an overlay in its folder for temporary files": (
        "mkdir a b c d && mount -t overlay overlay -o lowerdir=a,upperdir=b,workdir=c d"
    ),
}


@cache
def why_not() -> str | None:
    """Why no node can run here, None when one can."""
    if sys.platform != "linux":
        return "a node needs Linux"
    if os.geteuid() != 0:
        return "a node needs root"
    if shutil.which("apt-get") is None:
        return "a node's runc and buildah come from Debian's packages, and this machine has no apt-get"
    if platform.freedesktop_os_release().get("ID") != "debian":
        return "a node's base image is made of Debian's packages"
    return _tried() or _cgroups()


def _tried() -> str | None:
    for what, script in _TRIES.items():
        command = ["unshare", "--mount", "--net", "--pid", "--fork", "sh", "-ec", script]
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, check=False, timeout=30
            )
        if done.returncode != 0:
            return f"a node has to {what}, and this machine refuses: {done.stderr.strip()}"
    return None


def _cgroups() -> str | None:
    folder = Path("/sys/fs/cgroup")
    there = (folder / "cgroup.controllers").exists() or (folder / "memory").is_dir()
    return None if there and os.access(folder, os.W_OK) else "a node needs cgroups that it may write"
