"""Manifests of running stores, and the command line on them."""

from pathlib import Path

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
