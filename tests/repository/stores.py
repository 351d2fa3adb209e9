"""Manifests of running stores, and the command line on them."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from dev.stores import Store


def manifests(folder: Path, **stores: Store) -> Path:
    """A file with a StorageBackend and a Secret for each store."""
    path = folder / "backends.yaml"
    path.write_text("---\n".join(_manifest(name, store) for name, store in stores.items()))
    return path


def _manifest(name: str, store: Store) -> str:
    return f"""\
apiVersion: imagestore.dev/v1alpha1
kind: StorageBackend
metadata: {{name: {name}}}
spec:
  provider: {store.provider}
  s3: {{endpoint: "{store.endpoint}", region: {store.region}}}
  credentials: {{secretRef: {{name: {name}}}}}
  namespaces: {{names: [shop]}}
---
apiVersion: v1
kind: Secret
metadata: {{name: {name}, namespace: imagestore-system}}
stringData: {{accessKeyId: "{store.access_key}", secretAccessKey: "{store.secret_key}"}}
"""


@contextmanager
def own_buckets(*buckets: tuple[Store, str]) -> Iterator[None]:
    """Buckets whose names a page or an example says, new and gone afterwards: other tests of the same server say them, too."""
    for store, bucket in buckets:
        discard(store.s3(), bucket)
        store.s3().create_bucket(Bucket=bucket)
    yield
    for store, bucket in buckets:
        discard(store.s3(), bucket)


def discard(s3: Any, bucket: str) -> None:
    """Delete a bucket with all that is in it; one that is not there is gone."""
    with suppress(s3.exceptions.NoSuchBucket):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for item in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                s3.delete_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])
        s3.delete_bucket(Bucket=bucket)
