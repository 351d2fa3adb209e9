"""ConfigMaps and Services that lead applications to a bucket. What the operator did not create is never changed."""

import asyncio
from typing import Any

from imagestore.k8s.api.client import ApiError, Client
from imagestore.k8s.api.resources import CONFIG_MAPS, SERVICES, Resource
from imagestore.reconcile.replication.situation import Publication

Json = Any
_MANAGER = "app.kubernetes.io/managed-by"
_OURS = "imagestore"
_PATIENCE = 30.0  # seconds that a worker thread waits


class ApiPublisher:
    """Asked from worker threads while the event loop ``loop`` runs."""

    def __init__(self, client: Client, loop: asyncio.AbstractEventLoop) -> None:
        self._client, self._loop = client, loop

    def __call__(self, what: Publication) -> str:
        """Write it. Return why not all could be written; empty: it is there."""
        done = asyncio.run_coroutine_threadsafe(self._publish(what), self._loop)
        try:
            return done.result(_PATIENCE)
        except TimeoutError:
            done.cancel()
            return "the API server does not answer"

    async def _publish(self, what: Publication) -> str:
        wanted = [(CONFIG_MAPS, "ConfigMap", what.config_map, {"data": dict(what.data)})]
        wanted.append((SERVICES, "Service", what.service, {"spec": _external(what.host)}))
        # One that cannot be written keeps no other from following.
        troubles = [await self._put(what, *one) for one in wanted if one[2]]
        return "; ".join(filter(None, troubles))

    async def _put(self, what: Publication, resource: Resource, kind: str, name: str, content: Json) -> str:
        try:
            there = await self._there(resource, what.namespace, name)
            if there is None:
                body = {"apiVersion": "v1", "kind": kind, "metadata": _metadata(what, name), **content}
                await self._client.create(resource, what.namespace, body)
            elif not _is_ours(there, what):
                return f"the {kind} {name} was not created for this policy; delete it, or publish under another name"
            elif not _holds(there, content):
                version = {"metadata": {"resourceVersion": there["metadata"]["resourceVersion"]}}
                await self._client.patch(resource, what.namespace, name, {**version, **content})
        except ApiError as error:
            hint = "; set rbac.publish of the chart" if error.status == 403 else ""
            return f"the {kind} {name}: {error}{hint}"
        return ""

    async def _there(self, resource: Resource, namespace: str, name: str) -> Json | None:
        try:
            return await self._client.get(resource, namespace, name)
        except ApiError as error:
            if error.status == 404:
                return None
            raise


def _external(host: str) -> Json:
    return {"type": "ExternalName", "externalName": host}


def _metadata(what: Publication, name: str) -> Json:
    """Deleted together with the policy."""
    return {"name": name, "labels": {_MANAGER: _OURS}, "ownerReferences": [dict(what.owner)]}


def _is_ours(there: Json, what: Publication) -> bool:
    meta = there["metadata"]
    owners = {o.get("uid") for o in meta.get("ownerReferences") or ()}
    return (meta.get("labels") or {}).get(_MANAGER) == _OURS and what.owner["uid"] in owners


def _holds(there: Json, content: Json) -> bool:
    """Whether the object has it all; a key that a person added stays."""
    return all(
        (there.get(part) or {}).get(name) == value
        for part, found in content.items()
        for name, value in found.items()
    )
