"""Wrong manifests are refused before anything reaches a store, with words that say the fix."""

import json

import pytest
import yaml

from dev.cluster import Cluster
from tests.crdgen import (
    wrong_backends,
    wrong_backups,
    wrong_buckets,
    wrong_policies,
    wrong_replications,
    wrong_restores,
    wrong_schedules,
)
from tests.crdgen.manifests import SPECS, Wrong, accept, answers, manifest

CASES = [Wrong("ImageBucket", *case) for case in wrong_buckets.WRONG]
CASES += [Wrong("StorageBackend", *case) for case in wrong_backends.WRONG]
CASES += [Wrong("LifecyclePolicy", *case) for case in wrong_policies.WRONG]
CASES += [Wrong("Backup", *case) for case in wrong_backups.WRONG]
CASES += [Wrong("Restore", *case) for case in wrong_restores.WRONG]
CASES += [Wrong("ReplicationPolicy", *case) for case in wrong_replications.WRONG]
CASES += [Wrong("BackupSchedule", *case) for case in wrong_schedules.WRONG]
UNKNOWN = [
    Wrong("ImageBucket", "backendRef: {namespace: other}", 'unknown field "spec.backendRef.namespace"'),
    Wrong("ImageBucket", "endpoint: https://evil.example", 'unknown field "spec.endpoint"'),
    Wrong("ImageBucket", "credentials: {secretRef: {name: a}}", 'unknown field "spec.credentials"'),
    Wrong("ImageBucket", "logging: {targetBucketRef: {bucket: theirs}}", 'field "spec.logging.targetBucketRef.bucket"'),
    Wrong("ImageBucket", "logging: {targetBucketRef: {name: audit, namespace: other}}", 'field "spec.logging.targetBucketRef.namespace"'),
    Wrong("LifecyclePolicy", "bucketSelector: {namespace: b}", 'field "spec.bucketSelector.namespace"'),
    Wrong("StorageBackend", "credentials: {secretRef: {namespace: b}}", 'field "spec.credentials.secretRef.namespace"'),
]  # fmt: skip
# Changes of what never changes: what was, the change, the words.
FROZEN = [
    Wrong("Backup", "kind: Full", "delete it, and create another one"),
    Wrong("ImageBucket", "backendRef: {name: other}", "create a new ImageBucket there"),
    Wrong("ImageBucket", "bucketName: other", "create a new ImageBucket with the other name"),
    Wrong("StorageBackend", "provider: Ceph", "create a new StorageBackend"),
    Wrong("StorageBackend", "s3: {endpoint: 'https://other.example'}", "create a new StorageBackend"),
    Wrong("StorageBackend", "s3: {region: us-east-1}", "create a new StorageBackend"),
    Wrong("StorageBackend", "{provider: AWS, s3: {endpoint: null}}", "endpoint is immutable"),
]


@pytest.fixture(scope="module")
def said(installed: Cluster) -> dict[str, str]:
    """What was said to all of them, asked in one go."""
    return answers(installed, [case.manifest(f"case-{n}") for n, case in enumerate(CASES)])


def test_there_are_many() -> None:
    assert len({case.snippet for case in CASES}) >= 100


@pytest.mark.parametrize(
    ("number", "case"), list(enumerate(CASES)), ids=[f"{c.kind}-{c.snippet[:50]}" for c in CASES]
)
def test_is_refused_with_words(said: dict[str, str], number: int, case: Wrong) -> None:
    name = case.manifest(f"case-{number}")["metadata"]["name"]
    assert case.says in said.get(name, "it was accepted")


@pytest.mark.parametrize("case", UNKNOWN, ids=lambda c: c.snippet)
def test_what_does_not_exist_is_named(installed: Cluster, case: Wrong) -> None:
    text = yaml.safe_dump(case.manifest("unknown"))
    refused = installed.kubectl("create", "--dry-run=server", "-f", "-", input=text, check=False)
    assert case.says in refused.stderr


@pytest.mark.parametrize("case", FROZEN, ids=lambda c: c.snippet)
def test_what_is_fixed_stays(installed: Cluster, case: Wrong) -> None:
    installed.apply(yaml.safe_dump(manifest(case.kind, "frozen")))
    changed = yaml.safe_dump(case.manifest("frozen"))
    refused = installed.kubectl("replace", "--dry-run=server", "-f", "-", input=changed, check=False)
    assert case.says in refused.stderr


def test_an_endpoint_cannot_be_added_later(installed: Cluster) -> None:
    """An AWS backend that is given an endpoint would be another store."""
    amazon = manifest("StorageBackend", "amazon", provider="AWS", s3={"endpoint": None})
    installed.apply(yaml.safe_dump(amazon))
    changed = yaml.safe_dump(manifest("StorageBackend", "amazon", provider="AWS"))
    refused = installed.kubectl("replace", "--dry-run=server", "-f", "-", input=changed, check=False)
    assert "endpoint is immutable" in refused.stderr


def test_a_tag_without_a_value_is_refused(installed: Cluster) -> None:
    """The API server drops a null where none may be: the bucket was Ready without that tag."""
    wrong = manifest("ImageBucket", "null")
    wrong["spec"]["tags"] = {"team": None, "stage": "live"}
    refused = installed.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(wrong), check=False)
    assert "a tag needs a value; write '' for an empty one" in refused.stderr


def test_the_right_ones_are_right(installed: Cluster) -> None:
    """What the mistakes are laid over is accepted: each is refused for its own sake."""
    accept(installed, *(manifest(kind, "right") for kind in SPECS))
