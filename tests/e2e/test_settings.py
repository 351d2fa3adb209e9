"""Stories of settings, from kubectl to the store. Each asserts what is in the store afterwards."""

import pytest

from dev.cluster import CommandError
from tests.e2e.harness import ON, OWNER, PRUNE, User


def test_a_bucket_becomes_what_its_yaml_says(shop: User) -> None:
    shop.apply("photos", **ON, lifecycle=PRUNE, quota={"hard": "1Gi"}, encryption={"algorithm": "SSE-S3"})
    found = shop.ready("photos")
    assert found["metadata"]["finalizers"] == ["imagestore.dev/bucket"]
    assert "annotations" not in found["metadata"] or set(found["metadata"]["annotations"]) == {
        "kubectl.kubernetes.io/last-applied-configuration"
    }, "a GitOps tool sees nothing of ours but finalizer and status"
    assert shop.tags("photos") == {"team": "shop", OWNER: "e2e/shop/photos"}
    assert shop.versioning("photos") == "Enabled"
    rules = shop.s3.get_bucket_lifecycle_configuration(Bucket="shop--photos")["Rules"]
    assert [(r["ID"], r["Status"]) for r in rules] == [("imagestore/bucket/old", "Enabled")]
    assert rules[0]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30, "NewerNoncurrentVersions": 2}
    assert {f["name"]: f["state"] for f in found["status"]["facets"]} == dict.fromkeys(
        ("versioning", "encryption", "tags", "lifecycle", "quota"), "InSync"
    )
    columns = shop.cluster.kubectl("get", "ib", "photos", "-n", "shop").stdout
    assert "True" in columns
    assert "minio" in columns
    shop.await_event("photos", "Created")


def test_an_edit_is_applied_and_what_is_not_mentioned_stays(shop: User) -> None:
    shop.apply("edited", **ON)
    shop.ready("edited")
    tags = [{"Key": k, "Value": v} for k, v in {**shop.tags("edited"), "cost": "7"}.items()]
    shop.s3.put_bucket_tagging(Bucket="shop--edited", Tagging={"TagSet": tags})
    shop.apply("edited", **{**ON, "tags": {"team": "press", "class": "photos"}})
    shop.ready("edited")
    assert shop.tags("edited") == {"team": "press", "class": "photos", "cost": "7", OWNER: "e2e/shop/edited"}
    shop.apply("edited", tags={"class": "photos"})
    shop.ready("edited")
    assert shop.tags("edited") == {"class": "photos", "cost": "7", OWNER: "e2e/shop/edited"}
    assert shop.versioning("edited") == "Enabled", "clearing versioning would weaken protection"


def test_a_risky_change_waits_for_its_token(shop: User) -> None:
    shop.apply("risky", versioning={"state": "Enabled"})
    shop.ready("risky")
    shop.apply("risky", versioning={"state": "Suspended"})
    message = shop.stuck("risky", "NeedsApproval")
    assert "cannot be restored" in message
    assert shop.versioning("risky") == "Enabled"
    shop.await_event("risky", "ApprovalNeeded")
    token = shop.get("risky")["status"]["plan"]["held"][0]["token"]
    shop.apply("risky", versioning={"state": "Suspended"}, approve=[token])
    shop.ready("risky")
    assert shop.versioning("risky") == "Suspended"


def test_a_suspended_bucket_is_left_alone(shop: User) -> None:
    shop.apply("paused", **ON)
    shop.ready("paused")
    shop.apply("paused", **{**ON, "tags": {"team": "later"}}, suspend=True)
    shop.await_condition("paused", "Suspended", "True")
    assert shop.tags("paused")["team"] == "shop"
    shop.apply("paused", **{**ON, "tags": {"team": "later"}})
    shop.ready("paused")
    assert shop.tags("paused")["team"] == "later"


def test_fields_that_bind_cannot_change(shop: User) -> None:
    shop.apply("fixed", **ON)
    shop.ready("fixed")
    with pytest.raises(CommandError, match="cannot be renamed"):
        shop.patch("fixed", bucketName="shop--other")
