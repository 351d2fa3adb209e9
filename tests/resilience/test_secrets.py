"""Secrets that nobody could use: each is said in the backend's status, and mended as soon as the Secret is."""

import base64
from typing import Any

import pytest

from dev.cluster import Cluster
from dev.cluster.api import GROUP, Api
from dev.stores import Store
from dev.wait import eventually
from tests.e2e.harness import SYSTEM, backend_manifests
from tests.resilience.objects import conditions
from tests.resilience.pod import Pod
from tests.resilience.tenant import SHOP, Tenant

SECRETS = f"/api/v1/namespaces/{SYSTEM}/secrets"
BACKENDS = f"{GROUP}/storagebackends"


def encoded(**data: bytes) -> dict[str, str]:
    return {k: base64.b64encode(v).decode() for k, v in data.items()}


MALFORMED: dict[str, dict[str, str]] = {
    "empty": {},
    "no-secret-key": encoded(accessKeyId=b"imagestore"),
    "no-key-id": encoded(secretAccessKey=b"something-long"),
    "empty-value": encoded(accessKeyId=b"imagestore", secretAccessKey=b""),
    "only-a-newline": encoded(accessKeyId=b"imagestore", secretAccessKey=b"\n"),
    "not-utf-8": encoded(accessKeyId=b"imagestore", secretAccessKey=b"\xff\xfe\x00secret"),
    "not-ascii": encoded(accessKeyId="bücket".encode(), secretAccessKey=b"something-long"),
    "line-inside": encoded(accessKeyId=b"image\r\nX-Evil: 1", secretAccessKey=b"something-long"),
    "zero": encoded(accessKeyId=b"image\x00store", secretAccessKey=b"something-long"),
    "huge": encoded(accessKeyId=b"a" * 5000, secretAccessKey=b"b" * 5000),
}

REASONS = {
    "huge": {"Denied", "Rejected", "StoreUnreachable"}
}  # only the store can tell; all else is seen before


def put(api: Api, collection: str, body: dict[str, Any]) -> None:
    """Create it, or put it in place of what is there."""
    path = f"{collection}/{body['metadata']['name']}"
    known = api.find(path)
    if known is None:
        api.call("POST", collection, body)
        return
    body = {**body, "metadata": {**body["metadata"], "resourceVersion": known["metadata"]["resourceVersion"]}}
    api.call("PUT", path, body)


@pytest.fixture(scope="module")
def broken(operator: Pod, cluster: Cluster, store: Store) -> Api:
    """A backend for every malformed Secret, made at once."""
    api = cluster.api
    for name, data in MALFORMED.items():
        *_, backend = backend_manifests(name, store, namespaces=(SHOP,))
        backend["spec"].pop("admin", None)
        put(api, SECRETS, {"metadata": {"name": name}, "data": data})
        put(api, BACKENDS, backend)
    return api


@pytest.mark.parametrize("name", list(MALFORMED))
def test_a_malformed_secret_is_told_and_can_be_mended(
    shop: Tenant, broken: Api, store: Store, name: str
) -> None:
    """The backend says which key of which Secret is wrong; its bucket waits, and is made once it is right."""
    path = f"{BACKENDS}/{name}"

    def said() -> bool:
        """At first its Secret may not have been seen: of one that only the store can tell, that is another reason."""
        ready = conditions(broken.get(path)).get("Ready", {})
        known = ready.get("reason") in REASONS.get(name, {"BackendUnusable"})
        return known and ready["status"] == "False" and bool(ready["message"])

    eventually(said, 60, lambda: f"{broken.get(path)}")
    tenant = Tenant(shop.api, SHOP, store, backend=name)
    tenant.create(f"secret-{name}", tags={"team": "one"})
    good, *_ = backend_manifests(name, store, namespaces=(SHOP,))
    eventually(lambda: tenant.reason(f"secret-{name}"), 60, "told")
    put(broken, SECRETS, good)
    tenant.await_tag(f"secret-{name}", "one", timeout=60)
