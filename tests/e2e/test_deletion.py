"""Stories of deletion: the default keeps, the rest is asked for and can be stopped."""

from contextlib import suppress

from dev.cluster.kube import CommandError
from dev.wait import eventually
from tests.e2e.harness import ON, PATIENCE, User


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
    with suppress(CommandError):  # it may have looked by itself already, and be gone
        shop.look_now("tidy")
    eventually(lambda: not shop.exists("tidy"), PATIENCE, "deleted once empty")
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
    said = shop.stuck("archive", "ObjectLocked")
    assert "1 versions and uploads stay" in said
    assert "scan.dcm" not in said, "names of pictures are in no status"
    assert shop.s3.get_object(Bucket="shop--archive", Key="scan.dcm")["Body"].read() == b"scan"
    shop.patch("archive", deletionPolicy="Retain")
    eventually(lambda: not shop.exists("archive"), PATIENCE, "let go")
    assert shop.in_store("archive")
