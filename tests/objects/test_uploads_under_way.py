"""Uploads that were begun before the fence of a failover was in force: which of them it still stops, on stores that enforce it."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from dev.stores import Store
from imagestore.reconcile.replication.fence import fence


def fence_off(s3: Any, bucket: str) -> None:
    """The statement, as the operator writes it."""
    (deny,) = fence("copy", ("",)).statements
    condition = {"StringNotLike": {"aws:UserAgent": list(deny.conditions[0].values)}}
    statement: dict[str, Any] = {
        "Sid": deny.sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": list(deny.actions),
    }
    statement |= {"Resource": [f"arn:aws:s3:::{bucket}/*"], "Condition": condition}
    s3.put_bucket_policy(
        Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )


def begun(s3: Any, bucket: str, key: str) -> http.client.HTTPConnection:
    """An upload in one request of which the second and last byte is not sent yet."""
    url = urlsplit(s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": key}))
    slow = http.client.HTTPConnection(url.netloc, timeout=20)
    slow.putrequest("PUT", f"{url.path}?{url.query}")
    slow.putheader("Content-Length", "2")
    slow.endheaders(b"x")
    return slow


def test_minio_stops_no_upload_with_credentials(minio_store: Store) -> None:
    """So Fenced is False there: an administrator stops the writers, and what is written late is brought over and listed."""
    s3, bucket = minio_store.s3(), f"fenced-{uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    slow = begun(s3, bucket, "at-once")
    fence_off(s3, bucket)
    s3.put_object(Bucket=bucket, Key="later", Body=b"x")
    slow.send(b"y")
    assert slow.getresponse().status == 200
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["at-once", "later"]


@pytest.mark.parametrize("name", ["ceph", "seaweedfs"])
def test_parts_do_not_become_an_object_and_a_single_request_does(
    name: str, request: pytest.FixtureRequest
) -> None:
    """The latter is the known limit of a failover: stop the writers, or let them end, before a return is settled."""
    s3, bucket = request.getfixturevalue(f"{name}_store").s3(), f"fenced-{uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="in-parts")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="in-parts", UploadId=upload, PartNumber=1, Body=b"x")
    slow = begun(s3, bucket, "at-once")
    fence_off(s3, bucket)
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=bucket, Key="later", Body=b"x")
    whole = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.complete_multipart_upload(Bucket=bucket, Key="in-parts", UploadId=upload, MultipartUpload=whole)
    slow.send(b"y")
    assert slow.getresponse().status == 200
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["at-once"]
