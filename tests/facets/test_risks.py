"""What needs a person's consent, and what must not ask for it. Each case says why."""

from dataclasses import dataclass
from typing import Any

import pytest

from imagestore.api.imagebucket import FACETS


@dataclass(frozen=True)
class Case:
    facet: str
    before: Any
    after: Any
    risky: bool
    why: str


OLD_RULE = {"name": "a", "expire": {"days": 30}}
COPIED = {"rules": [{"name": "a", "destination": {"bucketRef": {"name": "copies"}}}]}
TOLD = {"queues": [{"name": "a", "arn": "arn:minio:sqs::A:webhook", "events": ["s3:ObjectCreated:*"]}]}
DENY = {"sid": "d", "effect": "Deny", "principals": ["*"], "actions": ["s3:DeleteObject"], "resources": ["*"]}

CASES = [
    Case("replication", None, COPIED, False, "copies are made, nothing is deleted here"),
    Case("replication", COPIED, {"rules": []}, False, "the copies stay"),
    Case(
        "versioning",
        {"state": "Enabled"},
        {"state": "Suspended"},
        True,
        "deleted objects could not be brought back",
    ),
    Case("versioning", {"state": "Suspended"}, {"state": "Enabled"}, False, "more is kept than before"),
    Case("versioning", None, {"state": "Suspended"}, False, "nothing was kept before either"),
    Case("objectLock", None, {}, True, "a lock can never be switched off again"),
    Case(
        "objectLock", {}, {"mode": "Governance", "days": 3}, False, "whoever has the permission can lift it"
    ),
    Case("objectLock", {}, {"mode": "Compliance", "days": 3}, True, "nobody can lift it, not even the owner"),
    Case(
        "objectLock",
        {"mode": "Governance", "days": 9},
        {"mode": "Governance", "days": 3},
        True,
        "less is protected",
    ),
    Case(
        "objectLock",
        {"mode": "Compliance", "days": 9},
        {"mode": "Governance", "days": 9},
        True,
        "a weaker mode",
    ),
    Case(
        "objectLock",
        {"mode": "Governance", "days": 365},
        {"mode": "Governance", "years": 1},
        False,
        "the same length",
    ),
    Case(
        "objectLock",
        {"mode": "Governance", "days": 9},
        {},
        False,
        "presence alone has no opinion on the default",
    ),
    Case(
        "encryption",
        {"algorithm": "SSE-KMS", "keyId": "k"},
        {"algorithm": "SSE-S3"},
        True,
        "the key protects no more",
    ),
    Case(
        "encryption",
        {"algorithm": "SSE-S3"},
        {"algorithm": "SSE-KMS", "keyId": "k"},
        False,
        "stronger than before",
    ),
    Case(
        "encryption",
        {"algorithm": "SSE-KMS", "keyId": "k1"},
        {"algorithm": "SSE-KMS", "keyId": "k2"},
        True,
        "whoever may use the one key need not be allowed the other",
    ),
    Case(
        "encryption",
        {"algorithm": "SSE-KMS", "keyId": "k1"},
        {"algorithm": "SSE-KMS", "keyId": "arn:aws:kms:eu-west-1:1:key/k1"},
        False,
        "the same key, written in full",
    ),
    Case(
        "encryption",
        {"algorithm": "SSE-KMS", "keyId": "k1", "bucketKey": True},
        {"algorithm": "SSE-KMS", "bucketKey": False},
        False,
        "silence keeps the key, and a bucket key saves calls only",
    ),
    Case("encryption", None, {"algorithm": "SSE-S3"}, False, "stronger than nothing"),
    Case(
        "publicAccessBlock",
        {"blockPublicPolicy": True},
        {"blockPublicPolicy": False},
        True,
        "may become public",
    ),
    Case(
        "publicAccessBlock",
        {"blockPublicPolicy": True},
        {"blockPublicAcls": True},
        False,
        "nothing is switched off",
    ),
    Case("publicAccessBlock", None, {"blockPublicAcls": False}, False, "it was off before"),
    Case("policy", {"statements": [DENY]}, {"statements": []}, True, "what was denied would be allowed"),
    Case(
        "policy",
        {"statements": [DENY]},
        {"statements": [DENY | {"effect": "Allow"}]},
        True,
        "a Deny that turned",
    ),
    Case("policy", {"requireTls": True}, {"requireTls": False}, True, "requests without TLS would be let in"),
    Case("policy", {"requireTls": True}, {}, False, "silence keeps it"),
    Case("policy", {}, {"statements": [DENY]}, False, "more is denied than before"),
    Case("lifecycle", None, {"rules": [OLD_RULE]}, False, "a new rule is what somebody has just written"),
    Case(
        "lifecycle",
        {"rules": [OLD_RULE]},
        {"rules": [{"name": "a", "expire": {"days": 9}}]},
        True,
        "removes sooner",
    ),
    Case(
        "lifecycle",
        {"rules": [OLD_RULE]},
        {"rules": [{"name": "a", "expire": {"days": 99}}]},
        False,
        "keeps longer",
    ),
    Case(
        "lifecycle",
        {"rules": [OLD_RULE | {"match": {"prefix": "tmp/"}}]},
        {"rules": [OLD_RULE]},
        True,
        "it would remove objects outside tmp/",
    ),
    Case(
        "lifecycle",
        {"rules": [OLD_RULE | {"state": "Disabled"}]},
        {"rules": [OLD_RULE]},
        True,
        "what was switched off would remove everything that has come due meanwhile",
    ),
    Case(
        "lifecycle",
        {"rules": [OLD_RULE]},
        {"rules": [OLD_RULE | {"state": "Disabled"}]},
        False,
        "removes nothing",
    ),
    Case(
        "lifecycle",
        {"rules": [{"name": "a", "noncurrent": {"expire": {"days": 9, "keepNewest": 3}}}]},
        {"rules": [{"name": "a", "noncurrent": {"expire": {"days": 9}}}]},
        True,
        "the newest old versions would go too",
    ),
    Case("lifecycle", {"rules": [OLD_RULE]}, {"rules": []}, False, "a rule that is gone removes nothing"),
    Case(
        "cors",
        {"rules": []},
        {"rules": [{"allowedOrigins": ["*"], "allowedMethods": ["GET"]}]},
        False,
        "no data is lost",
    ),
    Case("tags", {"a": "b"}, {"a": "c"}, False, "no data is lost"),
    Case("quota", {"hard": "2Gi"}, {"hard": "1Gi"}, False, "writes are refused, nothing is lost"),
    Case(
        "ownership",
        {"objectOwnership": "BucketOwnerEnforced"},
        {"objectOwnership": "ObjectWriter"},
        True,
        "old ACLs would count again",
    ),
    Case(
        "ownership",
        {"objectOwnership": "ObjectWriter"},
        {"objectOwnership": "BucketOwnerEnforced"},
        False,
        "ACLs count no more",
    ),
    Case(
        "ownership",
        {"objectOwnership": "ObjectWriter"},
        {"objectOwnership": "BucketOwnerPreferred"},
        False,
        "ACLs counted before",
    ),
    Case(
        "requestPayment",
        {"payer": "Requester"},
        {"payer": "BucketOwner"},
        True,
        "what is public would be open without an account",
    ),
    Case(
        "requestPayment", {"payer": "BucketOwner"}, {"payer": "Requester"}, False, "fewer get in than before"
    ),
    Case(
        "transferAcceleration",
        {"state": "Enabled"},
        {"state": "Suspended"},
        False,
        "the usual endpoint stays",
    ),
    Case(
        "website",
        {"indexDocument": "a.html"},
        {"indexDocument": "b.html"},
        False,
        "who may read is said by the policy",
    ),
    Case("intelligentTiering", None, {"configurations": []}, False, "nothing is lost"),
    Case("requestMetrics", None, {"configurations": []}, False, "nothing is lost"),
    Case("storageClassAnalysis", None, {"configurations": []}, False, "nothing is lost"),
    Case(
        "logging",
        {"targetBucketRef": {"bucket": "a"}},
        {"targetBucketRef": {"bucket": "b"}},
        False,
        "what was written stays where it is",
    ),
    Case("inventory", None, {"configurations": []}, False, "nothing is lost"),
    Case("notifications", TOLD, {"queues": []}, False, "nobody is told any more, and nothing is lost"),
    Case("acl", None, {"grants": []}, False, "it is never written"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.facet}: {c.why}")
def test_risk(case: Case) -> None:
    kind = FACETS[case.facet]
    before = None if case.before is None else kind.model_validate(case.before).canonical()
    after = kind.model_validate(case.after).canonical()
    assert bool(after.risk(before)) is case.risky


def test_every_facet_has_a_case() -> None:
    assert {c.facet for c in CASES} == set(FACETS)
