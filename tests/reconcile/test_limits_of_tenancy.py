"""What a tenancy allows, to the day, the bucket and the letter, and the sentence that says so."""

from typing import Any

import pytest

from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.own_access import OwnAccess
from imagestore.reconcile.shared.situation import Meta
from imagestore.reconcile.shared.tenancy import (
    Refusal,
    allowed_namespace,
    eligible,
    granted,
    is_public,
    refusals,
)
from tests.reconcile.test_tenancy import allow, deny, told
from tests.reconcile.world import BUCKET, START, backend_spec

META = Meta("shop", "photos", "uid", 1, START)
OWN = OwnAccess(("s3:GetBucketTagging",))


def refused(
    spec: dict[str, Any], earlier: int = 0, own: OwnAccess = OWN, **tenancy: Any
) -> tuple[Refusal, ...]:
    whole = {"backendRef": {"name": "eu"}, "bucketName": BUCKET, **spec}
    return refusals(META, ImageBucketSpec.model_validate(whole), backend_spec(**tenancy), earlier, own)


def lock(mode: str, **length: int) -> dict[str, Any]:
    return {"objectLock": {"mode": mode, **length}}


def limit(mode: str, days: int) -> dict[str, Any]:
    return {"maxObjectLock": {"mode": mode, "days": days}}


@pytest.mark.parametrize(
    ("spec", "tenancy"),
    [
        (lock("Governance", days=3650), {}),
        (lock("Governance", years=10), {}),
        (lock("Governance", days=30), limit("Governance", 30)),
        (lock("Compliance", days=30), limit("Compliance", 30)),
        (lock("Governance", days=30), limit("Compliance", 30)),
        ({"objectLock": {}}, limit("Governance", 0)),
        ({"deletionPolicy": "Retain"}, {}),
        ({"deletionPolicy": "DeleteIfEmpty"}, {}),
        ({"deletionPolicy": "DeleteAll"}, {"deletionPolicies": ["DeleteAll"]}),
        (allow("*"), {"allowPublic": True}),
        (allow("arn:aws:iam::1:role/a"), {"allowedPrincipals": ["arn:aws:iam::1:role/*"]}),
        (deny(resources=["secret/*"], principals=["arn:aws:iam::1:role/a"]), {}),
        ({"policy": {"requireTls": True}}, {}),
        (told("arn:minio:sqs::A:webhook"), {"allowedNotificationTargets": ["arn:minio:sqs::A:webhook"]}),
    ],
)
def test_what_is_just_allowed_is(spec: dict[str, Any], tenancy: dict[str, Any]) -> None:
    assert refused(spec, **tenancy) == ()


@pytest.mark.parametrize(
    ("spec", "tenancy", "facet", "message"),
    [
        (lock("Governance", days=3651), {}, "objectLock", "objectLock may last 3650 days here, not 3651; shorten it"),
        (lock("Governance", years=11), {}, "objectLock", "objectLock may last 3650 days here, not 4015; shorten it"),
        (lock("Governance", days=31), limit("Governance", 30), "objectLock", "objectLock may last 30 days here, not 31; shorten it"),
        (lock("Compliance", days=1), {}, "objectLock", "objectLock.mode Compliance is not allowed here; use Governance"),
        (lock("Compliance", days=1), limit("Governance", 9), "objectLock", "objectLock.mode Compliance is not allowed here; use Governance"),
        ({"deletionPolicy": "DeleteAll"}, {}, "", "deletionPolicy DeleteAll is not allowed here; use Retain or DeleteIfEmpty"),
        ({}, {"deletionPolicies": ["DeleteIfEmpty"]}, "", "deletionPolicy Retain is not allowed here; use DeleteIfEmpty"),
        ({"bucketName": "shop-photos"}, {}, "", "bucketName must match shop--*, or the administrator must grant it"),
        ({"encryption": {"algorithm": "SSE-KMS", "keyId": "k"}}, {}, "encryption", "encryption.keyId is not among the keys that this namespace may use; ask the administrator"),
        (allow("*"), {}, "policy", "statement a would make the bucket public, which is not allowed here"),
        (allow("111111111111", "222222222222", "333333333333"), {"allowedPrincipals": ["222222222222"]}, "policy",
         "statement a names 111111111111, 333333333333; ask the administrator to allow them"),
    ],
)  # fmt: skip
def test_one_more_is_refused_with_what_to_do(
    spec: dict[str, Any], tenancy: dict[str, Any], facet: str, message: str
) -> None:
    (only,) = refused(spec, **tenancy)
    assert (only.facet, only.message, only.waits) == (facet, message, False)


@pytest.mark.parametrize(("earlier", "many"), [(1, False), (2, True), (3, True)])
def test_the_bucket_that_would_be_one_too_many_is_refused(earlier: int, *, many: bool) -> None:
    found = refused({}, earlier, maxBuckets=2)
    assert bool(found) is many
    assert all(r.message == "this namespace may have 2 buckets on this backend" for r in found)
    assert refused({}, 10**6) == (), "without a limit there is none"


def test_a_namespace_without_a_bucket_has_none() -> None:
    assert refused({}, 0, maxBuckets=0)[0].reason == "TooManyBuckets"


def test_all_that_is_wrong_is_said_at_once() -> None:
    found = refused(lock("Compliance", days=9999) | allow("*", "1"), 5, maxBuckets=5)
    assert [r.reason for r in found] == [
        "TooManyBuckets", "LockNotAllowed", "LockNotAllowed", "PublicNotAllowed", "PrincipalNotAllowed"
    ]  # fmt: skip


def test_five_targets_are_named_each_once() -> None:
    queues = [
        {"name": f"q{n}", "arn": f"arn:aws:sqs:eu:1:q{n % 7}", "events": ["s3:ObjectCreated:*"]}
        for n in range(14)
    ]
    (only,) = refused({"notifications": {"queues": queues}})
    assert only.message.count("arn:aws:sqs") == 5
    assert "arn:aws:sqs:eu:1:q4, which" in only.message


def test_without_tls_a_policy_must_not_ask_for_it() -> None:
    (only,) = refused({"policy": {"requireTls": True}}, own=OwnAccess(tls=False))
    assert (only.facet, only.reason) == ("policy", "WouldLockOut")
    assert refused({"policy": {"requireTls": False}}, own=OwnAccess(tls=False)) == ()


@pytest.mark.parametrize(
    ("principal", "public"),
    [
        ("*", True),
        ("**", True),
        ("?*", True),
        ("arn:aws:iam::*:root", True),
        ("arn:aws:iam:::*", True),
        ("arn:aws:iam::111111111111:root", False),
        ("111111111111", False),
        ("arn:aws:iam::111111111111:user/a*", False),
        ("Service:logging.s3.amazonaws.com", False),
    ],
)
def test_the_public_has_many_names(principal: str, *, public: bool) -> None:
    assert is_public(principal) is public


@pytest.mark.parametrize(
    ("value", "pattern", "fits"),
    [
        ("abc", "abc", True),
        ("abcd", "abc", False),
        ("abc", "ab*", True),
        ("ab", "ab*", True),
        ("xab", "ab*", False),
        ("abc", "*", True),
        ("ab*c", "a*c", False),
    ],
)
def test_a_star_at_the_end_of_a_key_stands_for_the_rest(value: str, pattern: str, *, fits: bool) -> None:
    spec = {"encryption": {"algorithm": "SSE-KMS", "keyId": value}}
    assert (refused(spec, allowedKmsKeys=["other", pattern]) == ()) is fits


def selecting(**namespaces: Any) -> StorageBackendSpec:
    said = backend_spec(adoptionGrants=[{"namespace": "press", "bucketName": "old"}]).to_json()
    return StorageBackendSpec.model_validate(said | {"namespaces": namespaces})


def test_a_namespace_is_allowed_by_name_or_by_all_of_the_labels() -> None:
    labels = {"images": "yes", "tier": "1"}
    by_labels = selecting(selector={"matchLabels": labels})
    assert allowed_namespace(by_labels, "shop", labels | {"more": "x"})
    assert not allowed_namespace(by_labels, "shop", {"images": "yes"})
    assert not allowed_namespace(by_labels, "shop", {"images": "yes", "tier": "2"})
    both = selecting(names=["shop"], selector={"matchLabels": labels})
    assert allowed_namespace(both, "shop", {})
    assert not allowed_namespace(both, "press", {})
    nothing = StorageBackendSpec.model_validate(
        {k: v for k, v in backend_spec().to_json().items() if k != "namespaces"}
    )
    assert not allowed_namespace(nothing, "shop", labels)


@pytest.mark.parametrize(
    ("namespace", "bucket", "may"),
    [("press", "old", True), ("press", "other", False), ("shop", "old", False), ("press", "press--x", True)],
)
def test_a_grant_is_for_one_bucket_of_one_namespace(namespace: str, bucket: str, *, may: bool) -> None:
    spec = selecting(names=["shop", "press"])
    assert eligible(spec, namespace, {}, bucket) is may
    assert granted(spec, namespace, bucket) is (may and bucket == "old")
    assert not eligible(selecting(names=["others"]), namespace, {}, bucket)
