"""The operator's shell on a real API server, with decisions of the test's own."""

import json
from collections import Counter

import pytest

from dev.cluster import Cluster
from dev.cluster.api import GROUP, events_path
from dev.wait import eventually
from tests.k8s.replica import (
    Replica,
    await_backend,
    await_ready,
    backend,
    bucket,
    condition,
    get,
    secret,
    writes,
)

PATIENCE = 60.0
AT_ONCE = 5.0  # a retry or a look would come later: what is seen within it was triggered


def test_creation_takes_three_writes(own_cluster: Cluster, shop: str, replica: Replica) -> None:
    await_backend(own_cluster, shop)
    own_cluster.apply(bucket("photos", shop, shop))
    made = await_ready(own_cluster, shop, "photos")
    assert made["metadata"]["finalizers"] == ["imagestore.dev/bucket"]
    assert list(made["metadata"]["annotations"]) == ["kubectl.kubernetes.io/last-applied-configuration"]
    expected = Counter({"patch 200": 1, "patch status 200": 2})
    eventually(
        lambda: writes(own_cluster, shop, "photos") == expected,
        PATIENCE,
        lambda: str(writes(own_cluster, shop, "photos")),
    )
    assert [c["finalized"] for c in replica.calls("photos")] == [False, True]


def test_an_edit_is_acted_on_and_an_event_tells(own_cluster: Cluster, shop: str, replica: Replica) -> None:
    await_backend(own_cluster, shop)
    own_cluster.apply(bucket("edited", shop, shop))
    await_ready(own_cluster, shop, "edited")
    own_cluster.kubectl(
        "patch", "ib", "edited", "-n", shop, "--type=merge", "-p", '{"spec":{"reconcileRequest":"now"}}'
    )
    await_ready(own_cluster, shop, "edited", generation=2)
    assert [c["generation"] for c in replica.calls("edited")] == [1, 1, 2]

    def told() -> bool:
        events = own_cluster.api.get(events_path(shop))["items"]
        return [(e["reason"], e.get("series", {}).get("count")) for e in events] == [("Looked", 2)]

    eventually(told, PATIENCE, "one Event, counted twice")


def test_deletion_takes_one_write(own_cluster: Cluster, shop: str, replica: Replica) -> None:
    await_backend(own_cluster, shop)
    own_cluster.apply(bucket("gone", shop, shop))
    await_ready(own_cluster, shop, "gone")
    made = Counter({"patch 200": 1, "patch status 200": 2})
    eventually(lambda: writes(own_cluster, shop, "gone") == made, PATIENCE, "its creation is in the log")
    own_cluster.kubectl("delete", "ib", "gone", "-n", shop, "--timeout=60s")
    eventually(lambda: writes(own_cluster, shop, "gone") != made, PATIENCE, "its deletion, too")
    labels = (
        f'backend="{shop}",condition="Ready",kind="ImageBucket",name="gone",namespace="{shop}",status="True"'
    )
    series = f"imagestore_status_condition{{{labels}}}"
    eventually(lambda: replica.metric(series) == 0, PATIENCE, "its series is gone with it")
    assert writes(own_cluster, shop, "gone") == made + Counter({"patch 200": 1})


def test_a_forged_status_is_put_right(own_cluster: Cluster, shop: str, replica: Replica) -> None:
    own_cluster.apply(bucket("forged", shop, shop))
    await_ready(own_cluster, shop, "forged")
    forged = '{"status":{"bucketName":"another","conditions":[]}}'
    own_cluster.kubectl(
        "patch", "ib", "forged", "-n", shop, "--subresource=status", "--type=merge", "-p", forged
    )
    eventually(
        lambda: get(own_cluster, shop, "forged")["status"]["bucketName"] == f"{shop}--forged",
        PATIENCE,
        "put right",
    )
    await_ready(own_cluster, shop, "forged")


def test_a_removed_finalizer_comes_back(own_cluster: Cluster, shop: str, replica: Replica) -> None:
    own_cluster.apply(bucket("bare", shop, shop))
    await_ready(own_cluster, shop, "bare")
    own_cluster.kubectl(
        "patch", "ib", "bare", "-n", shop, "--type=merge", "-p", '{"metadata":{"finalizers":null}}'
    )
    eventually(lambda: get(own_cluster, shop, "bare")["metadata"].get("finalizers"), PATIENCE, "it is back")


@pytest.mark.parametrize("what", ["bug", "value"])
def test_a_bug_is_said_and_the_others_go_on(
    own_cluster: Cluster, shop: str, replica: Replica, what: str
) -> None:
    """Also one about a value that is in no spec: it was told as an error of the spec, and never looked at again."""
    broken, whole_one = f"broken-{what}", f"whole-{what}"
    crash = replica.folder / f"crash-{broken}"
    crash.write_text(what)
    own_cluster.apply(bucket(broken, shop, shop))
    own_cluster.apply(bucket(whole_one, shop, shop))
    await_ready(own_cluster, shop, whole_one)

    def stalled() -> bool:
        return condition(get(own_cluster, shop, broken), "Stalled").get("reason") == "InternalError"

    eventually(stalled, PATIENCE, "Stalled/InternalError")
    said = get(own_cluster, shop, broken)
    assert condition(said)["status"] == "False"
    assert "hunter2" not in json.dumps(said), "an error's text may hold anything"
    crash.unlink()
    mended = await_ready(own_cluster, shop, broken)
    assert condition(mended, "Stalled") == {}
    *whole, _ = replica.log.read_text().split("\n")  # the last one may still be written
    lines = [json.loads(line) for line in whole]
    errors = [line for line in lines if "boom" in line.get("error", "")]
    assert f"ImageBucket {shop}/{broken}" in {line["object"] for line in errors}
    assert all(line["reconcile"] for line in errors)


def test_no_credential_is_logged(own_cluster: Cluster, shop: str, replica: Replica) -> None:
    (replica.folder / "crash-talker").touch()
    own_cluster.apply(bucket("talker", shop, shop))
    eventually(lambda: "boom" in replica.log.read_text(), PATIENCE, "the crash is logged")
    text = replica.log.read_text()
    assert "connected with" in text
    assert "hunter2hunter2" not in text
    assert "***" in text


def test_a_rotated_secret_takes_effect_at_once(
    own_cluster: Cluster, home: str, shop: str, replica: Replica
) -> None:
    own_cluster.apply(bucket("rotated", shop, shop))
    await_ready(own_cluster, shop, "rotated")
    old = replica.calls("rotated")[-1]["secret"]
    own_cluster.apply(secret(f"{shop}-keys", home, "another-secret"))
    eventually(
        lambda: replica.calls("rotated")[-1]["secret"] not in (old, None),
        AT_ONCE,
        "reconciled with the new one",
    )


def test_a_secret_that_comes_later_is_noticed(
    own_cluster: Cluster, home: str, shop: str, replica: Replica
) -> None:
    own_cluster.kubectl("delete", "secret", f"{shop}-keys", "-n", home)
    own_cluster.apply(bucket("waiting", shop, shop))
    eventually(lambda: replica.calls("waiting"), PATIENCE, "looked at")
    eventually(
        lambda: "there is no Secret" in (replica.calls("waiting")[-1]["trouble"] or ""),
        AT_ONCE,
        "it says what is missing",
    )
    own_cluster.apply(secret(f"{shop}-keys", home, "late-but-there"))
    eventually(lambda: replica.calls("waiting")[-1]["secret"], AT_ONCE, "connected at once")


def test_labels_of_a_namespace_matter_at_once_where_they_let_it_in(
    own_cluster: Cluster, shop: str, replica: Replica
) -> None:
    chosen = f"{shop}-chosen"
    selector = {"selector": {"matchLabels": {"images": "yes"}}}
    body = json.loads(backend(chosen, f"{shop}-keys", []))
    own_cluster.apply(json.dumps(body | {"spec": body["spec"] | {"namespaces": selector}}))
    await_backend(own_cluster, chosen)
    own_cluster.apply(bucket("labelled", shop, chosen))
    await_ready(own_cluster, shop, "labelled")
    before = len(replica.calls("labelled"))
    own_cluster.kubectl("label", "namespace", shop, "noise=yes")
    own_cluster.kubectl("label", "namespace", shop, "images=yes")
    eventually(
        lambda: replica.calls("labelled")[-1]["labels"].items() >= {"images": "yes", "noise": "yes"}.items(),
        AT_ONCE,
        "reconciled with the label",
    )
    assert len(replica.calls("labelled")) == before + 1, "a label that changes no verdict is nobody's affair"
    own_cluster.kubectl("delete", "ib", "labelled", "-n", shop, "--timeout=60s")
    own_cluster.kubectl("delete", "storagebackend", chosen, "--timeout=60s")


def test_when_a_claimant_goes_its_rival_is_looked_at(
    own_cluster: Cluster, shop: str, replica: Replica
) -> None:
    own_cluster.apply(bucket("first", shop, shop, bucketName=f"{shop}--same"))
    await_ready(own_cluster, shop, "first")
    first = get(own_cluster, shop, "first")["metadata"]["creationTimestamp"]
    eventually(lambda: _now(own_cluster, shop) > first, PATIENCE, "another second")
    own_cluster.apply(bucket("second", shop, shop, bucketName=f"{shop}--same"))
    eventually(
        lambda: condition(get(own_cluster, shop, "second")).get("reason") == "Conflict",
        PATIENCE,
        "the younger says so",
    )
    assert replica.calls("second")[-1]["rival"] == f"{shop}/first"
    own_cluster.kubectl("delete", "ib", "first", "-n", shop, "--timeout=60s")
    await_ready(own_cluster, shop, "second", seconds=20)


def _now(cluster: Cluster, namespace: str) -> str:
    """The API server's clock, as it stamps objects."""
    made = cluster.kubectl(
        "create", "configmap", "-n", namespace, "--dry-run=server", "-o", "json", "clock"
    ).stdout
    return str(json.loads(made)["metadata"]["creationTimestamp"])


def test_who_may_not_have_a_bucket_cannot_keep_its_owner_from_it(
    own_cluster: Cluster, shop: str, replica: Replica
) -> None:
    squatter = f"{shop}-squatter"
    own_cluster.kubectl("create", "namespace", squatter)
    own_cluster.apply(bucket("mine", squatter, shop, bucketName=f"{shop}--wanted"))
    eventually(lambda: replica.calls("mine"), PATIENCE, "looked at")
    own_cluster.apply(bucket("wanted", shop, shop))
    await_ready(own_cluster, shop, "wanted")
    assert all(c["rival"] is None for c in replica.calls("wanted"))
    own_cluster.kubectl("delete", "ib", "mine", "-n", squatter, "--timeout=60s")


def test_a_backend_in_use_stays_until_its_last_bucket_is_gone(
    own_cluster: Cluster, shop: str, replica: Replica
) -> None:
    own_cluster.apply(bucket("last", shop, shop))
    await_ready(own_cluster, shop, "last")
    eventually(
        lambda: own_cluster.api.get(f"{GROUP}/storagebackends/{shop}").get("status", {}).get("buckets") == 1,
        PATIENCE,
        "counted",
    )
    own_cluster.kubectl("delete", "storagebackend", shop, "--wait=false")
    own_cluster.kubectl("delete", "ib", "last", "-n", shop, "--timeout=60s")
    gone = own_cluster.kubectl("wait", "--for=delete", "storagebackend", shop, "--timeout=10s", check=False)
    assert gone.returncode == 0, gone.stderr


def test_one_slow_backend_delays_nobody_else(
    own_cluster: Cluster, home: str, shop: str, replica: Replica
) -> None:
    other = f"{shop}-other"
    own_cluster.apply(backend(other, f"{shop}-keys", [shop], limits={"concurrency": 2}))
    for n in range(4):
        (replica.folder / f"hold-slow-{n}").touch()
        own_cluster.apply(bucket(f"slow-{n}", shop, other))
    eventually(
        lambda: replica.metric(f'imagestore_queue_depth{{backend="{other}",kind="ImageBucket"}}') == 2,
        PATIENCE,
        "two wait, two hang",
    )
    own_cluster.apply(bucket("quick", shop, shop))
    await_ready(own_cluster, shop, "quick")
    assert replica.get("/healthz")[0] == 200, "a slow store is no reason to restart"
    for n in range(4):
        (replica.folder / f"hold-slow-{n}").unlink()
    for n in range(4):
        await_ready(own_cluster, shop, f"slow-{n}")
        own_cluster.kubectl("delete", "ib", f"slow-{n}", "-n", shop, "--timeout=60s")
    own_cluster.kubectl("delete", "storagebackend", other, "--timeout=60s")
