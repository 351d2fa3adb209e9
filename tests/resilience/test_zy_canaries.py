"""Keys and tokens with values that nothing else has are looked for in all that the operator says: found nowhere.

Comes after the other faults of its folder, so that what they made the operator say is searched as well.
"""

import base64
import json
from collections.abc import Iterator

import pytest

from dev.cluster import Cluster
from dev.cluster.api import GROUP
from dev.stores import Store
from dev.wait import eventually
from tests.e2e.harness import SYSTEM, backend_manifests
from tests.resilience.objects import conditions
from tests.resilience.pod import Pod
from tests.resilience.tenant import SHOP, Tenant
from tests.resilience.test_secrets import BACKENDS, SECRETS, put

KEY, SECRET, TOKEN = (
    "CANARYKEY0123456789",
    "canary/secret+0123456789abcdef0123456789",
    "canary=token==/0123456789" * 4,
)
CASES: dict[str, dict[str, str]] = {
    "canary-unknown": {"accessKeyId": KEY, "secretAccessKey": SECRET},
    "canary-token": {"accessKeyId": KEY, "secretAccessKey": SECRET, "sessionToken": TOKEN},
    "canary-line": {"accessKeyId": KEY, "secretAccessKey": f"{SECRET}\r\n{TOKEN}"},
    "canary-half": {"accessKeyId": KEY},
    "canary-swapped": {"accessKeyId": SECRET, "secretAccessKey": KEY},
}


def forms(value: str) -> Iterator[str]:
    """As it is, in base64, in JSON, in a URL."""
    yield value
    yield base64.b64encode(value.encode()).decode().rstrip("=")
    yield json.dumps(value)[1:-1]
    yield value.replace("/", "%2F").replace("+", "%2B").replace("=", "%3D")


@pytest.fixture
def said(shop: Tenant, cluster: Cluster, store: Store, operator: Pod) -> dict[str, str]:
    """Everything that was said, after calls with good keys and with each of the bad ones."""
    for name, data in CASES.items():
        *_, backend = backend_manifests(name, store, namespaces=(SHOP,))
        backend["spec"].pop("admin", None)
        put(shop.api, SECRETS, {"metadata": {"name": name}, "stringData": data})
        put(shop.api, BACKENDS, backend)
        Tenant(shop.api, SHOP, store, backend=name).create(name, tags={"team": "one"})
    shop.create("canary-good", tags={"team": "one"}, quota={"hard": "1Gi"})
    shop.ready("canary-good")
    for name in CASES:
        eventually(lambda n=name: conditions(shop.find(n) or {}), 60, f"{name} is judged")  # type: ignore[misc]
        put(shop.api, SECRETS, {"metadata": {"name": name}, "stringData": {"accessKeyId": KEY}})
    api = cluster.api
    told = lambda n: conditions(api.get(f"{BACKENDS}/{n}")).get("Ready", {}).get("reason")  # noqa: E731
    eventually(lambda: {*map(told, CASES)} == {"BackendUnusable"}, 60, "the half Secrets are judged, too")
    lists = {
        "buckets": f"{GROUP}/imagebuckets", "backends": f"{GROUP}/storagebackends",
        "events": "/apis/events.k8s.io/v1/events", "lease": f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases",
    }  # fmt: skip
    found = {name: json.dumps(api.get(path)) for name, path in lists.items()}
    return {
        **found, "log": operator.log, "metrics": operator.ask("/metrics")[1],
        "health": operator.ask("/healthz")[1], "audit log": cluster.audit_log.read_text(),
    }  # fmt: skip


def test_no_credential_is_said_anywhere(said: dict[str, str], store: Store, operator: Pod) -> None:
    """A log that was shipped, a status that anybody may read: a key in it is a key that must be changed."""
    token = operator.token_file.read_text()
    for secret in (SECRET, TOKEN, store.secret_key, token):
        for form in forms(secret):
            where = [place for place, text in said.items() if form in text]
            assert not where, f"{secret[:9]}... is in {where}"
    assert "canary-unknown" in said["log"], "there was something to be said"
    assert '"level": "debug"' in said["log"]
    # Who is asking is no secret to the administrator, whom the store's own message tells it; users are not told.
    assert KEY not in said["buckets"] + said["metrics"] + said["audit log"]
