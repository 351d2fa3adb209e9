"""``imagestore apply`` and ``status`` on a real SeaweedFS: what the operator does in a cluster, without one."""

import json
import shutil

from tests.local.world import Folder, deleted, told, writes


def test_a_bucket_becomes_ready(folder: Folder) -> None:
    folder.bucket("versioning: {state: Enabled}", "tags: {team: shop}")
    said = folder.apply()
    assert said.code == 0, said
    assert told(said)["reason"] == "InSync"
    assert [e["reason"] for e in told(said)["events"]] == ["Created"]
    assert folder.tags() == {"team": "shop", "imagestore.dev/owner": "shed/shop/photos"}
    kept = folder.kept()
    assert (kept["apiVersion"], kept["kind"]) == ("imagestore.dev/v1alpha1", "ImageBucket")
    assert kept["metadata"]["finalizers"] == ["imagestore.dev/bucket"]
    assert kept["metadata"]["generation"] == kept["status"]["observedGeneration"] == 1


def test_what_is_applied_twice_is_written_once(folder: Folder) -> None:
    folder.bucket("versioning: {state: Enabled}")
    folder.apply()
    before, kept = writes(), folder.kept()
    assert folder.apply().code == 0
    assert writes() == before
    assert folder.kept() == kept


def test_an_edit_raises_the_generation(folder: Folder) -> None:
    folder.bucket("tags: {team: shop}")
    folder.apply()
    uid = folder.kept()["metadata"]["uid"]
    folder.bucket("tags: {team: press}")
    assert folder.apply().code == 0
    assert folder.tags()["team"] == "press"
    assert folder.kept()["metadata"]["generation"] == 2
    assert folder.kept()["metadata"]["uid"] == uid


def test_drift_is_confirmed_and_corrected(folder: Folder) -> None:
    folder.bucket("versioning: {state: Enabled}")
    folder.apply()
    s3 = folder.store.s3()
    s3.put_bucket_versioning(Bucket=folder.name, VersioningConfiguration={"Status": "Suspended"})
    said = folder.apply(confirm=3.0)
    assert said.code == 0
    assert {e["reason"] for e in told(said)["events"]} >= {"DriftDetected", "DriftCorrected"}
    assert s3.get_bucket_versioning(Bucket=folder.name)["Status"] == "Enabled"
    assert "waiting 3 s to check again: ImageBucket shop/photos" in said.err


def test_a_risky_change_waits_for_its_token(folder: Folder) -> None:
    folder.bucket("versioning: {state: Enabled}")
    folder.apply()
    folder.bucket("versioning: {state: Suspended}")
    said = folder.apply()
    assert said.code == 2
    token = told(said)["waits"][0]["token"]
    s3 = folder.store.s3()
    assert s3.get_bucket_versioning(Bucket=folder.name)["Status"] == "Enabled"
    shown = folder.status()
    assert shown.code == 2
    assert f"[approve: {token}]" in shown.out
    folder.bucket("versioning: {state: Suspended}", f"approve: [{token}]")
    assert folder.apply().code == 0
    assert s3.get_bucket_versioning(Bucket=folder.name)["Status"] == "Suspended"
    assert folder.status().code == 0


def test_what_the_store_lacks_is_unsupported(folder: Folder) -> None:
    folder.bucket("website: {indexDocument: index.html}")
    said = folder.apply()
    assert said.code == 2
    assert told(said)["reason"] == "Unsupported"


def test_a_foreign_bucket_is_refused_and_adopted_where_it_was_granted(folder: Folder) -> None:
    folder.store.s3().create_bucket(Bucket=folder.name)
    folder.bucket("tags: {team: shop}")
    before = writes()
    said = folder.apply()
    assert said.code == 1
    assert told(said)["reason"] == "BucketExists"
    assert writes() == before
    folder.backend(tenancy=f"{{adoptionGrants: [{{namespace: shop, bucketName: {folder.name}}}]}}")
    folder.bucket("tags: {team: shop}", "adoption: Granted")
    said = folder.apply()
    if said.code == 2:  # adoption would change the tags
        folder.bucket(
            "tags: {team: shop}", "adoption: Granted", f"approve: [{told(said)['waits'][0]['token']}]"
        )
        said = folder.apply()
    assert said.code == 0, said
    assert folder.tags()["imagestore.dev/owner"] == "shed/shop/photos"


def test_a_namespace_that_is_not_allowed_is_refused(folder: Folder) -> None:
    folder.bucket()
    text = (folder.path / "photos.yaml").read_text().replace("namespace: shop", "namespace: press")
    (folder.path / "photos.yaml").write_text(text)
    said = folder.apply()
    assert said.code == 1
    assert told(said, "press/photos")["reason"] == "NamespaceNotAllowed"
    assert not folder.exists()


def test_mode_observe_changes_nothing(folder: Folder) -> None:
    folder.bucket("mode: Observe", "tags: {team: shop}")
    said = folder.apply()
    assert (said.code, told(said)["reason"]) == (1, "BucketMissing")
    assert not folder.exists()


def test_without_prune_a_deletion_is_only_listed(folder: Folder) -> None:
    folder.bucket("deletionPolicy: DeleteIfEmpty")
    folder.apply()
    (folder.path / "photos.yaml").unlink()
    said = folder.apply()
    assert said.code == 0
    assert said.json["withoutManifest"] == ["ImageBucket shop/photos"]
    assert folder.exists()
    said = folder.apply("--prune")
    assert said.code == 0
    assert deleted(said) == {"shop/photos": ["Deleted"]}
    assert not folder.exists()
    assert not (folder.state / "imagebuckets/shop/photos.yaml").exists()


def test_what_became_of_a_deleted_objects_bucket_is_said(folder: Folder) -> None:
    """That its bucket is still there was in no line: only that the object was deleted."""
    folder.bucket()
    folder.apply()
    (folder.path / "photos.yaml").unlink()
    said = folder.apply("--prune", "--format", "text")
    assert "ImageBucket shop/photos  deleted\n    Retained: " in said.out
    assert folder.exists()


def test_prune_keeps_what_the_policy_retains_and_what_is_not_empty(folder: Folder) -> None:
    folder.bucket("deletionPolicy: DeleteIfEmpty")
    folder.apply()
    s3 = folder.store.s3()
    s3.put_object(Bucket=folder.name, Key="a.jpg", Body=b"picture")
    text = (folder.path / "photos.yaml").read_text()
    (folder.path / "photos.yaml").unlink()
    said = folder.apply("--prune")
    assert (said.code, told(said)["reason"], told(said)["deleting"]) == (2, "NotEmpty", True)
    assert folder.exists()
    (folder.path / "photos.yaml").write_text(
        text.replace("DeleteIfEmpty", "Retain")
    )  # it can still be rescued
    assert deleted(folder.apply("--prune")) == {"shop/photos": ["Retained"]}
    assert s3.get_object(Bucket=folder.name, Key="a.jpg")["Body"].read() == b"picture"


def test_a_lost_state_folder_is_a_rebuilt_cluster(folder: Folder) -> None:
    folder.bucket("versioning: {state: Enabled}", "tags: {team: shop}")
    folder.apply()
    before, uid = writes(), folder.kept()["metadata"]["uid"]
    shutil.rmtree(folder.state)
    assert folder.apply().code == 0
    assert writes() == before
    assert folder.kept()["metadata"]["uid"] != uid


def test_dry_run_is_plan_and_writes_nothing(folder: Folder) -> None:
    folder.bucket("tags: {team: shop}")
    said = folder.apply("--dry-run")
    assert said.code == 2
    assert said.json["buckets"][0]["create"]
    assert not folder.state.exists()
    folder.apply()
    said = folder.apply("--dry-run")
    assert said.code == 0
    assert {c["op"] for c in said.json["buckets"][0]["changes"]} == {"Keep"}


def test_no_secret_is_in_the_state_or_in_what_is_said(folder: Folder) -> None:
    folder.bucket("tags: {team: shop}")
    said = [folder.apply("--log-level", "debug"), folder.status(), folder.status("--format", "json")]
    texts = [f.read_text() for f in folder.state.rglob("*") if f.is_file()] + [s.out + s.err for s in said]
    assert any("InSync" in text for text in texts)
    assert [t for t in texts if folder.store.secret_key in t] == []


def test_of_two_claims_in_one_run_the_first_manifest_wins(folder: Folder) -> None:
    folder.bucket(name="albums")
    folder.bucket(name="photos")
    said = folder.apply()
    assert said.code == 1
    assert told(said, "shop/albums")["reason"] == "InSync"
    assert told(said, "shop/photos")["reason"] == "Conflict"


def test_a_policy_reaches_the_buckets_that_it_names(folder: Folder) -> None:
    folder.bucket("versioning: {state: Enabled}")
    policy = {
        "apiVersion": "imagestore.dev/v1alpha1",
        "kind": "LifecyclePolicy",
        "metadata": {"name": "tidy", "namespace": "shop"},
        "spec": {
            "bucketRefs": [{"name": "photos"}],
            "rules": [{"name": "tmp", "match": {"prefix": "tmp/"}, "expire": {"days": 3}}],
        },
    }
    (folder.path / "policy.json").write_text(json.dumps(policy))
    said = folder.apply()
    assert (said.code, told(said, "shop/tidy")["reason"]) == (0, "Applied"), said
    rules = folder.store.s3().get_bucket_lifecycle_configuration(Bucket=folder.name)["Rules"]
    assert [r["ID"] for r in rules] == ["imagestore/tidy/tmp"]


def test_a_broken_manifest_is_an_error_and_nothing_is_deleted(folder: Folder) -> None:
    folder.bucket("deletionPolicy: DeleteIfEmpty", "tags: {team: shop}")
    folder.apply()
    text = (folder.path / "photos.yaml").read_text()
    (folder.path / "photos.yaml").write_text(text.replace("tags:", "tagz:"))
    said = folder.apply("--prune")
    assert said.code == 1
    assert (
        "spec.tagz: unknown field; did you mean tags?"
        in said.json["problems"][0]["path"] + ": " + said.json["problems"][0]["message"]
    )
    assert "nothing is deleted while a manifest cannot be read" in said.json["notes"]
    assert told(said)["reason"] == "InSync"  # the last good version is kept
    assert folder.exists()


def test_an_immutable_field_is_refused_as_by_the_api_server(folder: Folder) -> None:
    folder.bucket("tags: {team: shop}")
    folder.apply()
    folder.bucket("tags: {team: press}", bucket_name="shop--other")
    said = folder.apply("--prune")
    assert said.code == 1
    assert "in the state folder; " in said.json["problems"][0]["message"]
    assert folder.tags()["team"] == "shop"
    assert told(said)["reason"] == "InSync"


def test_an_empty_place_deletes_nothing(folder: Folder) -> None:
    folder.bucket("deletionPolicy: DeleteIfEmpty")
    folder.apply()
    for file in folder.path.glob("*.yaml"):
        file.unlink()
    assert folder.apply("--prune").code == 1
    assert folder.exists()


def test_what_cannot_be_finished_in_time_is_an_error(folder: Folder) -> None:
    folder.bucket("versioning: {state: Enabled}")
    folder.apply()
    folder.store.s3().put_bucket_versioning(
        Bucket=folder.name, VersioningConfiguration={"Status": "Suspended"}
    )
    said = folder.apply("--timeout", "1", confirm=30.0)
    assert said.code == 1
    assert said.json["notFinished"] == ["ImageBucket shop/photos"]
