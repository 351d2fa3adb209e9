"""Destinations of replication: another backend's ImageBucket, and why its store may not be reached. Nothing is sent."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.replicating import ReplicationPeer
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.client import Keys
from imagestore.backends.s3.connecting import connect_with_keys
from imagestore.facets.replication import Replication, ReplicationRule
from imagestore.reconcile.bucket.desired import desired_of, directed
from imagestore.reconcile.bucket.situation import BucketSituation, Referenced
from imagestore.reconcile.replication.native import native_contribution, native_refusal
from imagestore.reconcile.shared.contribution import NOT_UNDERSTOOD, Contribution
from imagestore.reconcile.shared.situation import Store
from tests.reconcile.replicated import end
from tests.reconcile.world import World, backend_spec

Making = Callable[
    [], Store
]  # in the test that needs it: a collection that connected fifteen took a second longer

KEYS = Keys("access", "a-secret-that-nobody-may-read")
RULE: dict[str, Any] = {"name": "all", "destination": {"bucketRef": {"name": "copies"}}}
ROLE = "arn:aws:iam::123456789012:role/replication"


def store(name: str, provider: str = "MinIO", *, handed: bool = True, role: str = "") -> Store:
    """A StorageBackend, connected: nothing is sent before it is asked for something."""
    spec: dict[str, Any] = {
        "provider": provider,
        "s3": {
            "region": "eu-west-1",
            **({} if provider == "AWS" else {"endpoint": f"https://{name}.example"}),
        },
        "credentials": {"ambient": {}},
        **(
            {"admin": {"endpoint": f"https://{name}.example", "credentials": {"ambient": {}}}}
            if provider == "MinIO"
            else {}
        ),
        **({"replication": {"role": role}} if role else {}),
    }
    said = StorageBackendSpec.model_validate(spec)
    more: dict[str, Any] = {"replication_keys": KEYS} if handed else {}
    return Store(said, connect_with_keys(name, said, KEYS, **more))


def situation(
    source: Store,
    target: Store,
    *contributions: Contribution,
    rule: dict[str, Any] | None = RULE,
    **other: Any,
) -> BucketSituation:
    """An ImageBucket whose rule names ``copies``."""
    said: dict[str, Any] = {
        "versioning": {"state": "Enabled"},
        **({"replication": {"rules": [rule]}} if rule else {}),
    }
    world = World().apply(**said)
    assert source.spec is not None
    spec = backend_spec().model_copy(update={"provider": source.spec.provider})
    copies = Referenced(
        **{"backend": "cold", "bucket": "shop--copies", "made": True, "store": lambda: target, **other}
    )
    made = world.situation()
    here = replace(source, spec=spec)
    return replace(made, store=here, referenced={"copies": copies}, contributions=contributions)


def refused(s: BucketSituation) -> str:
    """Why replication is withheld."""
    assert "replication" not in desired_of(s).values
    [refusal] = [r for r in desired_of(s).unresolved if r.facet == "replication"]
    return f"{refusal.reason}: {refusal.message}"


def test_a_rule_leads_to_the_bucket_in_the_other_store() -> None:
    s = situation(store("warm"), store("cold"))
    [rule] = desired_of(s).values["replication"].to_json()["rules"]
    assert rule["destination"]["bucketRef"] == {
        "bucket": "shop--copies",
        "store": "cold",
        "access": "Current",
    }
    assert s.store.backend is not None
    backend = directed(s, s.store.backend)
    assert isinstance(backend, S3Backend)
    assert backend.peers == {
        "copies": ReplicationPeer("cold", "shop--copies", "MinIO", "https://cold.example", KEYS)
    }
    assert KEYS.secret_access_key not in repr(backend.peers)


def test_a_bucket_without_replication_connects_no_other_store() -> None:
    def never() -> Store:
        raise AssertionError("connected")

    s = situation(store("warm"), store("cold"), rule=None, store=never)
    assert s.store.backend is not None
    assert directed(s, s.store.backend) is s.store.backend
    assert "replication" not in desired_of(s).values


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        (partial(store, "warm"), partial(store, "cold", handed=False), "no store may write to the StorageBackend cold: spec.replication has no credentials"),
        (partial(store, "warm"), partial(store, "cold", "Ceph"), "MinIO replicates to MinIO only, and the StorageBackend cold is Ceph"),
        (partial(store, "warm"), Store, "the StorageBackend cold cannot be used: there is none of this name"),
        (partial(store, "warm", "AWS"), partial(store, "cold", "AWS"), "set spec.replication.role of the StorageBackend warm"),
    ],
)  # fmt: skip
def test_a_store_that_cannot_be_reached_is_named_with_what_to_do(
    source: Making, target: Making, words: str
) -> None:
    assert f"DestinationUnsuitable: replication.rules[name=all].destination.bucketRef: {words}" in refused(
        situation(source(), target())
    )


def test_a_store_without_replication_is_told_as_unsupported_rather_than_waiting() -> None:
    s = situation(store("warm", "Ceph"), store("cold", "Ceph"))
    assert "replication" in desired_of(s).values


def test_amazon_needs_a_role_and_no_credentials() -> None:
    s = situation(store("warm", "AWS", role=ROLE), store("cold", "AWS", handed=False))
    assert "replication" in desired_of(s).values


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (
            {"made": False},
            "ReferenceNotReady: replication.rules[name=all].destination.bucketRef: waits for the bucket",
        ),
        ({"deleting": True}, "ReferenceDeleting"),
        ({"backend": "memory", "bucket": "shop--photos"}, "ReferenceToItself"),
    ],
)
def test_a_bucket_that_is_not_there_is_waited_for(other: dict[str, Any], words: str) -> None:
    assert words in refused(situation(store("warm"), store("cold"), **other))


def test_two_buckets_may_replicate_to_each_other() -> None:
    s = situation(store("warm"), store("cold"), references=(("replication", "photos"),))
    assert "replication" in desired_of(s).values


def test_what_a_policy_contributes_is_followed_as_if_it_were_the_buckets_own() -> None:
    given = native_contribution(
        "offsite", [ReplicationRule.model_validate({**RULE, "deleteMarkers": True})], "1"
    )
    s = situation(store("warm"), store("cold"), given, rule=None)
    [rule] = desired_of(s).values["replication"].to_json()["rules"]
    assert rule["name"] == "offsite/all"
    assert rule["destination"]["bucketRef"]["bucket"] == "shop--copies"
    both = situation(store("warm"), store("cold"), given)
    assert desired_of(both).values["replication"].parts() == frozenset({"all", "offsite/all"})


def test_what_is_not_understood_of_a_policy_leaves_all_as_it_is() -> None:
    s = situation(store("warm"), store("cold"), native_contribution("offsite", None, "1"))
    assert "replication" not in desired_of(s).values
    [refusal] = desired_of(s).unresolved
    assert NOT_UNDERSTOOD in refusal.message


@pytest.mark.parametrize(
    ("source", "target", "rule", "words"),
    [
        (partial(store, "warm"), partial(store, "cold"), {}, ""),
        (partial(store, "warm"), partial(store, "cold", handed=False), {}, "no store may write to the StorageBackend cold"),
        (partial(store, "warm", "SeaweedFS"), partial(store, "cold"), {}, "the StorageBackend warm does not have replication"),
        (partial(store, "warm", "AWS", role=ROLE), partial(store, "cold", "AWS"), {"permanentDeletes": True}, "the StorageBackend warm would lose rules[name=all].permanentDeletes"),
    ],
)  # fmt: skip
def test_a_policy_is_told_why_two_stores_cannot_do_it_themselves(
    source: Making, target: Making, rule: dict[str, Any], words: str
) -> None:
    wanted = Replication.model_validate({"rules": [{**RULE, **rule}]})
    here, there = source(), target()
    assert here.backend is not None
    assert there.backend is not None
    told = native_refusal(here.backend, there.backend, "shop--copies", wanted)
    assert words in told if words else told == ""


def test_a_store_that_cannot_be_used_has_no_class_for_a_tier() -> None:
    without = replace(end("dr"), store=Store(trouble="Secret eu is missing"))
    assert (without.class_of("Archive"), without.class_of(None)) == (None, None)
