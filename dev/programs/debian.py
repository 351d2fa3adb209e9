"""Debian packages unpacked into the cache: no root is needed and nothing of the machine changes."""

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dev.programs.cache import obtain
from dev.programs.progress import run_step, step

Command = Sequence[str | Path]


def unpacked(name: str, packages: Sequence[str], estimate: str) -> Path:
    """A folder with these packages, and with those they need that this machine does not have installed.

    The versions are those of the machine's own release; its package sources are used as they are set up.
    """
    return obtain(name, release(), lambda folder: _unpack(name, packages, estimate, folder))


def release() -> str:
    """The machine's release, such as debian-12."""
    read = platform.freedesktop_os_release()
    return f"{read['ID']}-{read.get('VERSION_ID', 'unversioned')}"


def mirror() -> tuple[str, str]:
    """Where this machine's packages come from, and its release's code name: what debootstrap is told."""
    with tempfile.TemporaryDirectory() as own:
        # Lists of its own: a machine that has never read any names no repository.
        apt = _apt(Path(own))
        run_step([*apt, "update"], what="reading Debian's package lists", cwd=Path(own), env=os.environ)
        listed = _run([*apt, "indextargets", "--format", "$(REPO_URI) $(CODENAME)", "Created-By: Packages"])
    codename = platform.freedesktop_os_release()["VERSION_CODENAME"]
    for line in listed.splitlines():
        uri, _, found = line.partition(" ")
        if found == codename:
            return uri, codename
    raise RuntimeError(f"apt-get knows no packages of {codename}\n{listed}")


def _unpack(name: str, packages: Sequence[str], estimate: str, folder: Path) -> None:
    if shutil.which("apt-get") is None:
        raise RuntimeError(f"{name} comes from Debian's packages, and this machine has no apt-get")
    own = tempfile.TemporaryDirectory(dir=folder.parent, prefix=".apt-")
    with step(f"fetching {name} from Debian's packages", estimate), own as downloads:
        for deb in _download(packages, Path(downloads)):
            _run(["dpkg", "--extract", deb, folder])


def _download(packages: Sequence[str], own: Path) -> list[Path]:
    apt = _apt(own)
    run_step([*apt, "update"], what="reading Debian's package lists", cwd=own, env=os.environ)
    simulated = _run([*apt, "--simulate", "--no-install-recommends", "install", *packages])
    missing = [line.split()[1] for line in simulated.splitlines() if line.startswith("Inst ")]
    # What is installed already is not in that list: it is asked for by name all the same.
    wanted = sorted({*missing, *packages})
    run_step([*apt, "download", *wanted], what=f"downloading {len(wanted)} packages", cwd=own, env=os.environ)
    return sorted(own.glob("*.deb"))


def _apt(own: Path) -> list[str]:
    """apt-get with lists and caches in a folder of its own, so that the machine's need no lock and no root."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (own / folder).mkdir(parents=True)
    options = {
        "Dir::State::lists": own / "lists",
        "Dir::Cache": own / "cache",
        "Debug::NoLocking": "1",
        # As root apt would become the user _apt, who may not write here.
        "APT::Sandbox::User": "root",
        "Acquire::Retries": "3",
    }
    return [
        "apt-get",
        "-qq",
        *(part for name, value in options.items() for part in ("-o", f"{name}={value}")),
    ]


def _run(command: Command) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}\n{done.stderr}")
    return done.stdout
