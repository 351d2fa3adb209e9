"""Attempts to pass each limit of a backend's tenancy. None of them costs a call to the store."""

from typing import Any

import pytest

from imagestore.reconcile.shared.tenancy import name_fits
from tests.reconcile.test_lifecycle_of_a_bucket import ON, made
from tests.reconcile.world import World, backend_spec

DENY: dict[str, Any] = {"sid": "d", "effect": "Deny", "principals": ["*"], "resources": ["."]}
LISTS: dict[str, Any] = {
    "configurations": [
        {
            "name": "nightly", "schedule": "Daily", "includedVersions": "All",
            "destination": {
                "bucketRef": {"name": "audit"}, "format": "CSV",
                "encryption": {"algorithm": "SSE-KMS", "keyId": "theirs"},
            },
        }
    ]
}  # fmt: skip


def allow(*principals: str) -> dict[str, Any]:
    """A policy that lets these read."""
    statement = {
        "sid": "a", "effect": "Allow", "principals": principals, "actions": ["s3:GetObject"], "resources": ["*"]
    }  # fmt: skip
    return {"policy": {"statements": [statement]}}


def deny(**changes: Any) -> dict[str, Any]:
    """A policy with one Deny."""
    return {"policy": {"statements": [{**DENY, "actions": ["s3:*"], **changes}]}}


def told(arn: str) -> dict[str, Any]:
    """A notification for this target."""
    return {"notifications": {"queues": [{"name": "a", "arn": arn, "events": ["s3:ObjectCreated:*"]}]}}


REFUSED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("NameNotAllowed", {}, {"bucketName": "press--photos"}),
    ("NameNotAllowed", {}, {"bucketName": "shop-photos"}),
    ("NameNotAllowed", {"bucketNames": "acme-{namespace}--*"}, {"bucketName": "shop--photos"}),
    ("DeletionPolicyNotAllowed", {}, {"deletionPolicy": "DeleteAll"}),
    ("DeletionPolicyNotAllowed", {"deletionPolicies": ["Retain"]}, {"deletionPolicy": "DeleteIfEmpty"}),
    ("PublicNotAllowed", {}, allow("*")),
    ("PublicNotAllowed", {"allowedPrincipals": ["*"]}, allow("*")),
    ("PublicNotAllowed", {}, allow("arn:aws:iam::*:root")),
    ("PrincipalNotAllowed", {}, allow("arn:aws:iam::123456789012:root")),
    ("PrincipalNotAllowed", {"allowedPrincipals": ["arn:aws:iam::1:user/a"]}, allow("arn:aws:iam::1:user/b")),
    ("KeyNotAllowed", {}, {"encryption": {"algorithm": "SSE-KMS", "keyId": "theirs"}}),
    ("KeyNotAllowed", {}, {"inventory": LISTS}),
    ("KeyNotAllowed", {"allowedKmsKeys": ["ours/*"]}, {"inventory": LISTS}),
    ("TargetNotAllowed", {}, told("arn:minio:sqs::SHOP:webhook")),
    ("TargetNotAllowed", {"allowedNotificationTargets": ["arn:minio:sqs::SHOP:*"]}, told("arn:minio:sqs::PRESS:webhook")),
    ("TargetNotAllowed", {"allowedNotificationTargets": ["arn:minio:sqs::SHOP:*"]}, told("arn:minio:sqs:SHOP:PRESS:webhook")),
    ("TargetNotAllowed", {"allowedNotificationTargets": ["arn:*"]}, {"notifications": {"eventBridge": True}}),
    ("LockNotAllowed", {}, {"objectLock": {"mode": "Compliance", "days": 1}}),
    ("LockNotAllowed", {"maxObjectLock": {"mode": "Governance", "days": 30}}, {"objectLock": {"mode": "Governance", "days": 31}}),
    ("LockNotAllowed", {}, {"objectLock": {"mode": "Governance", "years": 100}}),
    ("WouldLockOut", {}, deny()),
    ("WouldLockOut", {}, deny(actions=["s3:Put*"])),
    ("WouldLockOut", {}, deny(actions=["S3:GETBUCKETTAGGING"])),
    ("WouldLockOut", {}, deny(principals=["arn:aws:iam::1:user/operator"])),
    ("WouldLockOut", {}, deny(conditions=[{"operator": "IpAddress", "key": "aws:SourceIp", "values": ["10.0.0.0/8"]}])),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "tenancy", "spec"), REFUSED)
def test_a_limit_holds(reason: str, tenancy: dict[str, Any], spec: dict[str, Any]) -> None:
    world = World(backend_spec=backend_spec(**tenancy)).apply(**spec)
    calls = world.calls(world.settle)
    assert world.ready == ("False", reason)
    assert world.store.buckets == {}
    assert calls in ([], ["Check"]), "no more than the look that finds no bucket"


@pytest.mark.parametrize(
    "spec",
    [
        allow("arn:aws:iam::1:role/cdn-eu"),
        deny(resources=["secret/*"]),
        deny(actions=["s3:GetBucketLogging"]),
        deny(conditions=[{"operator": "Bool", "key": "aws:SecureTransport", "values": ["false"]}]),
        {"objectLock": {"mode": "Governance", "days": 3650}},
        {"encryption": {"algorithm": "SSE-KMS", "keyId": "team/shop/1"}},
        {"policy": {"requireTls": True}},
        allow("Service:logging.s3.amazonaws.com"),
        told("arn:minio:sqs:eu:SHOP:webhook"),
        {"notifications": {"eventBridge": True}},
        {"notifications": {"eventBridge": False}},
    ],
)
def test_what_is_allowed_is_applied(spec: dict[str, Any]) -> None:
    tenancy = {
        "allowedPrincipals": ["arn:aws:iam::1:role/cdn-*", "Service:logging.s3.*"],
        "allowedKmsKeys": ["team/shop/*"],
        "allowedNotificationTargets": ["arn:minio:sqs::SHOP:webhook", "EventBridge"],
    }
    world = World(backend_spec=backend_spec(**tenancy)).apply(**spec).settle()
    assert world.ready == ("True", "InSync")


def test_a_namespace_that_is_not_allowed_causes_no_call() -> None:
    world = World()
    assert world.backend_spec is not None
    for names in ({"names": ["press"]}, {}, {"selector": {"matchLabels": {"images": "yes"}}}):
        spec = world.backend_spec.to_json() | {"namespaces": names}
        world = World(backend_spec=type(world.backend_spec).model_validate(spec)).apply(**ON)
        assert world.calls(world.settle) == []
        assert world.ready == ("False", "NamespaceNotAllowed")
        assert not world.finalized


def test_the_count_is_limited() -> None:
    world = World(backend_spec=backend_spec(maxBuckets=2), earlier=2).apply(**ON)
    assert world.calls(world.settle) == []
    assert world.ready == ("False", "TooManyBuckets")


def test_a_tightened_tenancy_withholds_one_setting_and_keeps_the_rest() -> None:
    world = World(backend_spec=backend_spec(allowPublic=True)).apply(**ON, **allow("*")).settle()
    assert world.ready == ("True", "InSync")
    world.backend_spec = backend_spec()
    world.edit(tags={"team": "press"}).settle()
    assert world.ready == ("False", "PublicNotAllowed")
    assert world.bucket.tags["team"] == "press"


def test_require_tls_over_http_is_refused() -> None:
    world = World()
    assert world.backend_spec is not None
    http = world.backend_spec.to_json() | {"s3": {"endpoint": "http://store.example", "region": "here"}}
    world = World(backend_spec=type(world.backend_spec).model_validate(http))
    world.apply(policy={"requireTls": True}).settle()
    assert world.ready == ("False", "WouldLockOut")


def test_require_tls_over_http_holds_only_the_policy() -> None:
    world = made()
    assert world.backend_spec is not None
    http = world.backend_spec.to_json() | {"s3": {"endpoint": "http://store.example", "region": "here"}}
    world.backend_spec = type(world.backend_spec).model_validate(http)
    world.edit(policy={"requireTls": True}, tags={"team": "press"}).settle()
    assert world.facet("policy")["reason"] == "WouldLockOut"
    assert world.bucket.tags["team"] == "press"


@pytest.mark.parametrize(
    ("template", "namespace", "bucket", "fitting"),
    [
        ("{namespace}--*", "a", "a--x", True),
        ("{namespace}--*", "a", "a-b--x", False),
        ("{namespace}--*", "a--b", "a--b--x", False),  # else a could take what belongs to a--b
        ("{namespace}--*", "a", "a--b--x", True),
        ("{namespace}--*", "a", "xa--x", False),
        ("acme.{namespace}--*", "a", "acmeXa--x", False),
        ("*", "a", "anything", True),
    ],
)
def test_names_by_template(template: str, namespace: str, bucket: str, *, fitting: bool) -> None:
    assert name_fits(template, namespace, bucket) is fitting


def test_a_refused_key_is_named_by_its_place() -> None:
    world = World().apply(inventory=LISTS).settle()
    ready = world.condition("Ready")
    assert ready is not None
    assert "inventory.configurations[name=nightly].destination.encryption.keyId" in ready.message


def test_a_deny_that_is_added_later_is_withheld() -> None:
    world = made()
    world.edit(**deny()).settle()
    assert world.ready == ("False", "WouldLockOut")
    assert "policy" not in world.bucket.facets
