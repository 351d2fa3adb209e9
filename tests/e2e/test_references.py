"""A setting that names another bucket, from kubectl to the store. On moto: no other store here has access logging."""

from typing import Any

import pytest
import yaml

from dev.cluster import Cluster
from dev.stores import Store
from tests.e2e.harness import ON, Operator, User, backend_manifests

DELIVERY = 'uri="http://acs.amazonaws.com/groups/s3/LogDelivery"'
LOGS: dict[str, Any] = {"logging": {"targetBucketRef": {"name": "audit"}, "prefix": "photos/"}}


@pytest.fixture(scope="module")
def diary(running: Operator, installed: Cluster, aws_store: Store) -> User:
    """A user in the namespace diary, with an audit bucket that somebody made who let Amazon deliver logs into it."""
    installed.kubectl("create", "namespace", "diary")
    grants = [{"namespace": "diary", "bucketName": "diary--audit"}]
    for name in ("amazon", "other-amazon"):
        manifests = backend_manifests(name, aws_store, namespaces=("diary",), adoptionGrants=grants)
        installed.apply(yaml.safe_dump_all(manifests))
    user = User(installed, "diary", "amazon", aws_store)
    user.s3.create_bucket(Bucket="diary--audit")
    user.s3.put_bucket_acl(Bucket="diary--audit", GrantWrite=DELIVERY, GrantReadACP=DELIVERY)
    return user


def logged_into(user: User, name: str) -> str | None:
    """Where the store writes the logs."""
    enabled = user.s3.get_bucket_logging(Bucket=user.bucket(name)).get("LoggingEnabled") or {}
    found: str | None = enabled.get("TargetBucket")
    return found


def test_a_reference_that_comes_later_needs_no_edit(diary: User) -> None:
    diary.apply("photos", **ON, **LOGS)
    message = diary.stuck("photos", "ReferenceNotFound")
    assert "there is no ImageBucket audit in this namespace; create it, or correct the name" in message
    assert diary.tags("photos")["team"] == "shop", "and nothing else waits for it"
    assert logged_into(diary, "photos") is None
    diary.apply("audit", adoption="Granted")
    diary.ready("audit")
    found = diary.ready("photos", timeout=15)
    assert found["metadata"]["generation"] == 1
    assert logged_into(diary, "photos") == "diary--audit"


def test_a_reference_that_goes_is_told_and_what_was_written_stays(diary: User) -> None:
    diary.apply("audit", adoption="Granted")
    diary.apply("letters", **ON, **LOGS)
    diary.ready("letters")
    diary.delete("audit")
    assert "there is no ImageBucket audit" in diary.stuck("letters", "ReferenceNotFound")
    assert logged_into(diary, "letters") == "diary--audit"
    diary.apply("audit", adoption="Granted")
    diary.ready("letters", timeout=15)


def test_what_may_not_be_named_says_what_may(diary: User, aws_store: Store) -> None:
    User(diary.cluster, "diary", "other-amazon", aws_store).apply("far")
    diary.apply("near", **ON, logging={"targetBucketRef": {"name": "far"}})
    message = diary.stuck("near", "ReferenceElsewhere")
    assert "ImageBucket far is on the backend other-amazon; name one on amazon" in message
    diary.patch("near", logging=None)
    diary.ready("near")
