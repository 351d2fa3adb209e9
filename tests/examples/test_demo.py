"""The second act of `make demo` as its users run it: its words are read, and it leaves nothing behind."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from dev.cluster import Cluster
from dev.demo.operator import installed, namespaces
from dev.wait import eventually

ROOT = Path(__file__).resolve().parents[2]
DEMO = [sys.executable, "-m", "dev.demo"]


def demo(*args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The demo, from its beginning to its end without a terminal."""
    return subprocess.run(
        [*DEMO, *args],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


def test_the_story_is_told() -> None:
    """Ready from the store, real pictures, drift noticed and put right, a plan that names what is risky."""
    done = demo("--act", "2", "--exit")
    assert done.returncode == 0, done.stdout + done.stderr
    for line in (
        "$ kubectl apply -f examples/01-shop-photos",
        "29 of 29 have the hash that they were sent with",
        'DriftDetected: versioning.state is "Suspended", should be "Enabled"',
        "Corrected: versioning.state was wrong from",
        "Versioning of shop--photos in the store: Enabled.",
        "lifecycle.rules[name=wire-pictures-go].expire.days: 30 -> 7",
        "held (NeedsApproval): suspending versioning",
        "stopped; nothing is left running.",
    ):
        assert line in done.stdout, done.stdout + done.stderr


def test_a_cluster_of_somebody_is_left_as_it_was(tmp_path: Path) -> None:
    """Namespaces that were there before stay, whatever their name; CRDs and rights go."""
    with Cluster.start(tmp_path, name="somebodys") as cluster:
        cluster.kubectl("create", "namespace", "research")
        before = namespaces(cluster)
        arguments = ("--act", "2", "--context", "imagestore", "--store", "minio")
        done = demo(*arguments, KUBECONFIG=str(cluster.kubeconfig))
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Read back with credentials: 29 of 29" in done.stdout
        assert namespaces(cluster) == before
        assert not installed(cluster)
        rights = cluster.kubectl("get", "clusterroles,clusterrolebindings", "-o", "name").stdout
        assert "imagestore" not in rights


def test_ctrl_c_in_the_second_act_stops_everything(tmp_path: Path) -> None:
    """Whenever it is pressed, no server outlives the demo and no folder is left."""
    log = tmp_path / "demo.log"
    with log.open("w") as output:
        running = subprocess.Popen(
            [*DEMO, "--act", "2"], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            env={**os.environ, "TMPDIR": str(tmp_path)}, start_new_session=True,
        )  # fmt: skip
        try:
            eventually(lambda: "An object store" in log.read_text(), 120, "the cluster has started")
            os.killpg(running.pid, signal.SIGINT)
            assert running.wait(60) == 130, log.read_text()
        finally:
            running.kill()
    assert "stopped; nothing is left running." in log.read_text()
    assert list(tmp_path.glob("imagestore-demo-*")) == []
    # The kernel ends what was only just being started; it does so after the demo's own end.
    eventually(lambda: not left(tmp_path), 20, lambda: f"nothing is left running: {left(tmp_path)}")


def left(folder: Path) -> list[bytes]:
    """The commands that run with something in this folder. Other processes come and go while we look."""
    commands = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            commands.append(process.read_bytes())
    return [c for c in commands if str(folder).encode() in c]
