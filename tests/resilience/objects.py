"""ImageBuckets as JSON, and what their statuses say."""

from typing import Any

from dev.cluster.api import Json


def conditions(obj: Json) -> dict[str, Json]:
    """By type."""
    listed: list[Json] = (obj.get("status") or {}).get("conditions") or []
    return {c["type"]: c for c in listed}


def settled(obj: Json | None) -> bool:
    """Whether its present generation was judged Ready."""
    if obj is None:
        return False
    ready = conditions(obj).get("Ready", {})
    generation = obj["metadata"]["generation"]
    judged = (obj.get("status") or {}).get("observedGeneration") == generation
    return judged and ready.get("status") == "True" and ready.get("observedGeneration") == generation


def image_bucket(namespace: str, name: str, backend: str, **spec: Any) -> Json:
    """A manifest."""
    return {
        "apiVersion": "imagestore.dev/v1alpha1",
        "kind": "ImageBucket",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"backendRef": {"name": backend}, "bucketName": f"{namespace}--{name}", **spec},
    }
