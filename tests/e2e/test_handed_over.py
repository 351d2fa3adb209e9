"""The same fleet in a folder, in the cluster and in a folder again: ``imagestore apply`` and the operator hand it over without a write."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.cluster import Cluster
from dev.stores import Store
from tests.cli.world import Said, imagestore
from tests.e2e.harness import INSTALLATION, OWNER, Operator, User, backend_manifests
from tests.e2e.test_policies import THUMBS, Policies
from tests.faults.proxy import Proxy, proxied

NAMESPACE = "handed"
SPEC: dict[str, Any] = {"versioning": {"state": "Enabled"}, "tags": {"team": "shop"}}
NAMES = ("albums", "photos", "scans")
KIND = {"apiVersion": "imagestore.dev/v1alpha1"}
Command = Callable[..., Said]


@pytest.fixture
def command(
    installed: Cluster, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    """The command line of a person with the cluster's kubeconfig."""
    monkeypatch.setenv("KUBECONFIG", str(installed.kubeconfig))
    return lambda *argv: imagestore(capsys, *argv)


@pytest.fixture
def between(minio_store: Store) -> Iterator[Proxy]:
    """What both have to pass on their way to the store."""
    with proxied(minio_store.endpoint) as proxy:
        yield proxy


def fleet(store: Store) -> list[dict[str, Any]]:
    """A backend, three buckets and a policy for one of them."""
    buckets = [
        {
            **KIND, "kind": "ImageBucket", "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {"backendRef": {"name": NAMESPACE}, "bucketName": f"{NAMESPACE}--{name}", **SPEC},
        }
        for name in NAMES
    ]  # fmt: skip
    policy = {
        **KIND, "kind": "LifecyclePolicy", "metadata": {"name": "tidy", "namespace": NAMESPACE},
        "spec": {"bucketRefs": [{"name": "photos"}], "rules": [THUMBS]},
    }  # fmt: skip
    return [*backend_manifests(NAMESPACE, store, namespaces=(NAMESPACE,)), *buckets, policy]


def rows(said: Said) -> list[str]:
    """What is said of the fleet's objects."""
    found, ours = [], False
    for line in said.out.splitlines():
        if not line.startswith("    "):  # what is indented belongs to the object above
            ours = f" {NAMESPACE}/" in line or f"StorageBackend {NAMESPACE} " in line
        if ours:
            found.append(line)
    return sorted(found)


def wrote(proxy: Proxy) -> list[str]:
    """What was sent to the store that may change anything."""
    return [f"{a.method} {a.target}" for a in proxy.seen if a.writes]


def test_from_a_folder_to_the_cluster_and_back(
    running: Operator,
    installed: Cluster,
    minio_store: Store,
    between: Proxy,
    command: Command,
    tmp_path: Path,
) -> None:
    store = replace(minio_store, endpoint=between.endpoint)
    user = User(installed, NAMESPACE, NAMESPACE, store)
    manifests = yaml.safe_dump_all(fleet(store))
    (tmp_path / "fleet.yaml").write_text(manifests)
    apply = ("apply", "-f", tmp_path, "--installation", INSTALLATION)

    assert command(*apply).code == 0
    in_folder = command("status", "-f", tmp_path)
    assert (in_folder.code, len(rows(in_folder))) == (0, 2 + len(NAMES))
    assert wrote(between), "the proxy sees what is written"
    made = {name: user.tags(name) for name in NAMES}
    assert made["photos"][OWNER] == f"{INSTALLATION}/{NAMESPACE}/photos"

    between.seen.clear()
    installed.kubectl("create", "namespace", NAMESPACE)
    installed.apply(manifests)
    for name in NAMES:
        user.ready(name)
        user.await_event(name, "Ready")
        assert "Created" not in user.events(name)
    Policies(user).await_states("tidy", photos="Applied")
    assert rows(command("status", "--context", "imagestore")) == rows(in_folder), "the same, word for word"

    installed.kubectl("delete", "ib", "--all", "-n", NAMESPACE, "--timeout=90s")
    Policies(user).delete("tidy")
    installed.kubectl("delete", "sbe", NAMESPACE, "--timeout=90s")
    for state in ("the one that it had before", "none"):
        if state == "none":
            shutil.rmtree(tmp_path / ".imagestore")
        assert command(*apply).code == 0, state
        assert rows(command("status", "-f", tmp_path)) == rows(in_folder)
    assert wrote(between) == []
    assert {name: user.tags(name) for name in NAMES} == made
    assert between.seen, "but it was looked at"


def test_the_clusters_status_has_what_waits_and_its_token(shop: User, command: Command) -> None:
    shop.apply("asked", **SPEC)
    shop.ready("asked")
    shop.patch("asked", versioning={"state": "Suspended"})
    shop.stuck("asked", "NeedsApproval")
    (held,) = shop.get("asked")["status"]["plan"]["held"]
    said = command("status", "--context", "imagestore")
    lines = said.out.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("ImageBucket shop/asked "))
    assert lines[at] == "ImageBucket shop/asked  NotReady  NeedsApproval"
    assert lines[at + 1] == f"    waits: versioning: {held['why']} [approve: {held['token']}]"
    listed = command("status", "--context", "imagestore", "--format", "json").json
    asked = next(o for o in listed["objects"] if o["name"] == "shop/asked")
    assert (asked["exit"], asked["waits"][0]["token"]) == (2, held["token"])
    shop.delete("asked")


def test_a_status_of_no_cluster_is_an_error(command: Command) -> None:
    said = command("status", "--context", "elsewhere")
    assert (said.code, "names 'elsewhere', which is not among its contexts" in said.err) == (1, True)
