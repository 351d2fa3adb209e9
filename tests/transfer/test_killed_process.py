"""The command as a process, killed with SIGKILL after one call after the other, until it comes to its end."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.transfer.stores import Pair, pair
from tests.transfer.world import body

STEP = int(
    os.environ.get("TRANSFER_KILL_STEP", "5")
)  # calls between two kills; `make soak-transfer` takes each


def manifests(p: Pair) -> str:
    """Both StorageBackends with their Secrets."""
    return "---\n".join(
        f"""\
apiVersion: imagestore.dev/v1alpha1
kind: StorageBackend
metadata: {{name: {name}}}
spec:
  provider: {side.server.provider}
  s3: {{endpoint: "{side.server.endpoint}", region: {side.server.region}}}
  credentials: {{secretRef: {{name: {name}}}}}
---
apiVersion: v1
kind: Secret
metadata: {{name: {name}, namespace: imagestore-system}}
stringData: {{accessKeyId: "{side.server.access_key}", secretAccessKey: "{side.server.secret_key}"}}
"""
        for name, side in (("near", p.near), ("far", p.far))
    )


def ends(p: Pair) -> list[str]:
    return [f"near/{p.near.bucket}", f"far/{p.far.bucket}"]


def process(*argv: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", *map(str, argv)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_killed_again_and_again_the_command_comes_to_its_end(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    p = pair(request, ("MinIO", "Ceph"))
    for i in range(12):
        p.near.put(f"k{i:02}", body(i))
    p.near.put("parts", bytes(20 * 1024**2))
    file = tmp_path / "stores.yaml"
    file.write_text(manifests(p))
    copy = ["transfer", "copy", *ends(p), "-f", file, "--offline", "--workers", "2", "--format", "json"]
    for calls in range(STEP, 1000, STEP):
        done = process("tests.transfer.killed", calls, *copy)
        if done.returncode != -signal.SIGKILL:
            break
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["complete"]
    assert calls > 2 * STEP
    assert p.far.held() == p.near.held()
    assert "Uploads" not in p.far.server.s3().list_multipart_uploads(Bucket=p.far.bucket)
    assert not [k for k in p.far.kept() if k.endswith("/checkpoint")]
    diff = process("imagestore", "transfer", "diff", *ends(p), "-f", file, "--offline")
    assert (diff.returncode, diff.stdout) == (0, "")
