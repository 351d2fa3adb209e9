"""The command as a process, killed with SIGKILL after one call after the other, until it comes to its end."""

import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.buckets import uploads_with_parts
from tests.cli.world import Said, imagestore
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
    assert uploads_with_parts(p.far.server.s3(), p.far.bucket) == []
    assert not [k for k in p.far.kept() if k.endswith("/checkpoint")]
    diff = process("imagestore", "transfer", "diff", *ends(p), "-f", file, "--offline")
    assert (diff.returncode, diff.stdout) == (0, "")


def test_what_was_complete_when_the_process_was_killed_is_proven_and_gets_its_tags(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Ceph takes the tags of an upload in parts afterwards only, and its ETag proves nothing of an original that came in one."""
    p = pair(request, ("MinIO", "Ceph"))
    p.near.put("parts", bytes(20 * 1024**2), tags={"album": "2026"})
    file = tmp_path / "stores.yaml"
    file.write_text(manifests(p))
    copy = ["transfer", "copy", *ends(p), "-f", file, "--offline"]
    killed = process("tests.transfer.killed", "CompleteMultipartUpload", *copy)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert p.far.held() == p.near.held()
    assert p.far.objects.tags(p.far.bucket, "parts") == {}
    done = process("imagestore", *copy)
    assert done.returncode == 0, done.stderr
    diff = process("imagestore", "transfer", "diff", *ends(p), "-f", file, "--offline")
    assert (diff.returncode, diff.stdout) == (0, "")
    assert p.far.objects.tags(p.far.bucket, "parts") == {"album": "2026"}


def test_of_three_shards_one_is_killed_and_run_again(
    request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a Job does on a node: a pod is killed, and another one takes its index."""
    p = pair(request, ("MinIO", "Ceph"))
    for i in range(24):
        p.near.put(f"k{i:02}", body(i))
    file, run = tmp_path / "stores.yaml", tmp_path / "run.json"
    file.write_text(manifests(p))
    stores = ("-f", file, "--offline")
    transfer = partial(imagestore, capsys, "transfer")
    assert describe(transfer("split", *ends(p), "--shards", 1, *stores), run) == []
    assert transfer("run", "--run", run, "--shard", 0, *stores).code == 0
    assert transfer("finish", "--run", run, *stores).code == 0
    for i in range(0, 24, 3):
        p.near.put(f"k{i:02}", body("edited"))
        p.near.put(f"k{i:02}x", body(i))
    assert len(describe(transfer("split", *ends(p), "--shards", 3, *stores), run)) == 2
    shard = ("run", "--run", run, *stores, "--shard")
    assert process("tests.transfer.killed", 14, "transfer", *shard, 1).returncode == -signal.SIGKILL
    assert transfer("finish", "--run", run, *stores).code == 1
    assert [transfer(*shard, number).code for number in range(3)] == [0, 0, 0]
    finished = transfer("finish", "--run", run, "--format", "json", *stores)
    assert finished.code == 0
    assert (finished.json["complete"], finished.json["listed"][0]) == (True, 32)
    assert p.far.held() == p.near.held()
    assert not [k for k in p.far.kept() if "shard" in k.rpartition("/")[2] and "/segments/" not in k]


def describe(split: Said, run: Path) -> list[str]:
    """Write the description so that the journal has a segment for four keys; return its boundaries."""
    told = split.json
    told["limits"]["segment"] = 4
    run.write_text(json.dumps(told))
    found: list[str] = told["boundaries"]
    return found
