"""What a command knows of the cluster. No kind but StorageBackend is imported: most commands need only the stores.

A copy between two stores took 1.3 s of CPU before its first request, most of it the import of all kinds and their reconciles.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.cli.manifests.load import Manifests

if TYPE_CHECKING:
    from imagestore.api.bucketstatus import ImageBucketStatus
    from imagestore.api.imagebucket import ImageBucketSpec
    from imagestore.controller.state.objects import Key
    from imagestore.reconcile.shared.situation import Meta

OFFLINE = "not connected to a cluster, so the settings that were removed from a spec are unknown"


@dataclass(frozen=True)
class ClusterBucket:
    """An ImageBucket as the cluster has it."""

    meta: "Meta"
    spec: "ImageBucketSpec"
    status: "ImageBucketStatus"


@dataclass(frozen=True)
class ClusterState:
    """What was read from a cluster. ``secrets`` are those that StorageBackends name, by name."""

    backends: Mapping[str, StorageBackendSpec] = field(default_factory=dict)
    buckets: Mapping[str, ClusterBucket] = field(default_factory=dict)  # by namespace/name
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # of namespaces
    # Specs of all that contribute to others, and their statuses.
    contributors: "Mapping[Key, Mapping[str, object]]" = field(default_factory=dict)
    statuses: "Mapping[Key, Mapping[str, object]]" = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, object]] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()
    offline: bool = False  # there is no cluster
    place: str = "the cluster"  # where these objects are


def known_backends(manifests: Manifests, cluster: ClusterState) -> Mapping[str, StorageBackendSpec]:
    """By name. The manifests take precedence over the cluster's objects, because they are about to be applied."""
    return {**cluster.backends, **{o.name: o.spec for o in manifests.of(StorageBackendSpec)}}
