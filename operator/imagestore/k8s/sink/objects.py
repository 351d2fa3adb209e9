"""Our objects in the API server."""

from collections.abc import Sequence
from typing import Any

from imagestore.api.kinds import Kind
from imagestore.controller.state.objects import Key
from imagestore.k8s.api.client import Client
from imagestore.k8s.api.resources import of

Json = Any


class ApiObjects:
    """The calls for one object. Each raises ApiError."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def read(self, kind: Kind, key: Key) -> Json:
        """Return the object."""
        return await self._client.get(of(kind), key.namespace, key.name)

    async def make(self, kind: Kind, body: Json) -> Json:
        """Make an object."""
        return await self._client.create(of(kind), body["metadata"].get("namespace", ""), body)

    async def remove(self, kind: Kind, key: Key, uid: str) -> None:
        """Ask for its deletion."""
        await self._client.delete(of(kind), key.namespace, key.name, uid)

    async def put_finalizers(self, kind: Kind, key: Key, version: str, finalizers: Sequence[str]) -> Json:
        """Replace them."""
        body = {"metadata": {"resourceVersion": version, "finalizers": list(finalizers)}}
        return await self._client.patch(of(kind), key.namespace, key.name, body)

    async def put_status(self, kind: Kind, key: Key, version: str, content: Json) -> Json:
        """Replace the status: a field that was ours and is left out is removed."""
        metadata = {"name": key.name, "resourceVersion": version}
        if kind.namespaced:
            metadata["namespace"] = key.namespace
        body = {"apiVersion": kind.api_version, "kind": kind.name, "metadata": metadata, "status": content}
        return await self._client.apply_status(of(kind), key.namespace, key.name, body)
