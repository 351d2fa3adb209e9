"""Replication on moto, over the wire: one document and one role for the rules of all."""

from typing import Any

import pytest

from dev.stores import Store
from imagestore.core.errors import Rejected
from imagestore.facets.replication import Replication
from tests.contract.destinations import RECEIVING, ROLE, replicating
from tests.contract.stores import LIVE, connected

pytestmark = pytest.mark.skipif(LIVE is not None, reason="of moto")
THEIRS: dict[str, Any] = {
    "ID": "by-hand",
    "Priority": 7,
    "Status": "Enabled",
    "Filter": {"Prefix": "audit/"},
    "DeleteMarkerReplication": {"Status": "Disabled"},
    "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
    "Destination": {
        "Bucket": f"arn:aws:s3:::{RECEIVING}",
        "EncryptionConfiguration": {"ReplicaKmsKeyID": "arn:aws:kms:us-east-1:123456789012:key/k"},
    },
}


def bucket_with(store: Store, name: str, role: str) -> Any:
    """A bucket with a rule that another program made."""
    s3 = store.s3()
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_replication(Bucket=name, ReplicationConfiguration={"Role": role, "Rules": [THEIRS]})
    return s3


def wanted(held: Any) -> Replication:
    """Ours on top of what is there."""
    to = {"bucketRef": {"bucket": RECEIVING, "store": "behind", "access": "Current"}}
    ours = Replication.model_validate({"rules": [{"name": "all", "destination": to, "deleteMarkers": True}]})
    return ours.merge(held, {"all"})


def test_a_rule_of_another_program_stays_as_it_is(aws_store: Store) -> None:
    backend = replicating(aws_store, connected(aws_store))
    s3 = bucket_with(aws_store, "replication-theirs", ROLE)
    driver = backend.drivers["replication"]
    held = driver.read("replication-theirs")
    assert held is not None
    assert held.parts() == frozenset({"foreign/by-hand"}), "a KMS key is nothing that a rule of ours says"
    before = s3.get_bucket_replication(Bucket="replication-theirs")["ReplicationConfiguration"]["Rules"]
    driver.write("replication-theirs", wanted(held), held)
    after = s3.get_bucket_replication(Bucket="replication-theirs")["ReplicationConfiguration"]
    assert after["Role"] == ROLE
    assert [r for r in after["Rules"] if r["ID"] == "by-hand"] == before
    assert [r["ID"] for r in after["Rules"] if r["ID"] != "by-hand"] == ["imagestore/bucket/all"]
    driver.clear("replication-theirs", wanted(None))
    assert (
        s3.get_bucket_replication(Bucket="replication-theirs")["ReplicationConfiguration"]["Rules"] == before
    )


def test_rules_under_another_role_are_never_given_ours(aws_store: Store) -> None:
    theirs = "arn:aws:iam::123456789012:role/another"
    backend = replicating(aws_store, connected(aws_store))
    s3 = bucket_with(aws_store, "replication-role", theirs)
    driver = backend.drivers["replication"]
    held = driver.read("replication-role")
    with pytest.raises(Rejected, match=r"set spec\.replication\.role of the StorageBackend to it"):
        driver.write("replication-role", wanted(held), held)
    after = s3.get_bucket_replication(Bucket="replication-role")["ReplicationConfiguration"]
    assert (after["Role"], [r["ID"] for r in after["Rules"]]) == (theirs, ["by-hand"])


def test_another_role_is_a_difference_that_a_write_corrects(aws_store: Store) -> None:
    backend = replicating(aws_store, connected(aws_store))
    s3 = aws_store.s3()
    s3.create_bucket(Bucket="replication-drift")
    s3.put_bucket_versioning(Bucket="replication-drift", VersioningConfiguration={"Status": "Enabled"})
    driver = backend.drivers["replication"]
    driver.write("replication-drift", wanted(None), None)
    changed = s3.get_bucket_replication(Bucket="replication-drift")["ReplicationConfiguration"]
    changed["Role"] = "arn:aws:iam::123456789012:role/another"
    s3.put_bucket_replication(Bucket="replication-drift", ReplicationConfiguration=changed)
    seen = driver.read("replication-drift")
    assert seen is not None
    assert [r["destination"]["bucketRef"]["access"] for r in seen.to_json()["rules"]] == ["Stale"]
    driver.write("replication-drift", wanted(None), seen)
    assert s3.get_bucket_replication(Bucket="replication-drift")["ReplicationConfiguration"]["Role"] == ROLE
    [state] = backend.replicator.state("replication-drift")
    assert (state.store, state.bucket, state.rules, state.failed_objects) == (
        "behind",
        RECEIVING,
        ("all",),
        None,
    )
