"""Digests that a status remembers. Pure."""

import hashlib
import json
from collections.abc import Sequence

from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.core.facet import Facet
from imagestore.reconcile.shared.contribution import Contribution, digest_with

WRITTEN = "-"  # in place of a digest: written, and not yet observed


def wish_digest(value: Facet) -> str:
    """The same for the same desired value. It tells an edit of the spec from drift."""
    text = json.dumps(value.canonical().to_json(), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def inputs_hash(store: StorageBackendSpec | None, contributions: Sequence[Contribution] = ()) -> str:
    """The digest of what decides about a bucket besides its own spec, so that a change during a restart is noticed.

    ``approve`` of the backend is not in it: it decides nothing about buckets, and each bucket's status would be written.
    """
    said = {k: v for k, v in store.to_json().items() if k != "approve"} if store else None
    text = json.dumps(said, sort_keys=True)
    return digest_with(hashlib.sha256(text.encode()).hexdigest()[:12], tuple(contributions))
