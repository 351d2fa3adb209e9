"""The example without a cluster, run as it stands: what systemd would start, on the example's manifests. tests/node runs the compose file."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dev import examples
from dev.ports import free_port
from dev.stores import Store
from tests.buckets import discard
from tests.local.world import until

FOLDER = examples.FOLDER / "11-without-kubernetes"
UNIT = (FOLDER / "imagestore.service").read_text()


def setting(name: str) -> str:
    """One line of the unit."""
    (found,) = [line.partition("=")[2] for line in UNIT.splitlines() if line.startswith(f"{name}=")]
    return found


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed here")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "imagestore.service"
    unit.write_text(UNIT.replace("/opt/imagestore/bin/imagestore", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_units_command_keeps_the_examples_bucket(tmp_path: Path, seaweedfs_store: Store) -> None:
    """Its paths are of a machine that it was installed on: here they are below a folder."""
    port = free_port()
    places = {
        "/opt/imagestore/bin/imagestore": f"{sys.executable} -m imagestore",
        "/etc/imagestore/manifests": str(tmp_path / "manifests"),
        f"/var/lib/{setting('StateDirectory')}": str(tmp_path / "state"),
        "${CREDENTIALS_DIRECTORY}": str(tmp_path),
        "127.0.0.1:8080": f"127.0.0.1:{port}",
    }
    (tmp_path / "manifests").mkdir()
    for file in ("backend.yaml", "bucket.yaml"):
        text = (FOLDER / file).read_text().replace("http://nas.example:8333", seaweedfs_store.endpoint)
        (tmp_path / "manifests" / file).write_text(text)
    keys = (
        f"nas: {{accessKeyId: {seaweedfs_store.access_key}, secretAccessKey: {seaweedfs_store.secret_key}}}\n"
    )
    (tmp_path / setting("LoadCredential").partition(":")[0]).write_text(keys)
    (tmp_path / "keys.yaml").chmod(0o600)
    command = setting("ExecStart")
    for place, here in places.items():
        assert place in command
        command = command.replace(place, here)
    s3 = seaweedfs_store.s3()
    discard(s3, "home--photos")  # the example's own test leaves it
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen(
            shlex.split(command), stdout=said, stderr=said, env={**os.environ, "HOME": "/"}
        )
    try:
        until(lambda: "home--photos was created" in (tmp_path / "said").read_text())
        tags = {t["Key"]: t["Value"] for t in s3.get_bucket_tagging(Bucket="home--photos")["TagSet"]}
        assert tags == {"owner": "family", "imagestore.dev/owner": "home/home/photos"}
        assert s3.get_bucket_versioning(Bucket="home--photos")["Status"] == "Enabled"
        process.send_signal(signal.SIGTERM)
        assert process.wait(int(setting("TimeoutStopSec"))) == 0, (tmp_path / "said").read_text()
    finally:
        process.kill()
        process.wait()
        s3.delete_bucket(Bucket="home--photos")
