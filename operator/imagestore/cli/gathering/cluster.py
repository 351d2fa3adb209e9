"""Reads from the cluster: objects of imagestore, labels of namespaces, and the Secrets that backends name."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import yaml

from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.api.kinds import KINDS, Kind, kind_of
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.cli.errors import CommandError
from imagestore.cli.gathering.clusterstate import OFFLINE, ClusterState
from imagestore.cli.gathering.snapshots import snapshot_of
from imagestore.cli.manifests.load import Manifests
from imagestore.k8s.api.access import Access, find_access
from imagestore.k8s.api.client import ApiError, Client
from imagestore.k8s.api.errors import AccessError
from imagestore.k8s.api.resources import NAMESPACES, SECRETS, Resource, of
from imagestore.kinds import ALL

_Json = Any


def access(context: str | None) -> Access:
    """The cluster of a kubeconfig context, or of the current one. Raises CommandError."""
    try:
        return find_access(context=context)
    except AccessError as error:
        raise CommandError(str(error)) from None
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        # Not its text: a parser quotes the line, and the line may hold a key.
        raise CommandError(f"the kubeconfig cannot be used: {type(error).__name__}") from None


def snapshot(
    context: str | None, namespace: str, manifests: Manifests, backends: Iterable[str] = ()
) -> ClusterState:
    """The cluster's objects. Without --context, an unreachable cluster is a note and not an error."""
    try:
        return asyncio.run(_read(access(context), namespace, manifests, set(backends)))
    except (CommandError, ApiError, AccessError) as error:
        if context is not None:
            raise CommandError(f"context {context}: {error}") from None
        return ClusterState(notes=(f"{OFFLINE} ({error}; use --offline if that is intended)",), offline=True)


async def _read(where: Access, namespace: str, manifests: Manifests, wanted: set[str]) -> ClusterState:
    client = Client(where, limit=4)
    notes: list[str] = []
    try:
        backends = await _list(client, of(kind_of(StorageBackendSpec)), notes)
        buckets = await _list(client, of(kind_of(ImageBucketSpec)), notes)
        spaces = await _list(client, NAMESPACES, notes)
        contributors = [ALL[kind].kind for kind in ALL.contributors]
        theirs = {kind.spec: await _list(client, of(kind), notes) for kind in contributors}
        known = snapshot_of({StorageBackendSpec: backends}, {}, []).backends
        secrets = await _secrets(client, namespace, _used(known, manifests, wanted))
    finally:
        await client.close()
    labels = {n["metadata"]["name"]: n["metadata"].get("labels") or {} for n in spaces}
    items: dict[type[Any], list[_Json]] = {StorageBackendSpec: backends, ImageBucketSpec: buckets, **theirs}
    return replace(snapshot_of(items, labels, notes), secrets=secrets)


async def _list(client: Client, resource: Resource, notes: list[str]) -> list[_Json]:
    try:
        return [item async for page in client.pages(resource) for item in page.items]
    except ApiError as error:
        if error.status not in (403, 404):
            raise
        why = "is not installed" if error.status == 404 else "may not be listed by this user"
        notes.append(f"in the cluster {resource.plural} {why}: plan ignores them")
        return []


def _used(known: Mapping[str, StorageBackendSpec], manifests: Manifests, backends: set[str]) -> set[str]:
    """The names of the Secrets that are needed and not in the manifests."""
    wanted = backends | {o.spec.backend_ref.name for o in manifests.of(ImageBucketSpec)}
    written = {o.name: o.spec for o in manifests.of(StorageBackendSpec)}
    specs = [written.get(n, known.get(n)) for n in wanted]
    named = {name for s in specs if s is not None for name in secret_names(s)}
    return named - {name for _, name in manifests.secrets}


def secret_names(spec: StorageBackendSpec) -> set[str]:
    """The Secrets that a StorageBackend names."""
    refs = [spec.credentials.secret_ref]
    refs += [spec.admin.credentials.secret_ref] if spec.admin else []
    refs += [spec.tls.ca_secret_ref] if spec.tls else []
    return {r.name for r in refs if r}


async def _secrets(client: Client, namespace: str, names: Iterable[str]) -> dict[str, _Json]:
    """The Secrets that this user may read. Missing ones are reported later, as missing credentials."""
    found = {}
    for name in sorted(names):
        try:
            found[name] = await client.get(SECRETS, namespace, name)
        except ApiError as error:
            if error.status not in (403, 404):
                raise
    return found


def our_objects(context: str | None) -> list[tuple[Kind, _Json]]:
    """Every object of our kinds that the cluster has. Raises CommandError."""
    try:
        return asyncio.run(_all(access(context)))
    except (ApiError, AccessError) as error:
        raise CommandError(str(error)) from None


async def _all(where: Access) -> list[tuple[Kind, _Json]]:
    client = Client(where, limit=4)
    try:
        return [(k, item) for k in KINDS async for page in client.pages(of(k)) for item in page.items]
    finally:
        await client.close()
