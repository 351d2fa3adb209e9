"""A policy between two MinIOs: the store copies, the operator writes its rule and compares both buckets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.stores import Store, minio
from dev.stores.users import add_user
from dev.wait import eventually
from tests.e2e.harness import backend_manifests
from tests.local.pair import Pair, content, fill
from tests.local.world import writes

VERSIONED = {"versioning": {"state": "Enabled"}}


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The store that receives copies."""
    with minio(tmp_path_factory.mktemp("far"), name="far", kms=False) as store:
        yield store


def test_the_store_copies_and_the_operator_reads_both_sides(
    tmp_path: Path, minio_store: Store, far: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = Pair(tmp_path / "manifests", minio_store, far, capsys)
    near, copy = pair.buckets(source=VERSIONED, destination=VERSIONED)
    assert pair.apply().code == 0
    fill(minio_store.s3(), near, {"before.jpg": b"b"})
    pair.policy(objectives={"rpo": "1h"})
    pair.apply()
    assert pair.status()["method"] == "Copy"
    assert "no store may write to the StorageBackend far" in pair.status()["methodReason"]
    assert content(far.s3(), copy) == {"before.jpg": b"b"}

    # The administrator lets other stores write there: Auto then leaves the copying to MinIO.
    keys = add_user(far)
    *secrets, backend = backend_manifests("far", far, namespaces=("shop",))
    backend["spec"]["replication"] = {"credentials": {"secretRef": {"name": "far-copies"}}}
    handed = {"accessKeyId": keys.access_key_id, "secretAccessKey": keys.secret_access_key}
    metadata = {"name": "far-copies", "namespace": "imagestore-system"}
    secrets.append({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": handed})
    pair.write("far", *secrets, backend)
    said = pair.apply()
    assert (pair.status()["method"], pair.condition()[:2]) == ("Native", ("True", "Replicated")), said
    assert "methodReason" not in pair.status()
    rules = minio_store.s3().get_bucket_replication(Bucket=near)["ReplicationConfiguration"]["Rules"]
    assert [r["ID"] for r in rules] == ["imagestore/keep/part-1"]

    minio_store.s3().put_object(Bucket=near, Key="after.jpg", Body=b"a")
    eventually(lambda: "after.jpg" in content(far.s3(), copy), 60, "the store has copied it")
    sent = writes()
    pair.apply()
    assert pair.condition("WithinObjective")[:2] == ("True", "WithinObjective")
    assert pair.status()["backlog"]["objects"] == 0
    assert {op for op, n in writes().items() if n != sent.get(op, 0.0)} <= {"CheckReplication"}, (
        "the operator copies nothing"
    )

    # A destination that is wrong is found by reading it, whatever the store's counters say.
    far.s3().delete_object(Bucket=copy, Key="after.jpg")
    pair.apply()
    assert pair.status()["backlog"]["objects"] == 1
    assert "1 objects have no equal copy yet" in pair.condition()[2]

    pair.policy(objectives={"rpo": "1h"}, method="Copy")
    pair.apply()
    assert content(far.s3(), copy) == content(minio_store.s3(), near)
    assert_no_rules(minio_store, near)

    # Promoted, deleted, and applied from git once more, without failover: the store gets no rule before the operator has looked there.
    pair.policy(method="Copy", failover={"role": "Promoted"})
    pair.apply()
    far.s3().put_object(Bucket=copy, Key="before.jpg", Body=b"of applications")
    (pair.path / ".imagestore/replicationpolicies/shop/keep.yaml").unlink()
    pair.policy()
    pair.apply()
    assert pair.condition()[:2] == ("False", "StillPromoted"), pair.status()
    assert_no_rules(minio_store, near)
    assert content(far.s3(), copy)["before.jpg"] == b"of applications"


def assert_no_rules(store: Store, bucket: str) -> None:
    """The store copies nothing by itself."""
    with pytest.raises(store.s3().exceptions.ClientError, match="ReplicationConfigurationNotFoundError"):
        store.s3().get_bucket_replication(Bucket=bucket)
