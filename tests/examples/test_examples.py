"""Every example, applied as a user would on the store that it is for, and judged by what the store holds."""

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dev import examples
from dev.demo.operator import Operator
from dev.stores import Store
from dev.wait import eventually
from tests.backends.listener import Heard
from tests.buckets import discard, own_buckets
from tests.cli.world import imagestore

PATIENCE = 60.0
FOLDERS = sorted(p.name for p in examples.FOLDER.iterdir() if p.is_dir())


def apply(operator: Operator, example: str, **stores: Store) -> dict[str, Any]:
    """Apply a folder and wait until all its buckets are Ready; the objects by name."""
    objects = examples.manifests(example, {name.replace("_", "-"): store for name, store in stores.items()})
    operator.kube.apply(examples.text(objects))
    buckets = [o["metadata"] for o in objects if o["kind"] == "ImageBucket"]
    return {b["name"]: operator.await_ready(b["name"], b["namespace"]) for b in buckets}


def tags(s3: Any, bucket: str) -> dict[str, str]:
    return {t["Key"]: t["Value"] for t in s3.get_bucket_tagging(Bucket=bucket)["TagSet"]}


def rules(s3: Any, bucket: str) -> dict[str, Any]:
    found = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    return {r["ID"].rsplit("/", 1)[1]: r for r in found}


def statements(s3: Any, bucket: str) -> dict[str, Any]:
    found = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    return {s["Sid"]: s for s in found}


def status_of(url: str) -> int:
    """What somebody without credentials gets."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own store on loopback
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return int(error.code)


def test_shop_photos(operated: Operator, seaweedfs_store: Store) -> None:
    apply(operated, "01-shop-photos", cdn_origin=seaweedfs_store)
    s3, bucket = seaweedfs_store.s3(), "shop--photos"
    for key in ("public/a.jpg", "originals/a.jpg"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"picture")
    url = f"{seaweedfs_store.endpoint}/{bucket}"
    # The gateway learns of a policy by an event of its own filer.
    served = lambda: status_of(f"{url}/public/a.jpg") == 200  # noqa: E731
    eventually(served, PATIENCE, "public/ served to everybody", retry_on=(OSError,))
    assert status_of(f"{url}/originals/a.jpg") == 403
    rule = s3.get_bucket_cors(Bucket=bucket)["CORSRules"][0]
    assert set(rule["AllowedOrigins"]) == {"https://shop.example", "https://*.shop.example"}
    assert rule["MaxAgeSeconds"] == 3600
    assert tags(s3, bucket) == {
        "team": "shop", "content": "product-photos", "imagestore.dev/owner": "demo/shop/photos",
    }  # fmt: skip


def test_press_archive(operated: Operator, seaweedfs_store: Store) -> None:
    apply(operated, "02-press-archive", archive=seaweedfs_store)
    s3, bucket = seaweedfs_store.s3(), "press--archive"
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    found = rules(s3, bucket)
    kept = found["prune-old-versions"]["NoncurrentVersionExpiration"]
    assert (kept["NoncurrentDays"], kept["NewerNoncurrentVersions"]) == (90, 5)
    assert found["wire-pictures-go"]["Expiration"]["Days"] == 30
    assert found["drop-unfinished-uploads"]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7
    assert {r["Status"] for r in found.values()} == {"Enabled"}


def test_dicom_archive(operated: Operator, tls_store: Store) -> None:
    apply(operated, "03-dicom-archive", clinic=tls_store)
    s3, bucket = tls_store.s3(), "radiology--dicom"
    lock = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    assert lock["Rule"]["DefaultRetention"] == {"Mode": "GOVERNANCE", "Years": 10}
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    assert encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert statements(s3, bucket)["imagestore-require-tls"]["Effect"] == "Deny"
    version = s3.put_object(Bucket=bucket, Key="ct/1.dcm", Body=b"DICM")["VersionId"]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=bucket, Key="ct/1.dcm", VersionId=version)
    operated.kube.kubectl("delete", "ib", "dicom", "-n", "radiology", "--timeout=90s")
    assert s3.get_object(Bucket=bucket, Key="ct/1.dcm")["Body"].read() == b"DICM"


def test_training_set(operated: Operator, minio_store: Store) -> None:
    apply(operated, "04-training-set", research=minio_store)
    s3, bucket = minio_store.s3(), "research--training-set"
    found = statements(s3, bucket)
    assert set(found) == {"vision-reads", "labelling-reads-images", "labelling-writes-labels"}
    assert found["labelling-writes-labels"]["Resource"] in (
        "arn:aws:s3:::research--training-set/labels/*",
        ["arn:aws:s3:::research--training-set/labels/*"],
    )
    assert tags(s3, bucket)["cost-center"] == "4711"


def test_one_on_each_store(
    operated: Operator, seaweedfs_store: Store, minio_store: Store, ceph_store: Store, aws_store: Store
) -> None:
    stores = {"seaweedfs": seaweedfs_store, "minio": minio_store, "ceph": ceph_store, "aws": aws_store}
    apply(operated, "05-one-on-each-store", **stores)
    for name, store in stores.items():
        s3, bucket = store.s3(), f"gallery--on-{name}"
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
        assert tags(s3, bucket)["store"] == name
        assert rules(s3, bucket)["drafts-go"]["Expiration"]["Days"] == 30


def test_access_logs(operated: Operator, aws_store: Store) -> None:
    objects = examples.manifests("06-access-logs", {"amazon": aws_store})
    operated.kube.apply(examples.text(objects))
    namespace = "gallery-records"
    operated.await_ready("audit", namespace)
    s3, audit, photos = aws_store.s3(), f"{namespace}--audit", f"{namespace}--photos"
    found = statements(s3, audit)
    assert found["logs-are-delivered"]["Principal"] == {"Service": ["logging.s3.amazonaws.com"]}
    # Amazon goes by the policy. moto reads it only where it has no lists, and by an ACL.
    delivery = 'uri="http://acs.amazonaws.com/groups/s3/LogDelivery"'
    s3.put_bucket_acl(Bucket=audit, GrantWrite=delivery, GrantReadACP=delivery)
    # It may have been refused before there was the ACL: then it is tried again after 15, 45 and 105 s.
    operated.await_ready("photos", namespace, timeout=150)
    enabled = s3.get_bucket_logging(Bucket=photos)["LoggingEnabled"]
    assert (enabled["TargetBucket"], enabled["TargetPrefix"]) == (audit, "logs/photos/")
    (listed,) = s3.list_bucket_inventory_configurations(Bucket=photos)["InventoryConfigurationList"]
    assert listed["Destination"]["S3BucketDestination"]["Bucket"] == f"arn:aws:s3:::{audit}"


def test_upload_webhook(operated: Operator, webhook: Heard, webhook_store: Store) -> None:
    apply(operated, "07-upload-webhook", uploads=webhook_store)
    s3, bucket = webhook_store.s3(), "webshop--pictures"
    for key in ("originals/a.png", "thumbs/a.jpg", "originals/a.jpg"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"picture")

    def told() -> list[str]:
        return [json.loads(body)["Key"] for method, _, _, body in webhook.asked if method == "POST" and body]

    eventually(
        lambda: told() == ["webshop--pictures/originals/a.jpg"], PATIENCE, lambda: f"told of it: {told()}"
    )


def test_own_server(operated: Operator, versitygw_store: Store) -> None:
    found = apply(operated, "08-own-server", own=versitygw_store)
    s3, bucket = versitygw_store.s3(), "gallery-site--pages"
    assert s3.get_bucket_website(Bucket=bucket)["ErrorDocument"]["Key"] == "errors/404.html"
    assert tags(s3, bucket) == {"team": "gallery", "imagestore.dev/owner": "demo/gallery-site/pages"}
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"][0]["AllowedMethods"] == ["GET"]
    assert {f["state"] for f in found["pages"]["status"]["facets"]} == {"InSync"}

    def capabilities() -> dict[str, Any]:
        status = operated.kube.get("storagebackend", "own").get("status", {})
        return {c["facet"]: c for c in status.get("capabilities", ())}

    held = eventually(capabilities, PATIENCE, "the backend says what it holds; no bucket waits for that")
    assert held["lifecycle"]["reason"] == "PutBucketLifecycleConfiguration: 501 NotImplemented"
    assert held["encryption"]["support"] == "None", "not listed, not sent"


def test_lifecycle_policy(operated: Operator, ceph_store: Store) -> None:
    apply(operated, "09-lifecycle-policy", library=ceph_store)
    operated.kube.kubectl(
        "wait",
        "lcp/photo-library",
        "-n",
        "library",
        "--for=jsonpath={.status.counts.applied}=2",
        "--timeout=90s",
    )
    s3 = ceph_store.s3()
    found = {bucket: rules(s3, f"library--{bucket}") for bucket in ("photos", "press")}
    assert set(found["press"]) - set(found["photos"]) == {"embargoed"}
    moves = found["photos"]["originals-cool-down"]["Transitions"]
    assert [(m["Days"], m["StorageClass"]) for m in moves] == [(30, "COOL"), (365, "ICE")]
    assert {r["Status"] for r in found["press"].values()} == {"Enabled"}


def test_remote_tier(operated: Operator, minio_store: Store, seaweedfs_store: Store) -> None:
    cold = seaweedfs_store.s3()
    cold.create_bucket(Bucket="newsroom-cold")
    apply(operated, "10-remote-tier", newsroom=minio_store, newsroom_cold=seaweedfs_store)
    (tier,) = operated.kube.get("storagebackend", "newsroom")["status"]["tiers"]
    assert (tier["state"], tier["place"]["endpoint"]) == ("InSync", seaweedfs_store.endpoint)
    s3, bucket = minio_store.s3(), "newsroom--pictures"
    moved = rules(s3, bucket)["old-pictures-move"]["Transitions"]
    assert [(m["Days"], m["StorageClass"]) for m in moved] == [(30, "VAULT")]
    at_once = [{"Date": "2020-01-01T00:00:00Z", "StorageClass": "VAULT"}]
    due = {"ID": "due", "Status": "Enabled", "Filter": {"Prefix": "due/"}, "Transitions": at_once}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [due]})
    s3.put_object(Bucket=bucket, Key="due/a.jpg", Body=b"picture")
    there = "the bytes are on the other store"
    moved_away = lambda: cold.list_objects_v2(Bucket="newsroom-cold", Prefix="pictures/")["KeyCount"]  # noqa: E731
    eventually(moved_away, PATIENCE, there)
    assert s3.get_object(Bucket=bucket, Key="due/a.jpg")["Body"].read() == b"picture"


def test_without_kubernetes(
    tmp_path: Path, seaweedfs_store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    discard(seaweedfs_store.s3(), "home--photos")
    objects = examples.manifests("11-without-kubernetes", {"nas": seaweedfs_store})
    (tmp_path / "all.yaml").write_text(examples.text(objects))
    said = imagestore(capsys, "apply", "-f", tmp_path, "--installation", "home")
    assert said.code == 0, said
    assert tags(seaweedfs_store.s3(), "home--photos") == {
        "owner": "family",
        "imagestore.dev/owner": "home/home/photos",
    }


def test_backups(minio_store: Store, seaweedfs_store: Store, tmp_path: Path) -> None:
    """Two nights, the second one with a drill; no operator takes part."""
    objects = examples.manifests("14-backups", {"eu": minio_store, "us": seaweedfs_store})
    (tmp_path / "backend.yaml").write_text(examples.text(objects))
    (tmp_path / "repository.key").write_text("0123456789abcdef0123456789abcdef")
    with own_buckets((minio_store, "shop--photos"), (seaweedfs_store, "shop-backups")):
        two_nights(minio_store, tmp_path)


def two_nights(minio_store: Store, tmp_path: Path) -> None:
    minio_store.s3().put_object(Bucket="shop--photos", Key="a.jpg", Body=b"picture")
    script = examples.FOLDER / "14-backups" / "nightly.sh"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for words, drill in ((["--init"], ""), ([], "yes")):
        environment = {**os.environ, "PATH": path, "DRILL": drill}
        night = subprocess.run(
            [script, *words], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert night.returncode == 0, night.stdout + night.stderr
    assert "1 objects restored and hashed" in night.stdout
    assert "stays: last 1 of 7" in night.stdout


def test_replication(operated: Operator, minio_store: Store, ceph_store: Store) -> None:
    apply(operated, "12-replication", museum=minio_store, museum_far=ceph_store)
    minio_store.s3().put_object(Bucket="museum--paintings", Key="mona.jpg", Body=b"picture")
    policy = ("rpol", "paintings", "-n", "museum")
    operated.kube.kubectl(
        "patch", *policy, "--type=merge", "-p", '{"spec": {"schedule": {"interval": "1s"}}}'
    )
    far, copy = ceph_store.s3(), "museum--paintings-copy"
    copied = lambda: far.list_objects_v2(Bucket=copy, Prefix="mona")["KeyCount"] == 1  # noqa: E731
    eventually(copied, PATIENCE, "the image is on the other store")
    assert far.get_object(Bucket=copy, Key="mona.jpg")["Body"].read() == b"picture"
    for condition in ("Ready", "WithinObjective"):
        operated.kube.kubectl("wait", *policy, f"--for=condition={condition}", "--timeout=60s")
    operated.kube.kubectl("delete", *policy)


def test_every_example_has_a_test() -> None:
    text = "".join(module.read_text() for module in Path(__file__).parent.glob("test_*.py"))
    tested = re.findall(r"^def (test_\w+)", text, re.MULTILINE)
    assert [f for f in FOLDERS if f"test_{f[3:].replace('-', '_')}" not in tested] == []


def test_moving_photos(
    minio_store: Store, seaweedfs_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The README's commands, one after the other."""
    file = tmp_path / "backend.yaml"
    file.write_text(
        examples.text(examples.manifests("13-moving-photos", {"eu": minio_store, "dr": seaweedfs_store}))
    )
    for store in (minio_store, seaweedfs_store):
        store.s3().create_bucket(Bucket="photos")
    minio_store.s3().put_object(Bucket="photos", Key="2027/a/b.jpg", Body=b"picture")
    readme = (examples.FOLDER / "13-moving-photos" / "README.md").read_text()
    commands = [line.split()[1:] for line in readme.splitlines() if line.startswith("imagestore transfer")]
    codes = [imagestore(capsys, *(file if w == "backend.yaml" else w for w in c)).code for c in commands]
    assert codes == [2, 0, 0]
    assert seaweedfs_store.s3().get_object(Bucket="photos", Key="2027/a/b.jpg")["Body"].read() == b"picture"


@pytest.mark.parametrize("folder", FOLDERS)
def test_an_example_holds_no_secret_and_says_what_to_change(folder: str) -> None:
    backend = (examples.FOLDER / folder / "backend.yaml").read_text()
    assert "accessKeyId: CHANGE-ME" in backend
    assert "change me" in backend
    assert (examples.FOLDER / folder / "README.md").exists()
