"""What a start of the operator, and of a command, loads."""

import json
import subprocess
import sys

import pytest

STORE = """
apiVersion: imagestore.dev/v1alpha1
kind: StorageBackend
metadata: {name: a}
spec:
  provider: MinIO
  s3: {endpoint: "http://127.0.0.1:9000", region: us-east-1}
  credentials: {secretRef: {name: a}}
---
apiVersion: v1
kind: Secret
metadata: {name: a, namespace: imagestore-system}
stringData: {accessKeyId: someone, secretAccessKey: something}
"""
# Connects both ends as the command does, and tells what was imported for it.
CONNECTED = """
import json, sys
from imagestore.cli.moving import copying, ends, shown
from imagestore.cli.parser import command_line
args = command_line().parse_args(["transfer", "diff", "a/photos", "a/copy", "-f", "-", "--offline"])
ends.job_of(args, *ends.gather(args, args.source, args.destination))
print(json.dumps(sorted(sys.modules)))
"""


def test_the_client_that_kopf_would_load_is_not_loaded() -> None:
    """kopf imports `kubernetes` where it finds it: half a second of CPU at each start, and 18 MB."""
    started = "import imagestore.k8s.life.operator, sys; print('kubernetes' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", started], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "False"


@pytest.fixture(scope="module")
def of_a_copy() -> list[str]:
    """The modules of a copy between two stores."""
    done = subprocess.run(
        [sys.executable, "-c", CONNECTED], input=STORE, capture_output=True, text=True, check=True
    )
    return list(json.loads(done.stdout))


@pytest.mark.parametrize(
    "package",
    [
        "imagestore.kinds",
        "imagestore.k8s",
        "imagestore.reconcile",
        "imagestore.repository",
        "imagestore.api.kinds",
        "imagestore.api.imagebucket",
        "imagestore.backends.s3.settings",
        "imagestore.metrics",
        "aiohttp",
        "botocore.session",
        "botocore.parsers",
        "kopf",
        "PIL",
        "prometheus_client",
        "urllib3",
    ],
)
def test_a_copy_loads_only_what_a_copy_needs(package: str, of_a_copy: list[str]) -> None:
    """A copy of 4000 small objects took 6.1 s of CPU, and 1.3 s of them were imports, most of them of kinds and reconciles."""
    assert [name for name in of_a_copy if f"{name}.".startswith(f"{package}.")] == []
