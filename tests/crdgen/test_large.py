"""Rules are cheap enough: the largest object that etcd would hold is judged, not refused for its cost."""

import json
import time
from typing import Any

from dev.cluster import Cluster
from tests.crdgen.manifests import accept, manifest

Json = dict[str, Any]


def rule(number: int) -> Json:
    tags = {f"key-{n}" + "k" * 80: "v" * 200 for n in range(10)}
    match = {"prefix": "p" * 1000, "tags": tags, "minSize": "128Ki", "maxSize": "5Gi"}
    moves = [{"tier": tier, "days": days} for days, tier in enumerate(("Cool", "Cold", "Archive"), 1)]
    return {
        "name": f"rule-{number}",
        "match": match,
        "transitions": moves,
        "expire": {"days": 30},
        "noncurrent": {"transitions": moves, "expire": {"days": 30}},
    }


def statement(number: int) -> Json:
    def many(form: str) -> list[str]:
        return [form.format(n) + "x" * 60 for n in range(32)]

    return {
        "sid": f"s{number}", "effect": "Allow",
        "principals": many("arn:aws:iam::123456789012:user/{}"),
        "actions": [f"s3:Get{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(32)],
        "resources": many("{}/*"),
        "conditions": [{"operator": "StringLike", "key": f"aws:k{n}", "values": ["v"]} for n in range(16)],
    }  # fmt: skip


def cors(number: int) -> Json:
    return {
        "allowedOrigins": [f"https://{number}-{n}.shop.example" + "x" * 60 for n in range(60)],
        "allowedMethods": ["GET", "PUT", "POST", "DELETE", "HEAD"],
        "allowedHeaders": [f"x-amz-{n}" for n in range(60)],
        "exposeHeaders": [f"x-amz-{n}" for n in range(60)],
    }


def listing(number: int) -> Json:
    destination = {"bucketRef": {"name": "a" * 200}, "prefix": "p" * 500, "format": "CSV"}
    return {
        "name": f"list-{number}", "schedule": "Daily", "includedVersions": "All", "destination": destination,
        "filter": {"prefix": "p" * 1000},
    }  # fmt: skip


def large() -> Json:
    return manifest(
        "ImageBucket",
        "large",
        tags={f"k{n}" + "k" * 100: "v" * 200 for n in range(49)},
        drift={"ignore": [f'tags["{n}' + "x" * 480 + '"]' for n in range(64)]},
        lifecycle={"rules": [rule(n) for n in range(100)]},
        policy={"statements": [statement(n) for n in range(100)]},
        cors={"rules": [cors(n) for n in range(30)]},
        inventory={"configurations": [listing(n) for n in range(100)]},
    )


def test_a_large_bucket_is_judged(installed: Cluster) -> None:
    made = large()
    text = json.dumps(made)
    assert len(text) > 1_000_000
    begun = time.monotonic()
    installed.kubectl("create", "-f", "-", input=text)
    assert time.monotonic() - begun < 60
    # An update is the dearest: old and new are held against each other.
    installed.kubectl("patch", "ib", "large", "--type=merge", "-p", '{"spec":{"suspend":true}}')
    installed.kubectl("delete", "ib", "large")


def test_a_large_policy_is_judged(installed: Cluster) -> None:
    refs = [{"name": f"bucket-{n}" + "x" * 200} for n in range(256)]
    made = manifest(
        "LifecyclePolicy", "large", bucketSelector=None, bucketRefs=refs, rules=[rule(n) for n in range(50)]
    )
    accept(installed, made)


def test_a_large_backend_is_judged(installed: Cluster) -> None:
    many = {
        "adoptionGrants": [
            {"namespace": f"n{n}", "bucketName": f"bucket-{n}" + "x" * 40} for n in range(1024)
        ],
        "allowedPrincipals": [f"arn:aws:iam::{n}:user/" + "x" * 1000 + "*" for n in range(256)],
        "allowedKmsKeys": [f"arn:aws:kms::{n}:key/" + "x" * 1000 + "*" for n in range(256)],
        "allowedNotificationTargets": [f"arn:aws:sqs::{n}:" + "x" * 1000 + "*" for n in range(256)],
    }
    made = manifest(
        "StorageBackend", "large", tenancy=many, namespaces={"names": [f"n{n}" for n in range(1024)]}
    )
    accept(installed, made)
