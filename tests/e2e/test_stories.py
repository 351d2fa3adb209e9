"""Stories of users, from kubectl to the store and back. Each asserts what is in the store afterwards."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from dev.cluster import Cluster, CommandError
from dev.stores import Store, minio
from dev.wait import eventually
from tests.e2e.harness import OWNER, Operator, User, backend_manifests, operator

ON: dict[str, Any] = {"versioning": {"state": "Enabled"}, "tags": {"team": "shop"}}
PRUNE = {"rules": [{"name": "old", "noncurrent": {"expire": {"days": 30, "keepNewest": 2}}}]}


def test_a_bucket_becomes_what_its_yaml_says(shop: User) -> None:
    shop.apply("photos", **ON, lifecycle=PRUNE, quota={"hard": "1Gi"}, encryption={"algorithm": "SSE-S3"})
    found = shop.ready("photos")
    assert found["metadata"]["finalizers"] == ["imagestore.dev/bucket"]
    assert "annotations" not in found["metadata"] or set(found["metadata"]["annotations"]) == {
        "kubectl.kubernetes.io/last-applied-configuration"
    }, "a GitOps tool sees nothing of ours but finalizer and status"
    assert shop.tags("photos") == {"team": "shop", OWNER: "e2e/shop/photos"}
    assert shop.versioning("photos") == "Enabled"
    rules = shop.s3.get_bucket_lifecycle_configuration(Bucket="shop--photos")["Rules"]
    assert [(r["ID"], r["Status"]) for r in rules] == [("imagestore/bucket/old", "Enabled")]
    assert rules[0]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30, "NewerNoncurrentVersions": 2}
    assert {f["name"]: f["state"] for f in found["status"]["facets"]} == dict.fromkeys(
        ("versioning", "encryption", "tags", "lifecycle", "quota"), "InSync"
    )
    columns = shop.cluster.kubectl("get", "ib", "photos", "-n", "shop").stdout
    assert "True" in columns
    assert "minio" in columns
    shop.await_event("photos", "Ready")


def test_an_edit_is_applied_and_what_is_not_mentioned_stays(shop: User) -> None:
    shop.apply("edited", **ON)
    shop.ready("edited")
    tags = [{"Key": k, "Value": v} for k, v in {**shop.tags("edited"), "cost": "7"}.items()]
    shop.s3.put_bucket_tagging(Bucket="shop--edited", Tagging={"TagSet": tags})
    shop.apply("edited", **{**ON, "tags": {"team": "press", "class": "photos"}})
    shop.ready("edited")
    assert shop.tags("edited") == {"team": "press", "class": "photos", "cost": "7", OWNER: "e2e/shop/edited"}
    shop.apply("edited", tags={"class": "photos"})
    shop.ready("edited")
    assert shop.tags("edited") == {"class": "photos", "cost": "7", OWNER: "e2e/shop/edited"}
    assert shop.versioning("edited") == "Enabled", "clearing versioning would weaken protection"


def test_drift_by_edit_is_told_and_corrected(shop: User, running: Operator) -> None:
    shop.apply("drifted", **ON)
    shop.ready("drifted")
    shop.suspend_versioning("drifted")
    shop.look_now("drifted")
    shop.await_event("drifted", "DriftDetected")
    eventually(lambda: shop.versioning("drifted") == "Enabled", 30, "versioning corrected")
    shop.await_event("drifted", "DriftCorrected")
    status = shop.ready("drifted")["status"]
    assert status["drift"]["history"][0]["paths"] == ["versioning.state"]
    assert status["drift"]["history"][0]["how"] == "Corrected"


def test_drift_by_deletion_of_a_setting_is_corrected(shop: User) -> None:
    shop.apply("emptied", lifecycle=PRUNE)
    shop.ready("emptied")
    shop.s3.delete_bucket_lifecycle(Bucket="shop--emptied")
    shop.look_now("emptied")
    shop.await_event("emptied", "DriftCorrected")
    assert shop.s3.get_bucket_lifecycle_configuration(Bucket="shop--emptied")["Rules"]


def test_observe_tells_and_changes_nothing(shop: User) -> None:
    shop.apply("observed", **ON)
    shop.ready("observed")
    shop.apply("observed", **ON, mode="Observe")
    shop.ready("observed")
    shop.suspend_versioning("observed")
    shop.look_now("observed")
    shop.await_condition("observed", "DriftDetected", "True")
    assert shop.await_condition("observed", "Ready", "True")["reason"] == "Observed"
    assert shop.versioning("observed") == "Suspended"
    drift = shop.get("observed")["status"]["drift"]["fields"]
    assert drift == [{"path": "versioning.state", "desired": '"Enabled"', "observed": '"Suspended"'}]
    assert "True" in shop.cluster.kubectl("get", "ib", "observed", "-n", "shop").stdout


def test_ignored_and_snoozed_drift_is_left_alone(shop: User) -> None:
    until = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    drift = {"ignore": ['tags["team"]'], "snooze": {"until": until, "reason": "migration"}}
    shop.apply("calm", **ON, drift=drift)
    shop.ready("calm")
    tags = {**shop.tags("calm"), "team": "theirs"}
    shop.s3.put_bucket_tagging(
        Bucket="shop--calm", Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in tags.items()]}
    )
    shop.suspend_versioning("calm")
    shop.look_now("calm")
    snoozed = eventually(lambda: _facet(shop, "calm", "versioning").get("reason") == "Snoozed", 30, "snoozed")
    assert snoozed
    assert shop.tags("calm")["team"] == "theirs"
    assert shop.versioning("calm") == "Suspended"
    assert shop.condition("calm", "DriftDetected") is None
    shop.ready("calm")
    shop.apply("calm", **ON, drift={"ignore": ['tags["team"]']})
    eventually(lambda: shop.versioning("calm") == "Enabled", 30, "corrected after the snooze")
    assert shop.tags("calm")["team"] == "theirs"


def _facet(user: User, name: str, facet: str) -> dict[str, Any]:
    found: dict[str, Any] = next(f for f in user.get(name)["status"]["facets"] if f["name"] == facet)
    return found


def test_a_risky_change_waits_for_its_token(shop: User) -> None:
    shop.apply("risky", versioning={"state": "Enabled"})
    shop.ready("risky")
    shop.apply("risky", versioning={"state": "Suspended"})
    message = shop.stuck("risky", "NeedsApproval")
    assert "cannot be brought back" in message
    assert shop.versioning("risky") == "Enabled"
    shop.await_event("risky", "ApprovalNeeded")
    token = shop.get("risky")["status"]["plan"]["held"][0]["token"]
    shop.apply("risky", versioning={"state": "Suspended"}, approve=[token])
    shop.ready("risky")
    assert shop.versioning("risky") == "Suspended"


def test_an_existing_bucket_is_taken_over_only_by_grant_and_consent(shop: User) -> None:
    shop.s3.create_bucket(Bucket="legacy-photos")
    shop.s3.put_object(Bucket="legacy-photos", Key="1999.jpg", Body=b"picture")
    shop.apply("legacy", bucketName="legacy-photos", **ON)
    shop.stuck("legacy", "BucketExists")
    shop.patch("legacy", adoption="Granted")
    assert "versioning.state" in shop.stuck("legacy", "AdoptionNeedsApproval")
    assert shop.s3.get_bucket_versioning(Bucket="legacy-photos").get("Status") is None
    token = shop.get("legacy")["status"]["plan"]["held"][0]["token"]
    shop.patch("legacy", approve=[token])
    shop.ready("legacy")
    assert shop.s3.get_bucket_versioning(Bucket="legacy-photos")["Status"] == "Enabled"
    assert shop.s3.get_object(Bucket="legacy-photos", Key="1999.jpg")["Body"].read() == b"picture"


def test_two_claimants_do_not_fight(shop: User) -> None:
    shop.apply("first", bucketName="shop--contested", **ON)
    shop.ready("first")
    shop.apply("second", bucketName="shop--contested", tags={"team": "thief"})
    # Made within one second, the second may be taken for the older one: then the mark in the store decides.
    said = shop.await_condition("second", "Ready", "False")
    assert said["reason"] in ("Conflict", "OwnedByAnother")
    assert "the ImageBucket first" in said["message"]
    assert shop.tags("contested")["team"] == "shop"
    shop.delete("second")
    assert shop.in_store("contested")
    shop.ready("first")


def test_a_stranger_reaches_nothing(shop: User) -> None:
    """Neither the backend, nor another namespace's bucket, nor one of his own choosing."""
    stranger = User(shop.cluster, "stranger", "minio", shop.store)
    stranger.apply("mine")
    stranger.stuck("mine", "NamespaceNotAllowed")
    assert not stranger.in_store("mine")
    assert "finalizers" not in stranger.get("mine")["metadata"]
    press = User(shop.cluster, "press", "minio", shop.store)
    press.apply("theirs", bucketName="shop--photos")
    message = press.stuck("theirs", "NameNotAllowed")
    assert "press--*" in message


def test_a_suspended_bucket_is_left_alone(shop: User) -> None:
    shop.apply("paused", **ON)
    shop.ready("paused")
    shop.apply("paused", **{**ON, "tags": {"team": "later"}}, suspend=True)
    shop.await_condition("paused", "Suspended", "True")
    assert shop.tags("paused")["team"] == "shop"
    shop.apply("paused", **{**ON, "tags": {"team": "later"}})
    shop.ready("paused")
    assert shop.tags("paused")["team"] == "later"


def test_a_lost_bucket_is_made_again_and_told(shop: User) -> None:
    shop.apply("lost", **ON)
    shop.ready("lost")
    shop.s3.delete_bucket(Bucket="shop--lost")
    shop.look_now("lost")
    shop.await_event("lost", "ContentLost")
    shop.await_condition("lost", "ContentLost", "True")
    shop.ready("lost")
    assert shop.tags("lost")[OWNER] == "e2e/shop/lost"
    held = shop.get("lost")["status"]["plan"]["held"]
    shop.patch("lost", approve=[h["token"] for h in held])
    eventually(lambda: shop.condition("lost", "ContentLost") is None, 30, "acknowledged")


def test_deleting_keeps_the_bucket_by_default(shop: User) -> None:
    shop.apply("kept", **ON)
    shop.ready("kept")
    shop.s3.put_object(Bucket="shop--kept", Key="a.jpg", Body=b"a")
    shop.delete("kept")
    assert shop.in_store("kept")
    shop.await_event("kept", "Retained")
    shop.apply("kept", **ON)
    shop.ready("kept")
    assert shop.s3.get_object(Bucket="shop--kept", Key="a.jpg")["Body"].read() == b"a"


def test_delete_if_empty_waits_while_there_is_anything(shop: User) -> None:
    shop.apply("tidy", **ON, deletionPolicy="DeleteIfEmpty")
    shop.ready("tidy")
    upload = shop.s3.create_multipart_upload(Bucket="shop--tidy", Key="half.tif")["UploadId"]
    shop.delete("tidy", wait=False)
    assert "1 open uploads" in shop.stuck("tidy", "NotEmpty")
    assert shop.in_store("tidy")
    shop.s3.abort_multipart_upload(Bucket="shop--tidy", Key="half.tif", UploadId=upload)
    shop.look_now("tidy")
    eventually(lambda: not shop.exists("tidy"), 40, "deleted once empty")
    assert not shop.in_store("tidy")


def test_delete_all_removes_every_version(shop: User) -> None:
    shop.apply("doomed", **ON, deletionPolicy="DeleteAll")
    shop.ready("doomed")
    for number in range(30):
        shop.s3.put_object(Bucket="shop--doomed", Key=f"{number % 10}.jpg", Body=b"x")
    shop.s3.delete_object(Bucket="shop--doomed", Key="1.jpg")
    shop.s3.create_multipart_upload(Bucket="shop--doomed", Key="half.tif")
    shop.delete("doomed")
    assert not shop.in_store("doomed")


def test_delete_all_stops_at_locked_objects_and_can_be_called_off(shop: User) -> None:
    shop.apply("archive", objectLock={"mode": "Governance", "days": 1}, deletionPolicy="DeleteAll")
    shop.ready("archive")
    shop.s3.put_object(Bucket="shop--archive", Key="scan.dcm", Body=b"scan")
    shop.delete("archive", wait=False)
    assert "scan.dcm" in shop.stuck("archive", "ObjectLocked")
    assert shop.s3.get_object(Bucket="shop--archive", Key="scan.dcm")["Body"].read() == b"scan"
    shop.patch("archive", deletionPolicy="Retain")
    eventually(lambda: not shop.exists("archive"), 40, "let go")
    assert shop.in_store("archive")


def test_a_backend_in_use_stays(shop: User, tmp_path: Path) -> None:
    shop.apply("user-of-it", **ON)
    shop.ready("user-of-it")
    backend = shop.cluster.get("sbe", "minio")
    assert backend["status"]["buckets"] >= 1
    assert next(c for c in backend["status"]["conditions"] if c["type"] == "Ready")["status"] == "True"
    assert "minio" in shop.cluster.kubectl("get", "sbe").stdout


def test_fields_that_bind_cannot_change(shop: User) -> None:
    shop.apply("fixed", **ON)
    shop.ready("fixed")
    with pytest.raises(CommandError, match="cannot be renamed"):
        shop.patch("fixed", bucketName="shop--other")


def test_the_secret_is_nowhere(shop: User, running: Operator) -> None:
    objects = json.dumps([shop.cluster.get(k, "-A") for k in ("ib", "sbe", "events.events.k8s.io")])
    for place in (objects, running.log(), str(running.metrics())):
        assert shop.store.secret_key not in place


def test_metrics_of_a_deleted_bucket_are_gone(shop: User, running: Operator) -> None:
    shop.apply("measured", **ON)
    shop.ready("measured")
    eventually(lambda: any('name="measured"' in k for k in running.metrics()), 30, "a series of the bucket")
    shop.delete("measured")
    eventually(lambda: not any('name="measured"' in k for k in running.metrics()), 30, "no series of it")


def test_a_store_that_is_down_blocks_nobody_else(
    shop: User, running: Operator, installed: Cluster, tmp_path: Path
) -> None:
    """A namespace deleted while its store is down goes as soon as nothing has to be asked of the store."""
    with minio(tmp_path) as store:
        manifests = backend_manifests("fragile", store, namespaces=("fragile",))
        installed.kubectl("create", "namespace", "fragile")
        installed.apply(yaml.safe_dump_all(manifests))
        fragile = User(installed, "fragile", "fragile", store)
        fragile.apply("kept", **ON)
        fragile.apply("tidy", **ON, deletionPolicy="DeleteIfEmpty")
        fragile.ready("kept")
        fragile.ready("tidy")
        store.stop()
        installed.kubectl("delete", "namespace", "fragile", "--wait=false")
        eventually(lambda: not fragile.exists("kept"), 40, "a kept bucket needs no store")
        assert "deletionPolicy: Retain" in str(fragile.await_condition("tidy", "Ready", "False")["message"])
        shop.apply("meanwhile", **ON)
        shop.ready("meanwhile", timeout=10)
        store.start()
        fragile.look_now("tidy")
        gone = lambda: not installed.kubectl("get", "ns", "fragile", "--ignore-not-found").stdout  # noqa: E731
        eventually(gone, 60, "the namespace is gone")
        assert [b["Name"] for b in fragile.s3.list_buckets()["Buckets"]] == ["fragile--kept"]


def test_rotated_credentials_take_effect_at_once(
    shop: User, running: Operator, installed: Cluster, minio_store: Store
) -> None:
    installed.kubectl("create", "namespace", "rotated")
    good = backend_manifests("rotated", minio_store, namespaces=("rotated",))
    bad = json.loads(json.dumps(good))
    bad[0]["stringData"]["secretAccessKey"] = "wrong-secret-key"
    installed.apply(yaml.safe_dump_all(bad))
    user = User(installed, "rotated", "rotated", minio_store)
    user.apply("photos", **ON)
    message = user.stuck("photos", "AccessDenied")
    assert "wrong-secret-key" not in message
    installed.apply(yaml.safe_dump_all(good))
    user.ready("photos", timeout=15)
    with pytest.raises(ClientError):
        user.s3.head_bucket(Bucket="rotated--nothing")


def test_a_secret_that_comes_later_is_noticed(
    running: Operator, installed: Cluster, minio_store: Store
) -> None:
    installed.kubectl("create", "namespace", "early")
    manifests = backend_manifests("early", minio_store, namespaces=("early",))
    installed.apply(yaml.safe_dump(manifests[-1]))
    user = User(installed, "early", "early", minio_store)
    user.apply("photos", **ON)
    user.await_condition("photos", "Ready", "Unknown", "BackendUnusable")
    installed.apply(yaml.safe_dump_all(manifests[:-1]))
    user.ready("photos", timeout=15)


def test_a_restart_writes_nothing(installed: Cluster, shop: User, running: Operator, directory: Path) -> None:
    """A second operator takes over when the first ends, and a fleet in order stays as it is."""
    shop.apply("steady", **ON)
    shop.ready("steady")
    before = shop.get("steady")["metadata"]["resourceVersion"]
    with operator(installed, directory, "standby") as standby:
        assert not standby.working(), "the first one holds the Lease"
        running.server.stop()
        eventually(standby.working, 40, lambda: f"takes over\n{standby.log()[-2000:]}")
        shop.apply("proof", **ON)
        shop.ready("proof")
        assert shop.get("steady")["metadata"]["resourceVersion"] == before
    running.server.start()
    eventually(running.working, 40, "the first one is back")
