"""Stories of LifecyclePolicies, from kubectl to the store. Each asserts what is in the store afterwards."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from dev.cluster import Cluster
from dev.cluster.api import policy_path
from dev.stores import minio, tiered_minio
from dev.wait import eventually
from imagestore.api.lifecyclepolicy import LifecyclePolicyStatus
from imagestore.core import conditions
from tests.e2e.harness import PATIENCE, Operator, User, backend_manifests, operator

THUMBS = {"name": "thumbs", "match": {"prefix": "thumbs/"}, "expire": {"days": 30}}
TMP = {"name": "tmp", "match": {"prefix": "tmp/"}, "expire": {"days": 1}}


@dataclass(frozen=True)
class Policies:
    """What somebody with kubectl does about policies in a user's namespace."""

    user: User

    def apply(self, policy: str, *rules: dict[str, Any], **spec: Any) -> None:
        """`kubectl apply` of a policy."""
        manifest = {
            "apiVersion": "imagestore.dev/v1alpha1",
            "kind": "LifecyclePolicy",
            "metadata": {"name": policy, "namespace": self.user.namespace},
            "spec": {"rules": list(rules), **spec},
        }
        self.user.cluster.apply(yaml.safe_dump(manifest))

    def delete(self, policy: str) -> None:
        """`kubectl delete`; nothing holds a policy back."""
        self.user.cluster.kubectl("delete", "lcp", policy, "-n", self.user.namespace, "--timeout=60s")

    def label(self, bucket: str, text: str) -> None:
        """`kubectl label` of a bucket."""
        self.user.cluster.kubectl("label", "ib", bucket, "-n", self.user.namespace, "--overwrite", text)

    def get(self, policy: str) -> dict[str, Any]:
        """The policy; every status that is seen obeys the rules of kstatus."""
        found = self.user.cluster.api.get(policy_path(self.user.namespace, policy))
        status = LifecyclePolicyStatus.model_validate(found.get("status") or {})
        if status.conditions:
            generation = found["metadata"]["generation"]
            assert not conditions.violations(status.conditions, generation, status.observed_generation)
        return found

    def await_states(self, policy: str, **states: str) -> list[dict[str, Any]]:
        """The policy's buckets, once they are in these states for its present generation."""

        def there() -> list[dict[str, Any]] | None:
            found = self.get(policy)
            status = found.get("status") or {}
            listed: list[dict[str, Any]] = status.get("buckets", [])
            judged = status.get("observedGeneration") == found["metadata"]["generation"]
            return listed if judged and {b["name"]: b["state"] for b in listed} == states else None

        what = lambda: f"{policy} is {states}; it is {self.get(policy).get('status')}"  # noqa: E731
        return eventually(there, PATIENCE, what) or []

    def await_words(self, policy: str, words: str, **states: str) -> None:
        """Wait for these states and for what the first bucket says: a state may stay while its reason changes."""

        def said() -> str:
            return str(self.await_states(policy, **states)[0].get("message", ""))

        eventually(lambda: words in said(), PATIENCE, lambda: f"{policy} says {words}; it says {said()}")

    def ready(self, policy: str) -> dict[str, Any]:
        """Its Ready condition."""
        listed = self.get(policy)["status"]["conditions"]
        return next(c for c in listed if c["type"] == "Ready")

    def in_store(self, bucket: str) -> dict[str, int]:
        """The rules of a bucket: id to days of expiry."""
        try:
            rules = self.user.s3.get_bucket_lifecycle_configuration(Bucket=self.user.bucket(bucket))["Rules"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchLifecycleConfiguration":
                return {}
            raise
        return {r["ID"]: r["Expiration"]["Days"] for r in rules}


@pytest.fixture
def policies(shop: User) -> Policies:
    return Policies(shop)


def by_label(label: str) -> dict[str, Any]:
    return {"bucketSelector": {"matchLabels": {label: "yes"}}}


def test_a_policy_over_two_buckets_by_label(shop: User, policies: Policies) -> None:
    shop.apply("one")
    shop.apply(
        "two", lifecycle={"rules": [{"name": "own", "match": {"prefix": "own/"}, "expire": {"days": 9}}]}
    )
    shop.ready("one")
    shop.ready("two")
    policies.apply("tidy", THUMBS, **by_label("tidy"))
    eventually(lambda: policies.get("tidy")["status"].get("conditions"), PATIENCE, "a first status")
    assert policies.ready("tidy")["reason"] == "NothingMatches"
    for bucket in ("one", "two"):
        policies.label(bucket, "tidy=yes")
    policies.await_states("tidy", one="Applied", two="Applied")
    assert policies.in_store("one") == {"imagestore/tidy/thumbs": 30}
    assert policies.in_store("two") == {"imagestore/tidy/thumbs": 30, "imagestore/bucket/own": 9}
    assert policies.ready("tidy")["status"] == "True"
    assert policies.get("tidy")["metadata"].get("finalizers") is None
    columns = shop.cluster.kubectl("get", "lcp", "tidy", "-n", "shop").stdout.splitlines()[1].split()
    assert columns[:4] == ["tidy", "True", "2", "2"]

    policies.apply("tidy", {**THUMBS, "expire": {"days": 60}}, TMP, **by_label("tidy"))
    policies.await_states("tidy", one="Applied", two="Applied")
    assert policies.in_store("one") == {"imagestore/tidy/thumbs": 60, "imagestore/tidy/tmp": 1}

    policies.label("one", "tidy=no")
    eventually(lambda: not policies.in_store("one"), PATIENCE, "no longer matched: no rule of it is left")
    policies.await_states("tidy", two="Applied")
    policies.delete("tidy")
    only_own = {"imagestore/bucket/own": 9}
    eventually(lambda: policies.in_store("two") == only_own, PATIENCE, "only its own rule is left")


def test_two_policies_that_contradict_each_other_say_so(shop: User, policies: Policies) -> None:
    shop.apply("torn")
    shop.ready("torn")
    policies.apply("first", TMP, bucketRefs=[{"name": "torn"}])
    policies.await_states("first", torn="Applied")
    policies.apply("second", {"name": "all", "expire": {"days": 365}}, bucketRefs=[{"name": "torn"}])
    policies.await_states("second", torn="Conflict")
    policies.await_states("first", torn="Conflict")
    assert "LifecyclePolicy first" in policies.ready("second")["message"]
    assert "LifecyclePolicy second" in policies.ready("first")["message"]
    assert policies.in_store("torn") == {"imagestore/first/tmp": 1}, "what was in force stays"
    shop.await_event("second", "Conflict")
    policies.apply(
        "second", {"name": "all", "expire": {"days": 365}}, bucketRefs=[{"name": "torn"}], priority=1
    )
    policies.await_states("second", torn="Applied")
    assert policies.in_store("torn") == {"imagestore/second/all": 365}
    policies.await_words("first", "prevails by its priority 1", torn="Conflict")
    policies.delete("second")
    policies.await_states("first", torn="Applied")
    assert policies.in_store("torn") == {"imagestore/first/tmp": 1}


def test_what_a_store_cannot_hold_is_named(shop: User, policies: Policies) -> None:
    """MinIO drops unfinished uploads by a setting of the server, and here it has no tier."""
    shop.apply("limited")
    shop.ready("limited")
    leftovers = {"name": "leftovers", "abortIncompleteMultipartUpload": {"days": 7}}
    cool = {"name": "cool", "transitions": [{"tier": "Cool", "days": 30}]}
    policies.apply("wide", TMP, leftovers, cool, bucketRefs=[{"name": "limited"}])
    only = policies.await_states("wide", limited="Lossy")[0]
    assert only["lost"] == [
        "rules[name=leftovers].abortIncompleteMultipartUpload",
        "rules[name=cool].transitions[tier=Cool].tier",
    ]
    assert "spec.tiers" in only["message"]
    assert policies.in_store("limited") == {}
    policies.apply("wide", TMP, leftovers, bucketRefs=[{"name": "limited"}], onUnsupported="SkipRule")
    rest = {"imagestore/wide/tmp": 1}
    eventually(lambda: policies.in_store("limited") == rest, PATIENCE, "the rest is applied")
    policies.await_words("wide", "skipped", limited="Lossy")


def test_a_rule_changed_behind_our_back_is_drift_of_the_policy(shop: User, policies: Policies) -> None:
    shop.apply("drifting")
    policies.apply("kept", THUMBS, bucketRefs=[{"name": "drifting"}])
    policies.await_states("kept", drifting="Applied")
    changed = {"ID": "imagestore/kept/thumbs", "Status": "Enabled", "Filter": {"Prefix": "thumbs/"}}
    rules = {"Rules": [{**changed, "Expiration": {"Days": 3}}]}

    def meddle() -> None:
        shop.s3.put_bucket_lifecycle_configuration(
            Bucket=shop.bucket("drifting"), LifecycleConfiguration=rules
        )
        assert policies.in_store("drifting") == {"imagestore/kept/thumbs": 3}
        shop.look_now("drifting")

    shop.patch("drifting", mode="Observe")
    shop.ready("drifting")
    meddle()
    shop.await_event("kept", "DriftDetected")
    path = "lifecycle.rules[name=kept/thumbs].expire.days"
    policies.await_words("kept", f"{path} is 3, should be 30", drifting="Pending")
    listed = {c["type"]: c["message"] for c in policies.get("kept")["status"]["conditions"]}
    assert f"drifting: {path}" in listed["DriftDetected"]
    shop.patch("drifting", mode="Enforce")
    eventually(
        lambda: policies.in_store("drifting") == {"imagestore/kept/thumbs": 30}, PATIENCE, "it is put back"
    )
    policies.await_states("kept", drifting="Applied")
    meddle()
    eventually(lambda: policies.in_store("drifting") == {"imagestore/kept/thumbs": 30}, PATIENCE, "and again")
    shop.await_event("drifting", "DriftCorrected")


def test_a_policy_deleted_while_the_store_is_down_is_finished_later(
    shop: User, running: Operator, installed: Cluster, tmp_path: Path
) -> None:
    with minio(tmp_path) as store:
        installed.kubectl("create", "namespace", "outage")
        installed.apply(yaml.safe_dump_all(backend_manifests("outage", store, namespaces=("outage",))))
        user = User(installed, "outage", "outage", store)
        policies = Policies(user)
        user.apply("photos")
        policies.apply("tidy", THUMBS, bucketRefs=[{"name": "photos"}])
        policies.await_states("tidy", photos="Applied")
        assert policies.in_store("photos") == {"imagestore/tidy/thumbs": 30}
        store.stop()
        policies.delete("tidy")
        store.start()
        user.look_now("photos")
        eventually(lambda: policies.in_store("photos") == {}, PATIENCE, "nothing is forgotten")


def test_objects_move_to_the_tier_that_the_backend_names(
    running: Operator, installed: Cluster, tmp_path: Path
) -> None:
    with tiered_minio(tmp_path) as store:
        installed.kubectl("create", "namespace", "tiered")
        manifests = backend_manifests("tiered", store, namespaces=("tiered",))
        installed.apply(yaml.safe_dump_all(manifests))
        user = User(installed, "tiered", "tiered", store)
        policies = Policies(user)
        user.apply("photos")
        moves = {"match": {"prefix": "originals/"}, "transitions": [{"tier": "Cool", "date": "2020-01-01"}]}
        cold = {"name": "cold", "transitions": [{"tier": "Cold", "days": 9}]}
        policies.apply("down", {"name": "cool", **moves}, cold, bucketRefs=[{"name": "photos"}])
        policies.await_words("down", "spec.tiers has Cool; add the tier there", photos="Lossy")
        policies.apply("down", {"name": "cool", **moves}, bucketRefs=[{"name": "photos"}])
        policies.await_states("down", photos="Applied")
        user.s3.put_object(Bucket="tiered--photos", Key="originals/a.jpg", Body=b"a picture")

        def shown() -> str:
            return str(
                user.s3.head_object(Bucket="tiered--photos", Key="originals/a.jpg").get("StorageClass")
            )

        eventually(lambda: shown() == "WARM", PATIENCE, lambda: f"it moves; its class is {shown()}")
        body = user.s3.get_object(Bucket="tiered--photos", Key="originals/a.jpg")["Body"].read()
        assert body == b"a picture"
        manifests[-1]["spec"]["tiers"] = [{"tier": "Archive", "storageClass": "WARM"}]
        installed.apply(yaml.safe_dump(manifests[-1]))
        policies.await_states("down", photos="Lossy")
        rules = user.s3.get_bucket_lifecycle_configuration(Bucket="tiered--photos")["Rules"]
        assert [r["ID"] for r in rules] == ["imagestore/down/cool"], "what is in force stays as it is"
        manifests[-1]["spec"]["tiers"] = [{"tier": "Cool", "storageClass": "NOPE"}]
        installed.apply(yaml.safe_dump(manifests[-1]))
        policies.await_words("down", "storage class", photos="Pending")


def test_a_policy_deleted_while_the_operator_is_down_is_noticed(
    shop: User, policies: Policies, running: Operator, installed: Cluster, directory: Path
) -> None:
    shop.apply("asleep")
    policies.apply("night", THUMBS, bucketRefs=[{"name": "asleep"}])
    policies.apply("other", TMP, bucketRefs=[{"name": "asleep"}])
    policies.await_states("night", asleep="Applied")
    policies.await_states("other", asleep="Applied")
    running.server.stop()
    try:
        policies.delete("night")
        policies.apply("other", {**TMP, "expire": {"days": 2}}, bucketRefs=[{"name": "asleep"}])
        with operator(installed, directory, "awake"):
            left = {"imagestore/other/tmp": 2}
            eventually(lambda: policies.in_store("asleep") == left, PATIENCE, "both are noticed")
    finally:
        running.server.start()
        eventually(running.working, PATIENCE, "the first one is back")


def test_metrics_tell_what_became_of_a_policy(shop: User, policies: Policies, running: Operator) -> None:
    shop.apply("counted")
    policies.apply("metered", TMP, bucketRefs=[{"name": "counted"}])
    policies.await_states("metered", counted="Applied")
    labels = 'name="metered",namespace="shop",state="Applied"'

    def found() -> dict[str, float]:
        return {k: v for k, v in running.metrics().items() if "metered" in k}

    eventually(
        lambda: found().get(f"imagestore_policy_buckets{{{labels}}}") == 1, PATIENCE, lambda: str(found())
    )
    policies.delete("metered")
    eventually(lambda: not found(), PATIENCE, "no series of what is gone")
