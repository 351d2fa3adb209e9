"""Objects that a newer version wrote, and what somebody wrote into etcd: said, not crashed on, not acted on."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.cluster import Cluster
from dev.cluster.api import Json, Refused, bucket_path
from dev.wait import eventually
from tests.resilience.objects import conditions, image_bucket
from tests.resilience.pod import Pod
from tests.resilience.tenant import SHOP, Tenant

CRD = Path(__file__).parents[2] / "crds" / "imagebuckets.yaml"
ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}

# What must not be guessed at is refused in words; what only adds something unknown may be ignored.
NEWER: dict[str, Json] = {
    "mode": {"mode": "Advise"},
    "policy-of-deletion": {"deletionPolicy": "Archive"},
    "facet-enum": {"versioning": {"state": "Suspended-Soon"}},
    "facet-type": {"versioning": "Enabled"},
    "list-for-map": {"tags": ["team"]},
    "number-for-text": {"tags": {"team": 7}},
    "rule": {"lifecycle": {"rules": [{"name": "cold", "transition": {"tier": "Cold", "days": 30}}]}},
    "no-backend": {"backendRef": None},
    "backend-is-text": {"backendRef": "minio"},
    "backend-is-number": {"backendRef": {"name": 7}},
    "name-is-list": {"bucketName": ["shop--x"]},
    "drift-is-text": {"drift": "10m"},
    "interval": {"drift": {"interval": "1 fortnight"}},
    "field": {"colour": {"sky": "blue"}},
    "field-inside": {"versioning": {"state": "Enabled", "protect": True}},
    "huge": {"quota": {"hard": "9" * 400}},
}


@contextmanager
def permissive(cluster: Cluster) -> Iterator[None]:
    """The CRD of a version that lets everything in."""
    relaxed: dict[str, Any] = yaml.safe_load(CRD.read_text())
    version = relaxed["spec"]["versions"][0]
    version.pop("selectableFields", None)
    schema = version["schema"]["openAPIV3Schema"]
    schema.pop("x-kubernetes-validations", None)
    schema["properties"] |= {"spec": ANYTHING, "status": ANYTHING}
    cluster.kubectl("replace", "-f", "-", input=yaml.safe_dump(relaxed))
    try:
        yield
    finally:
        cluster.kubectl("replace", "-f", str(CRD))


@pytest.fixture(scope="module")
def schema(cluster: Cluster, operator: Pod) -> Iterator[None]:
    """Everything is let in. A watch that began before prunes what it shows for a while: the operator begins anew."""
    with permissive(cluster):
        eventually(lambda: lets_in(cluster), 30, "the API server has taken it up", retry_on=(Refused,))
        with operator.away():
            pass
        yield


def lets_in(cluster: Cluster) -> bool:
    """Whether what nobody knows is taken, and not pruned."""
    probe = image_bucket(SHOP, "probe", "minio", **NEWER["field"])
    made = cluster.api.call("POST", f"{bucket_path(SHOP)}?dryRun=All", probe)
    return bool(made["spec"].get("colour"))


@pytest.fixture
def relaxed(schema: None, shop: Tenant) -> Tenant:
    """A user whose manifests nobody checks."""
    return shop


def verdict(obj: Json | None) -> tuple[str, str]:
    """Status and reason of Ready, judged for this generation."""
    if obj is None or (obj.get("status") or {}).get("observedGeneration") != obj["metadata"]["generation"]:
        return "", ""
    ready = conditions(obj).get("Ready", {})
    return ready.get("status", ""), ready.get("reason", "")


def await_told(tenant: Tenant, name: str) -> None:
    """Status says that the spec is not understood."""
    eventually(lambda: all(verdict(tenant.find(name))), 60, lambda: f"{name}: {tenant.find(name)}")
    assert verdict(tenant.find(name)) == ("False", "SpecNotUnderstood"), (name, tenant.find(name))


def test_specs_of_a_newer_version_are_told(relaxed: Tenant) -> None:
    """An unknown word may mean anything: nothing is done on a guess, and status says which field it was."""
    before, names = relaxed.buckets(), [f"newer-{n}" for n in NEWER]
    for name, spec in zip(names, NEWER.values(), strict=True):
        relaxed.create(name, **spec)
    for name in names:
        await_told(relaxed, name)
    assert relaxed.buckets() == before, "something was done on a guess"
    for name in names:
        relaxed.delete(name)
    eventually(lambda: not [n for n in names if relaxed.find(n)], 60, "who holds nothing goes")


@pytest.mark.parametrize("policy", ["Retain", None, "DeleteAll"])
def test_an_object_that_is_not_understood_can_be_deleted(relaxed: Tenant, policy: str | None) -> None:
    """A bucket that is kept needs no understanding; one to be deleted stays until somebody corrects the spec."""
    name = f"stuck-{policy or 'default'}".lower()
    relaxed.create(name, tags={"team": "one"}, deletionPolicy=policy)
    relaxed.ready(name)
    relaxed.edit(name, mode="Advise")
    await_told(relaxed, name)
    relaxed.delete(name)
    if policy == "DeleteAll":
        eventually(lambda: "mode" in json.dumps(conditions(relaxed.find(name) or {})), 60, "said which field")
        relaxed.edit(name, mode=None)
    eventually(lambda: relaxed.find(name) is None, 60, lambda: f"goes {relaxed.find(name)}")
    assert (f"shop--{name}" in relaxed.buckets()) == (policy != "DeleteAll")


def test_a_status_of_a_newer_version_is_remembered_but_for_its_words(relaxed: Tenant, operator: Pod) -> None:
    """After going back to this version: a lost bucket was made again without a word of it, a tag taken out stayed."""
    for name in ("bereft", "remembered"):
        relaxed.create(name, tags={"team": "one"})
    status = {name: relaxed.ready(name)["status"] for name in ("bereft", "remembered")}
    with operator.away():
        relaxed.s3.delete_bucket(Bucket="shop--bereft")
        for name, told in status.items():
            facets = [{**f, "state": "Foretold"} for f in told["facets"]]
            relaxed.api.merge(f"{bucket_path(SHOP, name)}/status", {"status": {"facets": facets}})
            relaxed.edit(name, tags={"team": None, "color": "red"})
    for name in status:
        relaxed.ready(name)
        assert relaxed.tags(name) == {"color": "red"}
    assert "ContentLost" in conditions(relaxed.find("bereft") or {})
    assert "ContentLost" not in conditions(relaxed.find("remembered") or {})
