"""plan and release against a real API server with a real operator at work on it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from dev.cluster import Cluster
from dev.cluster.api import GROUP
from dev.stores import Store
from dev.wait import eventually
from imagestore.cli.manifests.scalars import dumped, meaning
from tests.cli.test_scalars import ALL
from tests.cli.world import Said, bucket, imagestore, write
from tests.e2e.harness import ACCOUNT, PATIENCE, SYSTEM, Operator, User, backend_manifests, install, operator

SPEC = {"versioning": {"state": "Enabled"}, "tags": {"team": "shop"}}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="module")
def own(directory: Path) -> Iterator[Cluster]:
    """A cluster of our own, because ``release --all`` lets everything go."""
    with Cluster.start(directory, name="cli") as cluster:
        install(cluster)
        yield cluster


@pytest.fixture(scope="module")
def shop(own: Cluster, minio_store: Store) -> User:
    """A user in the namespace shop."""
    own.kubectl("create", "namespace", "shop")
    own.apply(yaml.safe_dump_all(backend_manifests("eu", minio_store, namespaces=("shop",))))
    return User(own, "shop", "eu", minio_store)


@pytest.fixture
def at_work(own: Cluster, directory: Path, shop: User) -> Iterator[Operator]:
    """An operator at work."""
    with operator(own, directory, "cli") as process:
        eventually(process.working, PATIENCE, "an operator at work")
        yield process


def _command(capsys: pytest.CaptureFixture[str], kubeconfig: Path, *argv: object) -> Said:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(kubeconfig))
        return imagestore(capsys, *argv)


def _holding(user: User) -> set[str]:
    """Which ImageBuckets carry our finalizer."""
    items = user.cluster.api.get(f"{GROUP}/imagebuckets")["items"]
    return {
        i["metadata"]["name"] for i in items if "imagestore.dev/bucket" in i["metadata"].get("finalizers", ())
    }


def test_a_plan_asks_the_cluster_for_backend_credentials_and_memory(
    at_work: Operator, shop: User, own: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.apply("planned", **SPEC)
    shop.ready("planned")

    def plan(*settings: str) -> Said:
        file = write(tmp_path, bucket("planned", "shop--planned", *settings))
        return _command(
            capsys, own.kubeconfig, "plan", "-f", file, "--format", "json", "--context", "imagestore"
        )

    same = plan("versioning: {state: Enabled}", "tags: {team: shop}")
    assert (same.code, same.json["notes"]) == (0, [])
    fewer = plan("versioning: {state: Enabled}")
    assert fewer.code == 2
    change = next(c for c in fewer.bucket("shop/planned")["changes"] if c["facet"] == "tags")
    assert change["reason"] == "RemovedFromSpec"
    assert change["calls"][0]["parameters"]["Tagging"]["TagSet"] == [
        {"Key": "imagestore.dev/owner", "Value": "e2e/shop/planned"}
    ]
    assert shop.tags("planned")["team"] == "shop"
    shop.delete("planned")


def test_words_mean_here_what_they_mean_to_the_api_server(own: Cluster) -> None:
    """kubectl reads them with the API server's own parser: each word is its own text only where we say so."""
    words = [
        *ALL,
        "0_1",
        "1__0",
        "-0b1",
        "+0x1f",
        "-.5",
        "1.5e-3",
        "0o8",
        "0o",
        "18446744073709551616",
        ".inf",
        "on ",
    ]
    data = {f"k{n}": word for n, word in enumerate(words)}
    own.apply(dumped(_config("words", data)))
    assert own.api.get("/api/v1/namespaces/default/configmaps/words")["data"] == data
    bare = [dumped(_config(n, {})).replace("data: {}", f"data: {{k: {word}}}") for n, word in data.items()]
    done = own.kubectl("apply", "--dry-run=server", "-f", "-", input="---\n".join(bare), check=False)
    taken = {n for n in data if f"configmap/{n} created" in done.stdout}
    assert taken == {n for n, word in data.items() if meaning(word.strip()) in ("str", "null")}, done.stderr


def _config(name: str, data: dict[str, str]) -> dict[str, object]:
    meta = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def test_an_unknown_context_is_a_sentence(
    own: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, bucket("a", "shop--a"))
    said = _command(capsys, own.kubeconfig, "plan", "-f", file, "--context", "nowhere")
    assert said.code == 1
    assert "names 'nowhere', which is not among its contexts" in said.err


def test_release_is_refused_while_the_operator_works_unless_it_is_stopped(
    at_work: Operator, shop: User, own: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        shop.apply(name, **SPEC)
        shop.ready(name)
    before = shop.get("one")
    held = lambda: own.get("sbe", shop.backend)["metadata"].get("finalizers")  # noqa: E731
    eventually(held, PATIENCE, "the StorageBackend is held, for which no bucket waits")

    look = _command(capsys, own.kubeconfig, "release", "--all", "--dry-run")
    assert look.code == 0
    assert "ImageBucket shop/one" in look.out
    assert "3 would be released" in look.out  # two buckets and their StorageBackend

    alone = _command(capsys, own.kubeconfig, "release", "--all")
    assert (alone.code, "give --yes" in alone.err) == (1, True)

    refused = _command(capsys, own.kubeconfig, "release", "--all", "--yes")
    assert refused.code == 1
    assert "the operator is running" in refused.err
    assert _holding(shop) == {"one", "two"}

    # As the chart's Job does it: as the operator's own ServiceAccount, with no more rights than that.
    account = own.service_account_kubeconfig(SYSTEM, ACCOUNT)
    done = _command(
        capsys, account, "release", "--all", "--yes", "--stop-operator", "--operator-namespace", SYSTEM
    )
    assert done.code == 0, done.err
    assert "3 released; no bucket was changed" in done.out
    assert _holding(shop) == set()
    after = shop.get("one")
    assert (after["spec"], after["status"]) == (before["spec"], before["status"])
    assert shop.tags("one")["team"] == "shop"

    # Without the Lease no operator holds on again, and the namespace can go.
    own.kubectl("delete", "ib", "one", "two", "-n", "shop", "--timeout=90s")
    assert shop.in_store("one")
    assert _command(capsys, own.kubeconfig, "release", "--all", "--yes").out == "0 to release\n"
    own.kubectl("delete", "lease", "imagestore", "-n", SYSTEM)


def test_a_namespace_that_waits_for_a_gone_operator_is_set_free(
    own: Cluster, shop: User, capsys: pytest.CaptureFixture[str]
) -> None:
    own.kubectl("create", "namespace", "stuck")
    manifest = yaml.safe_load(bucket("photos", "stuck--photos").removeprefix("---\n"))
    finalizers = ["example.com/theirs", "imagestore.dev/bucket"]
    manifest["metadata"] |= {"namespace": "stuck", "finalizers": finalizers}
    own.apply(yaml.safe_dump(manifest))
    own.kubectl("delete", "namespace", "stuck", "--wait=false")
    eventually(lambda: "deletionTimestamp" in _meta(own), PATIENCE, "the deletion reaches the bucket")
    typo = _command(capsys, own.kubeconfig, "release", "stuck/photo", "--yes")
    assert (typo.code, "stuck/photo: no object of this name" in typo.err) == (1, True)
    done = _command(capsys, own.kubeconfig, "release", "stuck/photos", "--yes")
    assert done.code == 0, done.err
    assert "ImageBucket stuck/photos (being deleted)" in done.out
    assert _meta(own)["finalizers"] == ["example.com/theirs"]
    own.kubectl(
        "patch", "ib", "photos", "-n", "stuck", "--type=merge", "-p", '{"metadata":{"finalizers":null}}'
    )
    own.kubectl("wait", "--for=delete", "namespace/stuck", "--timeout=110s")


def _meta(cluster: Cluster) -> dict[str, object]:
    found: dict[str, object] = cluster.get("ib", "photos", "-n", "stuck")["metadata"]
    return found


def test_a_cluster_that_does_not_answer_is_a_sentence(tmp_path: Path) -> None:
    nowhere = tmp_path / "kubeconfig"
    user = {"name": "x", "user": {}}
    there = {"name": "x", "cluster": {"server": "http://127.0.0.1:1"}}
    context = {"name": "x", "context": {"cluster": "x", "user": "x"}}
    config = {"current-context": "x", "contexts": [context], "clusters": [there], "users": [user]}
    nowhere.write_text(yaml.safe_dump(config))
    done = subprocess.run(
        [sys.executable, "-m", "imagestore", "release", "--all"],
        env={"KUBECONFIG": str(nowhere)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: the cluster: 0 NotReachable")


@pytest.mark.parametrize("text", ["{s3cr3t: [", "clusters: 5", "contexts: [{name: x}]\ncurrent-context: x"])
def test_a_broken_kubeconfig_is_a_sentence(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = _command(capsys, write(tmp_path, text, "kubeconfig"), "release", "--all")
    assert said.code == 1
    assert "s3cr3t" not in said.err
