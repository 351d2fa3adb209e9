"""Buckets whose names a page or an example says: tests of one worker share its servers, and some say the same names. And what is left in buckets."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from dev.stores import Store


@contextmanager
def own_buckets(*buckets: tuple[Store, str]) -> Iterator[None]:
    """These are new, and gone afterwards."""
    for store, bucket in buckets:
        discard(store.s3(), bucket)
        store.s3().create_bucket(Bucket=bucket)
    yield
    for store, bucket in buckets:
        discard(store.s3(), bucket)


def discard(s3: Any, bucket: str) -> None:
    """Delete a bucket with all that is in it; one that is not there is gone."""
    with suppress(s3.exceptions.NoSuchBucket):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for item in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                s3.delete_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])
        s3.delete_bucket(Bucket=bucket)


def uploads_with_parts(s3: Any, bucket: str) -> list[str]:
    """The keys of multipart uploads that are open and hold parts. One without may be left by a killed process (ADR 0039)."""
    uploads = s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    places = [{"Key": upload["Key"], "UploadId": upload["UploadId"]} for upload in uploads]
    return [place["Key"] for place in places if s3.list_parts(Bucket=bucket, **place).get("Parts")]
