"""Stories of taking over, of conflict and of strangers."""

from pathlib import Path

from dev.wait import eventually
from tests.e2e.harness import ON, PATIENCE, User


def test_an_existing_bucket_is_taken_over_only_by_grant_and_consent(shop: User) -> None:
    shop.s3.create_bucket(Bucket="legacy-photos")
    shop.s3.put_object(Bucket="legacy-photos", Key="1999.jpg", Body=b"picture")
    shop.apply("legacy", bucketName="legacy-photos", **ON)
    shop.stuck("legacy", "BucketExists")
    shop.patch("legacy", adoption="Granted")
    assert "versioning.state" in shop.stuck("legacy", "AdoptionNeedsApproval")
    assert shop.s3.get_bucket_versioning(Bucket="legacy-photos").get("Status") is None
    token = shop.get("legacy")["status"]["plan"]["held"][0]["token"]
    shop.patch("legacy", approve=[token])
    shop.ready("legacy")
    assert shop.s3.get_bucket_versioning(Bucket="legacy-photos")["Status"] == "Enabled"
    assert shop.s3.get_object(Bucket="legacy-photos", Key="1999.jpg")["Body"].read() == b"picture"


def test_two_claimants_do_not_fight(shop: User) -> None:
    shop.apply("first", bucketName="shop--contested", **ON)
    shop.ready("first")
    shop.apply("second", bucketName="shop--contested", tags={"team": "thief"})
    # Made within one second, the second may be taken for the older one: then the mark in the store decides.
    said = shop.await_condition("second", "Ready", "False")
    assert said["reason"] in ("Conflict", "OwnedByAnother")
    assert "the ImageBucket first" in said["message"]
    assert shop.tags("contested")["team"] == "shop"
    shop.delete("second")
    assert shop.in_store("contested")
    shop.ready("first")


def test_a_stranger_reaches_nothing(shop: User) -> None:
    """Neither the backend, nor another namespace's bucket, nor one of his own choosing."""
    stranger = User(shop.cluster, "stranger", "minio", shop.store)
    stranger.apply("mine")
    stranger.stuck("mine", "NamespaceNotAllowed")
    assert not stranger.in_store("mine")
    assert "finalizers" not in stranger.get("mine")["metadata"]
    press = User(shop.cluster, "press", "minio", shop.store)
    press.apply("theirs", bucketName="shop--photos")
    message = press.stuck("theirs", "NameNotAllowed")
    assert "press--*" in message


def test_a_backend_in_use_stays(shop: User, tmp_path: Path) -> None:
    shop.apply("user-of-it", **ON)
    shop.ready("user-of-it")
    # Buckets are counted some seconds after one came, and not in its reconcile.
    counted = lambda: shop.cluster.get("sbe", "minio").get("status", {}).get("buckets", 0) >= 1  # noqa: E731
    eventually(counted, PATIENCE, "the backend counts its buckets")
    backend = shop.cluster.get("sbe", "minio")
    assert next(c for c in backend["status"]["conditions"] if c["type"] == "Ready")["status"] == "True"
    assert "minio" in shop.cluster.kubectl("get", "sbe").stdout
