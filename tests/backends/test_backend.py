"""Looking, creating, deleting and measuring, on the real servers."""

import json
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dev.stores import Store
from imagestore.backends.base import HeldUsage, Observation
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.client import Keys
from imagestore.backends.s3.server.regional import prove_region
from imagestore.core.errors import Denied, NotFound, Rejected, StoreError
from imagestore.facets.object_lock import ObjectLock
from imagestore.facets.quota import Quota
from imagestore.facets.tags import Tags
from imagestore.facets.versioning import Versioning
from tests.backends.test_errors import reaching
from tests.contract.stores import Recorded, backend_of, connected

DENY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "kept",
                "Effect": "Deny",
                "Principal": {"AWS": ["*"]},
                "Action": ["s3:DeleteObject"],
                "Resource": ["arn:aws:s3:::BUCKET/kept/*"],
            }
        ],
    }
)
ON = Versioning(state="Enabled", mfa_delete="Disabled")
ALL = ["AWS", "MinIO", "Ceph", "SeaweedFS", "VersityGW"]


@pytest.fixture(params=ALL)
def backend(request: pytest.FixtureRequest) -> S3Backend:
    return backend_of(request.param, request)


def new() -> str:
    return f"backend-{uuid.uuid4().hex[:12]}"


def test_the_probe_tells_the_product(backend: S3Backend) -> None:
    assert backend.probe().product == backend.profile.product


def test_the_probe_proves_the_region(minio_store: Store) -> None:
    """MinIO lists buckets in any region: the backend was Ready while each of its buckets failed."""
    assert connected(minio_store).probe().product == "MinIO"
    with pytest.raises(Rejected, match=r"check spec\.s3\.region"):
        connected(replace(minio_store, region="mars-north-1")).probe()


def test_a_stranger_cannot_make_the_bucket_that_is_asked_for() -> None:
    """In another region it is answered with a redirect, and each backend would say that its region is wrong."""
    asked: list[str] = []

    def redirecting(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        name = parameters["Bucket"]
        asked.append(name)
        if asked.count(name) > 1:
            raise Rejected("elsewhere", code="PermanentRedirect")
        raise NotFound("no such bucket", code="NoSuchBucket")

    for _ in range(3):
        prove_region(redirecting)
    assert all(re.fullmatch("[a-z0-9-]{3,63}", name) for name in asked)


def test_a_listing_without_dates_tells_none(minio_store: Store) -> None:
    undated = replace(connected(minio_store), call=lambda *_: {"Buckets": [{"Name": "photos"}, {}]})
    assert undated.made_at("photos") is None


def test_a_bucket_appears_and_goes(backend: S3Backend) -> None:
    name = new()
    assert backend.check(name) is None
    backend.create(name, {})
    sight = backend.check(name)
    assert sight is not None
    assert (sight.owner, sight.blank) == (None, True)
    backend.delete(name)
    assert backend.check(name) is None
    backend.delete(name)  # gone is done


def test_a_bucket_with_tags_costs_one_call_and_none_of_it_writes(backend: S3Backend) -> None:
    name = new()
    backend.create(name, {})
    tagging = {"TagSet": [{"Key": "imagestore.dev/owner", "Value": "i/n/x"}]}
    backend.call("PutBucketTagging", {"Bucket": name, "Tagging": tagging})
    recorded = Recorded(backend.call, [])
    sight = replace(backend, call=recorded).check(name)
    assert sight is not None
    assert sight.owner == "i/n/x"
    assert sight.values == {"tags": Tags.from_store(values={"imagestore.dev/owner": "i/n/x"})}
    assert recorded.operations == ["GetBucketTagging"]


def test_looking_never_creates(backend: S3Backend) -> None:
    recorded, name = Recorded(backend.call, []), new()
    watched = replace(backend, call=recorded)
    for _ in range(2):
        assert watched.check(name) is None
        assert watched.remains(name).empty
    assert all(o.startswith(("Get", "Head", "List")) for o in recorded.operations)


@pytest.mark.parametrize("lock", [ObjectLock(), ObjectLock(mode="Governance", days=2)])
def test_object_lock_is_asked_for_at_creation(backend: S3Backend, lock: ObjectLock) -> None:
    """With its retention only where the answer proves that the bucket is new: it might be somebody's, with his own."""
    name = new()
    proven = backend.create(name, {"objectLock": lock})
    assert proven == (backend.provider in ("MinIO", "SeaweedFS"))
    assert backend.drivers["objectLock"].read(name) == (lock if proven else ObjectLock())
    assert backend.drivers["versioning"].read(name) == ON, "a lock brings versions"


def test_a_name_that_is_taken_is_rejected_where_the_store_says_so(backend: S3Backend) -> None:
    """One's own bucket answers 200 on RGW and (moto, too) in us-east-1: no test of existence, and so it is said."""
    name = new()
    assert backend.create(name, {}) == (backend.provider in ("MinIO", "SeaweedFS"))
    if backend.provider in ("MinIO", "SeaweedFS", "S3"):
        with pytest.raises(Rejected) as refusal:
            backend.create(name, {})
        assert refusal.value.code.startswith("BucketAlready")
    else:
        assert not backend.create(name, {})


def test_a_bucket_that_was_made_a_moment_ago_costs_one_look(backend: S3Backend) -> None:
    name = new()
    backend.create(name, {})
    recorded = Recorded(backend.call, [])
    sight = replace(backend, call=recorded).check(name, made=True)
    assert sight == Observation(None, {"tags": Tags(values={})} if "tags" in backend.drivers else {})
    assert len(recorded.operations) == 1


def test_the_date_of_a_creation_is_told_only_where_it_stays(backend: S3Backend) -> None:
    """On Amazon every change of a policy moves it, so that it proves nothing of when the bucket was made."""
    name, before = new(), datetime.now(UTC) - timedelta(seconds=2)
    backend.create(name, {})
    made = backend.made_at(name)
    assert (made is not None) == (backend.provider in ("MinIO", "Ceph", "SeaweedFS"))
    if made is None:
        return
    assert before <= made <= datetime.now(UTC) + timedelta(seconds=2)
    time.sleep(1.1)  # whole seconds on some
    tagging = {"TagSet": [{"Key": "imagestore.dev/owner", "Value": "i/n/x"}]}
    backend.call("PutBucketTagging", {"Bucket": name, "Tagging": tagging})
    backend.call("PutBucketPolicy", {"Bucket": name, "Policy": DENY.replace("BUCKET", name)})
    backend.call("PutObject", {"Bucket": name, "Key": "a.jpg", "Body": b"x"})
    assert backend.made_at(name) == made
    assert backend.made_at("never-was-there") is None


def test_a_region_is_named_where_the_store_wants_it(request: pytest.FixtureRequest) -> None:
    backend = replace(backend_of("AWS", request), region="eu-central-1")
    recorded = Recorded(backend.call, [])
    name = new()
    replace(backend, call=recorded).create(name, {})
    assert recorded.seen[0][1]["CreateBucketConfiguration"] == {"LocationConstraint": "eu-central-1"}
    told = request.getfixturevalue("aws_store").s3().get_bucket_location(Bucket=name)
    assert told["LocationConstraint"] == "eu-central-1"
    assert replace(backend, region="us-east-1")._location() == {}
    assert replace(backend, region="cn-north-1").arn("b") == "arn:aws-cn:s3:::b"


def test_a_strangers_bucket_is_denied(request: pytest.FixtureRequest) -> None:
    """Ceph's administrator is another user there, who owns none of the buckets."""
    store = request.getfixturevalue("ceph_store")
    name = new()
    backend_of("Ceph", request).create(name, {})
    keys = Keys(store.admin_access_key, store.admin_secret_key)
    stranger = reaching(store.endpoint, keys, provider="Ceph")
    with pytest.raises(Denied):
        stranger.check(name)
    with pytest.raises(Rejected, match="BucketAlreadyExists"):
        stranger.create(name, {})


def test_ceph_tells_what_a_bucket_holds_at_once(request: pytest.FixtureRequest) -> None:
    backend, name = backend_of("Ceph", request), new()
    backend.create(name, {})
    assert backend.usage(name) == HeldUsage(0, 0)
    for i in range(3):
        backend.call("PutObject", {"Bucket": name, "Key": f"k{i}", "Body": b"x" * 1000})
    assert backend.usage(name) == HeldUsage(3, 3000)
    assert replace(backend, admin=False).usage(name) is None


def test_minio_tells_when_its_scanner_has_come_by(request: pytest.FixtureRequest) -> None:
    backend, name = backend_of("MinIO", request), new()
    backend.create(name, {})
    assert backend.usage(name) in (None, HeldUsage(0, 0))


@pytest.mark.parametrize("provider", ["MinIO", "Ceph"])
def test_a_quota_stops_writes(provider: str, request: pytest.FixtureRequest) -> None:
    backend, name = backend_of(provider, request), new()
    backend.create(name, {})
    quota = backend.drivers["quota"]
    quota.write(name, Quota(hard="16Ki"), None)
    with pytest.raises(StoreError):
        backend.call("PutObject", {"Bucket": name, "Key": "big", "Body": b"x" * 64 * 1024})
    quota.clear(name, quota.read(name))
    backend.call("PutObject", {"Bucket": name, "Key": "big", "Body": b"x" * 64 * 1024})


def test_a_server_of_unknown_make_gets_no_settings_but_versions(request: pytest.FixtureRequest) -> None:
    backend = replace(backend_of("SeaweedFS", request), provider="S3")
    assert list(backend.drivers) == ["versioning"]
    name = new()
    assert backend.check(name) is None
    backend.create(name, {})
    sight = backend.check(name)
    assert sight is not None
    assert sight == Observation()
    assert backend.mark_place is None, "it is not known whom it belongs to"
    backend.drivers["versioning"].write(name, ON, None)
    assert backend.drivers["versioning"].read(name) == ON
