"""The store behind a StorageBackend is another one all of a sudden: nothing is made there before a person agrees."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.cluster import Cluster
from dev.cluster.api import GROUP, events_path
from dev.stores import Store, minio
from dev.stores.users import add_ceph_user, add_user
from dev.wait import eventually
from tests.e2e.harness import ON, PATIENCE, SYSTEM, Operator, User, backend_manifests
from tests.faults.proxy import Proxy, proxied

NAMES = ("one", "two", "three")


@dataclass
class Backend:
    """A StorageBackend as its administrator sees it."""

    cluster: Cluster
    name: str

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.cluster.api.get(f"{GROUP}/storagebackends/{self.name}")
        return dict(found.get("status") or {})

    def await_reason(self, reason: str) -> str:
        """Ready's message, once it is for this reason."""

        def there() -> dict[str, Any] | None:
            listed = self.status().get("conditions", [])
            return next((c for c in listed if c["type"] == "Ready" and c["reason"] == reason), None)

        return str((eventually(there, PATIENCE, lambda: f"{reason}; {self.status()}") or {})["message"])

    def patch(self, **spec: Any) -> None:
        self.cluster.kubectl("patch", "sbe", self.name, "--type=merge", "-p", json.dumps({"spec": spec}))

    def look(self) -> None:
        """Have it probe: a new generation is looked at, and who else waits for an answer."""
        self.patch(limits={"burst": 200 + len(self.status().get("conditions", []))})

    def warnings(self) -> list[str]:
        """Reasons of the Warning Events about it, and about the buckets of its namespace."""
        listed = [
            *self.cluster.api.get(events_path("default"))["items"],
            *self.cluster.api.get(events_path(self.name))["items"],
        ]
        about = (e for e in listed if self._concerns(e))
        return [e["reason"] for e in about if e["type"] == "Warning"]

    def _concerns(self, event: dict[str, Any]) -> bool:
        return self.name in (event["regarding"].get("name"), event["regarding"].get("namespace"))


@dataclass
class Site:
    """Buckets at an address, and two stores that it may lead to."""

    user: User
    backend: Backend
    proxy: Proxy
    first: Store
    second: Store

    def lead_to(self, store: Store) -> None:
        """The DNS name is changed."""
        self.proxy.upstream = store.endpoint

    def look(self) -> None:
        for name in NAMES:
            self.user.look_now(name)

    def names(self, store: Store) -> set[str]:
        return {b["Name"] for b in store.s3().list_buckets()["Buckets"]}


@pytest.fixture
def site(
    running: Operator, installed: Cluster, minio_store: Store, tmp_path: Path, request: Any
) -> Iterator[Site]:
    """Three buckets through an address that leads to a MinIO; another one has the same users, and no bucket."""
    name = request.node.name.replace("_", "-")[5:25].strip("-")
    keys = add_user(minio_store)
    with minio(tmp_path, name="second-site") as second, proxied(minio_store.endpoint) as proxy:
        add_user(second, keys=keys)
        mine: Any = {
            "access_key": keys.access_key_id,
            "secret_key": keys.secret_access_key,
            "admin_endpoint": None,
        }
        one, two = replace(minio_store, **mine), replace(second, **mine)
        installed.kubectl("create", "namespace", name)
        seen = replace(one, endpoint=proxy.endpoint)
        installed.apply(yaml.safe_dump_all(backend_manifests(name, seen, namespaces=(name,))))
        user = User(installed, name, name, one)
        for each in NAMES:
            user.apply(each, **ON)
        for each in NAMES:
            user.ready(each)
        yield Site(user, Backend(installed, name), proxy, one, two)
        installed.kubectl("delete", "namespace", name, "--wait=false")


def test_an_address_that_leads_to_the_empty_second_site(site: Site) -> None:
    site.lead_to(site.second)
    site.look()
    site.backend.await_reason("BucketsMissing")
    for name in NAMES:
        site.user.await_condition(name, "Ready", "False", "HeldByBackend")
        assert site.user.condition(name, "ContentLost") is None
    assert site.names(site.second) == set(), "nothing is made there"
    eventually(lambda: site.backend.warnings() == ["BucketsMissing"], PATIENCE, "one Event for all of them")
    site.lead_to(site.first)
    site.backend.look()
    site.backend.await_reason("Answered")
    for name in NAMES:
        site.user.ready(name)
        assert "ContentLost" not in site.user.events(name)
    assert site.backend.status().get("missing") is None


def test_a_person_agrees_that_they_are_lost(site: Site) -> None:
    site.lead_to(site.second)
    site.look()
    token = _token(site.backend.await_reason("BucketsMissing"))
    site.backend.patch(approve=[token])
    for name in NAMES:
        site.user.await_condition(name, "ContentLost", "True")
        site.user.ready(name)
    assert site.names(site.second) == {site.user.bucket(n) for n in NAMES}


def test_made_anew_elsewhere(site: Site, installed: Cluster) -> None:
    """The StorageBackend is deleted and made again with another address, which its spec would not have let happen."""
    name = site.backend.name
    site.backend.patch(namespaces={"names": ["nobody"]})
    installed.kubectl("delete", "sbe", name, "--timeout=60s")
    installed.apply(yaml.safe_dump_all(backend_manifests(name, site.second, namespaces=(name,))))
    site.backend.await_reason("BucketsMissing")
    assert site.names(site.second) == set()


def test_a_secret_of_another_tenant(running: Operator, installed: Cluster, ceph_store: Store) -> None:
    """On Ceph every tenant has a name space of buckets: ours are not there."""
    own, other = (add_ceph_user(ceph_store, tenant) for tenant in ("acme", "initech"))
    installed.kubectl("create", "namespace", "tenanted")
    store = replace(ceph_store, access_key=own.access_key_id, secret_key=own.secret_access_key)
    manifests = backend_manifests("tenanted", store, namespaces=("tenanted",))
    installed.apply(yaml.safe_dump_all(manifests))
    user, backend = User(installed, "tenanted", "tenanted", store), Backend(installed, "tenanted")
    user.apply("photos", **ON)
    user.ready("photos")
    assert str(backend.status()["identity"]).startswith("user acme$")
    _rotate(installed, other.access_key_id, other.secret_access_key)
    message = backend.await_reason("AnotherStore")
    assert "user initech$" in message
    user.await_condition("photos", "Ready", "Unknown", "AnotherStore")
    theirs = replace(ceph_store, access_key=other.access_key_id, secret_key=other.secret_access_key).s3()
    assert theirs.list_buckets()["Buckets"] == [], "nothing is made there"
    assert backend.warnings() == ["AnotherStore"]
    _rotate(installed, own.access_key_id, own.secret_access_key)
    backend.await_reason("Answered")
    user.ready("photos")
    _rotate(installed, other.access_key_id, other.secret_access_key)
    backend.patch(approve=[_token(backend.await_reason("AnotherStore"))])
    backend.await_reason("Answered")
    assert str(backend.status()["identity"]).startswith("user initech$")


def _rotate(cluster: Cluster, access: str, secret: str) -> None:
    data = {"stringData": {"accessKeyId": access, "secretAccessKey": secret}}
    cluster.kubectl("patch", "secret", "tenanted", "-n", SYSTEM, "--type=merge", "-p", json.dumps(data))


def _token(message: str) -> str:
    """What a person copies out of the sentence."""
    before, _, _ = message.partition(" to spec.approve")
    return before.rpartition("add ")[2]
