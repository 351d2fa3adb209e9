"""What a node leaves behind, and what is said where none can run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dev.node import ability, cgroups
from dev.node.packages import run, tool
from dev.wait import eventually

_OPENED = """
import sys
from pathlib import Path
from dev.node import cgroups
from dev.node.box import Box
scratch = Path(sys.argv[1])
with cgroups.own() as name:
    box = Box(scratch)
    box.open()
    print(box.pid, name, flush=True)
    sys.stdin.read()
"""


def test_without_root_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert ability.why_not.__wrapped__() == "a node needs root"


@pytest.fixture
def needs_a_node() -> None:
    """Skips with the reason where none can run."""
    if reason := ability.why_not():
        pytest.skip(reason)


@pytest.mark.usefixtures("needs_a_node")
def test_a_nodes_namespaces_end_with_the_process_that_made_them(tmp_path: Path) -> None:
    """However it ends: mounts, addresses and processes are gone, and the next node removes its cgroups."""
    holder = subprocess.Popen(
        [sys.executable, "-c", _OPENED, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    pid, name = holder.stdout.readline().split()
    inside = ["nsenter", f"--target={pid}", "--net", str(tool("ip")), "-brief", "address", "show", "cni0"]
    assert "10.88.0.1/24" in run(inside, "showing the bridge's address")
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    eventually(lambda: not Path(f"/proc/{pid}").exists(), 30, "the namespaces' first process is gone")
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()
    with cgroups.own():
        left = list(Path("/sys/fs/cgroup").glob(f"**/{name}"))
    assert left == []
