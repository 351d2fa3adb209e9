"""Objects as a cluster or a state folder keeps them, as a plan wants them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.api.kinds import Kind
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.cli.gathering.clusterstate import ClusterBucket, ClusterState
from imagestore.controller.state.objects import key_of
from imagestore.core.salvage import salvaged
from imagestore.kinds import ALL
from imagestore.reconcile.shared.situation import Meta

Json = Any


def snapshot_of(
    items: Mapping[type[Any], Iterable[Json]], labels: Mapping[str, Mapping[str, str]], notes: list[str]
) -> ClusterState:
    """``items``: objects by the type of their spec. What is left out is in ``notes``."""
    specs = {b["metadata"]["name"]: _spec(b, notes) for b in items.get(StorageBackendSpec, ())}
    known = {n: s for n, s in specs.items() if s is not None}
    buckets = _known(items.get(ImageBucketSpec, ()), notes)
    givers = [ALL[name].kind for name in ALL.contributors]
    asked = {key_of(k, o): o.get("spec") or {} for k in givers for o in items.get(k.spec, ())}
    told = {key_of(k, o): o.get("status") or {} for k in givers for o in items.get(k.spec, ())}
    return ClusterState(known, buckets, labels, asked, told, notes=tuple(notes))


def of_state(objects: Iterable[tuple[Kind, Json]], labels: Mapping[str, Mapping[str, str]]) -> ClusterState:
    """What a state folder has. ``labels``: of the manifests' namespaces."""
    items: dict[type[Any], list[Json]] = {}
    for kind, obj in objects:
        items.setdefault(kind.spec, []).append(obj)
    return replace(snapshot_of(items, labels, []), place="the state folder")


def _spec(item: Json, notes: list[str]) -> StorageBackendSpec | None:
    try:
        return StorageBackendSpec.model_validate(item.get("spec") or {})
    except ValidationError:
        name = item["metadata"]["name"]
        notes.append(
            f"the cluster's StorageBackend {name} was written for another version of imagestore and is ignored"
        )
        return None


def _known(items: Iterable[Json], notes: list[str]) -> dict[str, ClusterBucket]:
    found = {}
    for item in items:
        meta = _meta(item["metadata"])
        try:
            spec = ImageBucketSpec.model_validate(item.get("spec") or {})
        except ValidationError:
            label = f"{meta.namespace}/{meta.name}"
            notes.append(
                f"the cluster's ImageBucket {label} was written for another version of imagestore and is ignored"
            )
            continue
        status = salvaged(ImageBucketStatus, item.get("status") or {})
        found[f"{meta.namespace}/{meta.name}"] = ClusterBucket(meta, spec, status)
    return found


def _meta(metadata: Mapping[str, Any]) -> Meta:
    return Meta(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        generation=metadata.get("generation", 1),
        created=datetime.fromisoformat(metadata["creationTimestamp"]),
        deleting="deletionTimestamp" in metadata,
    )
