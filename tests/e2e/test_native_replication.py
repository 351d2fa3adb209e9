"""One story of replication that two MinIOs carry out: two StorageBackends, two ImageBuckets, one rule."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from dev.cluster import Cluster
from dev.stores import Store, minio
from dev.stores.users import add_user, remove_user
from dev.wait import eventually
from imagestore.backends.s3.client import Keys
from tests.contract.pairs import versions
from tests.e2e.harness import PATIENCE, SYSTEM, Operator, User, backend_manifests
from tests.e2e.museum import Museum

SPACE, HERE, THERE = "offsite", "near", "far"
RULE = {
    "name": "all",
    "destination": {"bucketRef": {"name": "copies"}},
    "deleteMarkers": True,
    "permanentDeletes": True,
    "existingObjects": True,
}
VERSIONED = {"versioning": {"state": "Enabled"}}


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The store that receives copies."""
    with minio(tmp_path_factory.mktemp("far"), name="far", kms=False) as store:
        yield store


def backend(cluster: Cluster, name: str, store: Store, keys: Keys | None = None, space: str = SPACE) -> None:
    """`kubectl apply` of a StorageBackend; with keys other stores may write to it."""
    *secrets, made = backend_manifests(name, store, namespaces=(space,))
    if keys is not None:
        made["spec"]["replication"] = {"credentials": {"secretRef": {"name": f"{name}-copies"}}}
        secrets.append(secret(f"{name}-copies", keys))
    cluster.apply(yaml.safe_dump_all([*secrets, made]))


def secret(name: str, keys: Keys) -> dict[str, Any]:
    data = {"accessKeyId": keys.access_key_id, "secretAccessKey": keys.secret_access_key}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": SYSTEM},
        "stringData": data,
    }


def test_a_bucket_is_copied_by_its_store(
    running: Operator, installed: Cluster, minio_store: Store, far: Store
) -> None:
    installed.kubectl("create", "namespace", SPACE)
    photos, copies = User(installed, SPACE, HERE, minio_store), User(installed, SPACE, THERE, far)
    source, target = photos.bucket("photos"), copies.bucket("copies")

    def equal() -> None:
        eventually(
            lambda: versions(minio_store, source) == versions(far, target),
            PATIENCE,
            lambda: f"{versions(minio_store, source) ^ versions(far, target)} on one side only",
        )

    def put(key: str) -> None:
        minio_store.s3().put_object(Bucket=source, Key=key, Body=f"picture {key}".encode())

    # Neither the destination nor the administrator's consent is there, and what was uploaded waits for both.
    backend(installed, HERE, minio_store)
    backend(installed, THERE, far)
    photos.apply("photos", **VERSIONED, replication={"rules": [RULE]})
    assert (
        "there is no ImageBucket copies"
        in photos.await_condition("photos", "Ready", "False", "ReferenceNotFound")["message"]
    )
    put("before")
    copies.apply("copies", **VERSIONED)
    copies.ready("copies")
    said = photos.stuck("photos", "DestinationUnsuitable")
    assert f"no store may write to the StorageBackend {THERE}" in said
    assert "set spec.replication.credentials there" in said

    wrong = Keys(far.access_key, "not-the-secret-of-anybody")
    backend(installed, THERE, far, wrong)
    assert "refuses the credentials" in photos.stuck("photos", "Rejected")

    keys = add_user(far)
    installed.apply(yaml.safe_dump(secret(f"{THERE}-copies", keys)))
    photos.ready("photos")
    put("after")
    equal()

    # An administrator rotates the credentials: the Secret first, then the old ones go.
    rotated = add_user(far)
    installed.apply(yaml.safe_dump(secret(f"{THERE}-copies", rotated)))
    photos.await_event("photos", "DriftCorrected")
    photos.ready("photos")
    remove_user(far, keys)
    put("after the rotation")
    equal()

    # As `mc replicate rm --all --force`, which takes the target as well.
    minio_store.s3().delete_bucket_replication(Bucket=source)
    put("meanwhile")
    photos.look_now("photos")
    eventually(lambda: photos.events("photos").count("DriftCorrected") >= 1, PATIENCE, "it is put back")
    eventually(lambda: rules(minio_store, source), PATIENCE, "the rule is there")
    put("after the loss")
    equal()

    # Deleting the source with everything in it leaves the copies: a rule of its own said permanentDeletes.
    before = versions(far, target)
    photos.patch("photos", deletionPolicy="DeleteAll")
    photos.delete("photos")
    assert not photos.in_store("photos")
    assert versions(far, target) == before

    said = running.log() + json.dumps(installed.get("sbe,ib", "-A"))
    said += json.dumps(installed.get("events.events.k8s.io", "-A"))
    for each in (keys, rotated, wrong):
        assert each.secret_access_key not in said
    copies.patch("copies", deletionPolicy="DeleteAll")
    copies.delete("copies")


def rules(store: Store, bucket: str) -> list[str]:
    """The ids of the rules that the store has."""
    try:
        found = store.s3().get_bucket_replication(Bucket=bucket)
    except store.s3().exceptions.ClientError:
        return []
    return [r["ID"] for r in found["ReplicationConfiguration"]["Rules"]]


def test_a_canary_that_does_not_arrive_misses_the_objective(
    shop: User, running: Operator, installed: Cluster, minio_store: Store, far: Store
) -> None:
    """Both stores answer, and all objects are equal: only the canary knows that the way is closed."""
    keys = add_user(far)
    backend(installed, "lookout", minio_store, space="shop")
    backend(installed, "lookout-far", far, keys, space="shop")
    museum = Museum(
        installed,
        User(installed, "shop", "lookout", minio_store),
        User(installed, "shop", "lookout-far", far),
        "canary",
    )
    source, target = museum.buckets(source=VERSIONED, **VERSIONED)
    museum.policy(canary={"every": "5s"}, objectives={"rpo": "4s"}, filter={"prefixes": ["a/"]})
    museum.becomes("CanaryArrives", "True", "CanaryArrived")
    museum.becomes("WithinObjective", "True")
    assert museum.status()["canary"]["delayMilliseconds"] < 4000
    family = 'imagestore_replication_canary_delay_seconds{name="canary",namespace="shop"}'
    assert 0 < running.metrics()[family] < 4

    remove_user(far, keys)
    said = museum.becomes("WithinObjective", "False", "ObjectiveMissed")
    assert "the canary of" in said
    assert "has not arrived at the destination" in said
    museum.becomes("CanaryArrives", "False", "CanaryMissing")
    assert museum.says("Ready")[0] == "True", "every object of the users has an equal copy"

    add_user(far, keys=keys)
    museum.becomes("WithinObjective", "True")
    installed.kubectl("delete", "rpol", museum.name, "-n", "shop")
    nothing = lambda: versions(minio_store, source) == versions(far, target) == set()  # noqa: E731
    eventually(
        nothing,
        PATIENCE,
        lambda: f"nothing of a canary stays; {versions(minio_store, source)}, {versions(far, target)}",
    )
