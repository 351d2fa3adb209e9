"""What the tests of the command line share: manifests for a running store, and running a command."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dev.stores import Store
from imagestore.__main__ import main

PROVIDERS = ("minio", "seaweedfs", "ceph", "aws")


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The answer of ``--format json``."""
        return json.loads(self.out)

    def bucket(self, name: str) -> Any:
        """One bucket of it."""
        return next(b for b in self.json["buckets"] if b["name"] == name)


def imagestore(capsys: pytest.CaptureFixture[str], *argv: object) -> Said:
    """Run a command in this process."""
    capsys.readouterr()
    code = main([str(a) for a in argv])
    shown = capsys.readouterr()
    return Said(code, shown.out, shown.err)


def backend(store: Store, *settings: str, tenancy: str = "{}") -> str:
    """The StorageBackend ``eu`` and its Secret."""
    more = "".join(f"  {s}\n" for s in settings)
    return f"""\
apiVersion: imagestore.dev/v1alpha1
kind: StorageBackend
metadata: {{name: eu}}
spec:
  provider: {store.provider}
  s3: {{endpoint: "{store.endpoint}", region: {store.region}}}
  credentials: {{secretRef: {{name: eu}}}}
  namespaces: {{names: [shop]}}
  tenancy: {tenancy}
{more}---
apiVersion: v1
kind: Secret
metadata: {{name: eu, namespace: imagestore-system}}
stringData: {{accessKeyId: "{store.access_key}", secretAccessKey: "{store.secret_key}"}}
---
"""


def bucket(name: str, bucket_name: str, *settings: str) -> str:
    """An ImageBucket of the namespace ``shop``."""
    lines = "".join(f"  {s}\n" for s in settings)
    return f"""\
---
apiVersion: imagestore.dev/v1alpha1
kind: ImageBucket
metadata: {{name: {name}, namespace: shop}}
spec:
  backendRef: {{name: eu}}
  bucketName: {bucket_name}
{lines}"""


def write(directory: Path, text: str, name: str = "shop.yaml") -> Path:
    """A file of manifests."""
    path = directory / name
    path.write_text(text)
    return path
