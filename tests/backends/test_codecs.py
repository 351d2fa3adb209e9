"""Codecs against what the real servers answered (see record.py), and against what only people write."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.profiles.servers import PROFILES
from imagestore.backends.s3.protection import encryption, policy
from imagestore.backends.s3.reporting import logging
from imagestore.backends.s3.serving import tags
from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import S3Setting
from imagestore.backends.s3.settings.table import SETTINGS
from imagestore.core.diff import diff
from imagestore.core.errors import Rejected, StoreError, Unrepresentable
from imagestore.facets.policy import BucketPolicy
from imagestore.facets.quota import Quota
from imagestore.facets.tags import Tags
from tests.backends.answers import answered
from tests.contract.destinations import RECEIVING, ROLE
from tests.contract.pruning import without
from tests.contract.samples import SAMPLES
from tests.contract.stores import TIERS

RECORDED = {
    p.stem: json.loads(p.read_text()) for p in sorted(Path(__file__).with_name("recorded").glob("*.json"))
}
ROWS = {row.facet: row for row in SETTINGS}
AT = BucketPlace("recorded", tiers=TIERS["AWS"], role=ROLE, stores={RECEIVING: "behind"})
PROVIDERS = {"aws": "AWS", "minio": "MinIO", "ceph": "Ceph", "seaweedfs": "SeaweedFS"}

# What a store keeps otherwise than it was written; the drivers refuse to write it there (contract suite).
LOSSY = {
    ("aws", "lifecycle", "sizes"), ("aws", "lifecycle", "keep-newest"), ("aws", "lifecycle", "full"),
    ("ceph", "lifecycle", "sizes"), ("ceph", "lifecycle", "keep-newest"), ("ceph", "lifecycle", "full"),
    ("minio", "lifecycle", "full"), ("minio", "encryption", "bucket-key"),
    ("aws", "notifications", "full"),
    ("minio", "replication", "amazon"),
    ("ceph", "lifecycle", "old-moves-but-few"), ("minio", "lifecycle", "old-moves-but-few"),
}  # fmt: skip

CASES = [
    (store, facet, sample)
    for store, facets in RECORDED.items()
    for facet, answers in facets.items()
    for sample in answers
]


@pytest.mark.parametrize(("store", "facet", "sample"), CASES)
def test_a_recorded_answer_is_what_was_written(store: str, facet: str, sample: str) -> None:
    answer, row = RECORDED[store][facet][sample], ROWS[facet]
    if "refused" in answer or answer.get("error") == "AccessDenied":
        return  # a store's own refusal, or SeaweedFS carrying a Deny without TLS out against ourselves
    if "error" in answer:
        assert sample == "absent"
        assert answer["error"] in row.absent
        return
    have = row.decode(answer, replace(AT, tiers=TIERS[PROVIDERS[store]]))
    if sample == "absent":
        assert have in (None, row.cleared)
    else:
        assert have is not None
        differs = diff(facet, have.canonical(), SAMPLES[facet][sample].canonical())
        assert bool(differs) == ((store, facet, sample) in LOSSY), differs


@pytest.mark.parametrize("facet", [f for f in SAMPLES if ROWS[f].write])
def test_what_is_encoded_is_decoded(facet: str) -> None:
    row = ROWS[facet]
    for whole in SAMPLES[facet].values():
        # The usual row is Amazon's; the driver refuses what that loses.
        sample = without(whole, PROFILES["AWS"].support[facet].lost)
        body = answered(row, sample, AT)
        have = row.decode(body, AT)
        assert have is not None
        assert not diff(facet, have.canonical(), sample.canonical())


def test_every_store_was_recorded() -> None:
    assert sorted(RECORDED) == ["aws", "ceph", "minio", "seaweedfs"]
    assert all(set(SAMPLES[f]) | {"absent"} == set(a) for r in RECORDED.values() for f, a in r.items())


def document(*statements: dict[str, Any], version: str = "2012-10-17") -> dict[str, str]:
    return {"Policy": json.dumps({"Version": version, "Statement": list(statements)})}


PLAIN = {
    "Sid": "a",
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::recorded/*",
}


def decoded(*statements: dict[str, Any]) -> Any:
    found = policy.decode(document(*statements), AT)
    assert found is not None
    return found


def test_a_scalar_is_a_list_and_a_star_is_everybody() -> None:
    lists = {**PLAIN, "Principal": {"AWS": ["*"]}, "Action": ["s3:GetObject"]}
    assert not diff("policy", decoded(PLAIN).canonical(), decoded(lists).canonical())


def test_an_account_is_its_root_user() -> None:
    long = {**PLAIN, "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}
    short = {**PLAIN, "Principal": {"AWS": "123456789012"}}
    assert not diff("policy", decoded(long).canonical(), decoded(short).canonical())


@pytest.mark.parametrize(
    "more",
    [
        {"NotAction": "s3:PutObject", "Action": None},
        {"NotPrincipal": {"AWS": "123456789012"}, "Principal": None},
        {"NotResource": "arn:aws:s3:::recorded/x", "Resource": None},
        {"Principal": {"Service": "cloudtrail.amazonaws.com"}},
        {"Resource": ["arn:aws:s3:::recorded*", "arn:aws:s3:::other/*"]},
        {"Condition": {"Bool": {"aws:SecureTransport": False}, "NumericLessThan": {"s3:max-keys": 10}}},
        {"Sid": None},
    ],
)
def test_what_no_statement_can_say_goes_back_verbatim_and_differs(more: dict[str, Any]) -> None:
    raw = {k: v for k, v in {**PLAIN, **more}.items() if v is not None}
    found = decoded(raw)
    back = json.loads(policy.encode(found, AT)["Policy"])
    assert back["Statement"] == [raw]
    assert diff("policy", decoded(PLAIN), found)


def test_statements_without_a_name_are_told_apart_and_keep_theirs() -> None:
    nameless = {k: v for k, v in PLAIN.items() if k != "Sid"}
    found = decoded(nameless, {**nameless, "Effect": "Deny"}, PLAIN, {**PLAIN, "Effect": "Deny"})
    assert len({s.sid for s in found.statements}) == 4
    assert found == decoded(nameless, {**nameless, "Effect": "Deny"}, PLAIN, {**PLAIN, "Effect": "Deny"})
    assert len(json.loads(policy.encode(found, AT)["Policy"])["Statement"]) == 4


def test_a_service_is_read_and_written_as_amazon_documents_it() -> None:
    raw = {
        **PLAIN, "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::recorded/logs/*",
    }  # fmt: skip
    wish = {
        "sid": "a", "effect": "Allow", "principals": ["Service:logging.s3.amazonaws.com", "123456789012"],
        "actions": ["s3:PutObject"], "resources": ["logs/*"],
    }  # fmt: skip
    both = BucketPolicy.model_validate({"statements": [wish]})
    (sent,) = json.loads(policy.encode(both, AT)["Policy"])["Statement"]
    assert sent["Principal"] == {"Service": ["logging.s3.amazonaws.com"], "AWS": ["123456789012"]}
    assert not diff("policy", decoded(sent).canonical(), both.canonical())
    alone = BucketPolicy.model_validate({"statements": [{**wish, "principals": wish["principals"][:1]}]})
    assert not diff("policy", decoded(raw).canonical(), alone.canonical())


LOGGED = {"TargetBucket": "shop--audit", "TargetPrefix": "photos/"}


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({}, "Simple"),
        ({"TargetObjectKeyFormat": {"SimplePrefix": {}}}, "Simple"),
        ({"TargetObjectKeyFormat": {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}}, "EventTime"),
    ],
)
def test_spellings_of_the_keys_of_logs(more: dict[str, Any], says: str) -> None:
    assert logging.decode({"LoggingEnabled": {**LOGGED, **more}}, AT).key_format == says


def test_whom_else_the_logs_are_given_to_stays() -> None:
    grants = [{"Grantee": {"Type": "CanonicalUser", "ID": "them"}, "Permission": "READ"}]
    sent: list[dict[str, Any]] = []

    def store(operation: str, parameters: Any) -> dict[str, Any]:
        if operation.startswith("Put"):
            sent.append(parameters["BucketLoggingStatus"])
        return {"LoggingEnabled": {**LOGGED, "TargetGrants": grants}}

    driver: S3Setting[Any] = S3Setting(logging.LOGGING, store)
    driver.write("b", SAMPLES["logging"]["full"], driver.read("b"))
    assert sent[0]["LoggingEnabled"]["TargetGrants"] == grants
    driver.clear("b", driver.read("b"))
    assert sent[1] == {}, "and goes with the logs"


def test_an_inventory_that_no_model_can_say_is_shown_by_its_name_only() -> None:
    document = answered(ROWS["inventory"], SAMPLES["inventory"]["full"], AT)
    odd = {**document["InventoryConfigurationList"][0], "Id": "odd", "Schedule": {"Frequency": "Hourly"}}
    found = ROWS["inventory"].decode({"InventoryConfigurationList": [odd]}, AT)
    assert found is not None
    assert found.parts() == {"!odd"}


def test_an_inventory_goes_into_the_partition_of_its_bucket() -> None:
    one = SAMPLES["inventory"]["one"]
    sent = ROWS["inventory"].encode(one, BucketPlace("b", "aws-cn"))
    destination = sent["InventoryConfiguration"]["Destination"]["S3BucketDestination"]
    assert destination["Bucket"] == "arn:aws-cn:s3:::shop--audit"


def test_an_old_policy_with_variables_is_not_touched() -> None:
    old = document({**PLAIN, "Resource": "arn:aws:s3:::recorded/${aws:username}/*"}, version="2008-10-17")
    with pytest.raises(ValueError, match="meaning"):
        policy.decode(old, AT)


def test_more_tags_than_a_spec_may_list_survive() -> None:
    many = {"TagSet": [{"Key": f"k{i}", "Value": "v"} for i in range(60)]}
    found = tags.decode(many, AT)
    assert found is not None
    assert len(tags.encode(found, AT)["Tagging"]["TagSet"]) == 60


def test_what_cannot_be_represented_says_what() -> None:
    algorithm = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms:dsse"}}
    answer: dict[str, Any] = {"ServerSideEncryptionConfiguration": {"Rules": [algorithm]}}
    driver = S3Setting(encryption.ENCRYPTION, lambda *_: answer)
    with pytest.raises(Unrepresentable, match="aws:kms:dsse"):
        driver.read("b")


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.facet)
@pytest.mark.parametrize("nonsense", [{}, {"Rules": [{}]}, {"Rules": 3}, {"Policy": "{"}, {"TagSet": [{}]}])
def test_no_answer_makes_anything_but_a_store_error(row: Any, nonsense: dict[str, Any]) -> None:
    try:
        S3Setting(row, lambda *_: nonsense).read("b")
    except StoreError:
        return


def test_what_a_store_refuses_without_a_word_is_told_with_what_is_known_of_it() -> None:
    def minio(operation: str, _parameters: Any) -> dict[str, Any]:
        if operation.startswith("Put"):
            raise Rejected("PutBucketTagging: 400 MalformedXML", code="MalformedXML")
        return {}

    backend = S3Backend("eu", "MinIO", "https://store.example", "here", minio)
    with pytest.raises(Rejected, match=r"keys and values take ASCII letters, digits .* correct the spec"):
        backend.drivers["tags"].write("b", Tags(values={"größe": "x"}), None)


def test_a_quota_of_nothing_is_refused_rather_than_lifted() -> None:
    for hard in ("0", "0Gi", "0.5"):
        with pytest.raises(Rejected, match="no quota"):
            ROWS["quota"].encode(Quota(hard=hard), AT)
