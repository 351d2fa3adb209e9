"""What the stores make of our rules in time: a class that is mapped is reached, and exactly what matches goes.

A day of Ceph's lasts ten seconds here (rgw_lc_debug_interval). Elsewhere a day that is over is named: what it asks for is
due at once.
"""

from typing import Any

import pytest

from dev.stores import Store
from dev.stores.seaweedfs import run_lifecycle
from dev.stores.tiers import COLD_BUCKET
from dev.wait import eventually
from imagestore.facets.lifecycle import Lifecycle
from tests.contract.stores import World, backend_of, world

BODY = b"a picture" * 1000
OVER = "2020-01-01"  # our dates begin with 20, so this one is long past for every store
DAYS = 120  # seconds until Ceph must have done what is due after a day


def written(at: World, *rules: dict[str, Any]) -> None:
    """The rules, by the driver, as the operator would write them."""
    at.driver.write(at.bucket, Lifecycle.model_validate({"rules": rules}), at.read())


def put(at: World, key: str, size: int = len(BODY), **more: Any) -> None:
    at.raw("PutObject", Key=key, Body=(BODY * (size // len(BODY) + 1))[:size], **more)


def classes(at: World) -> dict[str, str]:
    """Key to storage class of all objects."""
    return {o["Key"]: o.get("StorageClass", "STANDARD") for o in at.raw("ListObjectsV2").get("Contents", ())}


def test_ceph_moves_and_removes_what_is_due(request: pytest.FixtureRequest) -> None:
    at = world(backend_of("Ceph", request), "lifecycle")
    for key in ("originals/a", "originals/b", "tmp/a", "kept/a", "tagged/a", "tagged/b"):
        put(at, key, Tagging="state=draft" if key == "tagged/a" else "state=final")
    open_upload = at.raw("CreateMultipartUpload", Key="uploads/a")["UploadId"]
    assert open_upload
    written(
        at,
        {"name": "cool", "match": {"prefix": "originals/"}, "transitions": [{"tier": "Cool", "days": 1}]},
        {"name": "tmp", "match": {"prefix": "tmp/"}, "expire": {"days": 1}},
        {"name": "draft", "match": {"prefix": "tagged/", "tags": {"state": "draft"}}, "expire": {"days": 1}},
        {"name": "leftovers", "match": {"prefix": "uploads/"}, "abortIncompleteMultipartUpload": {"days": 1}},
    )
    wanted = {"originals/a": "COOL", "originals/b": "COOL", "kept/a": "STANDARD", "tagged/b": "STANDARD"}
    eventually(lambda: classes(at) == wanted, DAYS, lambda: f"what is due is done; there is {classes(at)}")
    eventually(lambda: not at.raw("ListMultipartUploads").get("Uploads"), DAYS, "the old upload is gone")
    assert at.raw("GetObject", Key="originals/a")["Body"].read() == BODY, "a colder object still reads"


def test_ceph_moves_and_removes_old_versions(request: pytest.FixtureRequest) -> None:
    at = world(backend_of("Ceph", request), "lifecycle")
    at.raw("PutBucketVersioning", VersioningConfiguration={"Status": "Enabled"})
    for key in ("moved/a", "gone/a", "kept/a"):
        put(at, key)
        put(at, key)
    written(
        at,
        {
            "name": "m",
            "match": {"prefix": "moved/"},
            "noncurrent": {"transitions": [{"tier": "Archive", "days": 1}]},
        },
        {"name": "g", "match": {"prefix": "gone/"}, "noncurrent": {"expire": {"days": 1}}},
    )

    def versions() -> list[tuple[str, bool, str]]:
        listed = at.raw("ListObjectVersions").get("Versions", ())
        return sorted((v["Key"], v["IsLatest"], v.get("StorageClass", "STANDARD")) for v in listed)

    wanted = [
        ("gone/a", True, "STANDARD"),
        ("kept/a", False, "STANDARD"),
        ("kept/a", True, "STANDARD"),
        ("moved/a", False, "ICE"),
        ("moved/a", True, "STANDARD"),
    ]
    eventually(lambda: versions() == wanted, DAYS, lambda: f"what is due is done; there is {versions()}")


def test_minio_moves_an_object_to_its_tier_and_still_reads_it(
    tiered_minio_store: Store, request: pytest.FixtureRequest
) -> None:
    at = world(backend_of("MinIO", request), "lifecycle")
    written(
        at,
        {"name": "cool", "match": {"prefix": "originals/"}, "transitions": [{"tier": "Cool", "date": OVER}]},
    )
    remote = tiered_minio_store.behind
    assert remote is not None
    before = _objects(remote)
    put(at, "originals/a")
    put(at, "kept/a")
    eventually(lambda: classes(at).get("originals/a") == "WARM", 90, lambda: f"it moves: {classes(at)}")
    assert classes(at)["kept/a"] == "STANDARD"
    # What other tests have moved and deleted may go there meanwhile.
    assert len(_objects(remote) - before) == 1, "its bytes are on the other server"
    assert at.raw("GetObject", Key="originals/a")["Body"].read() == BODY


def _objects(store: Store) -> set[str]:
    pages = store.s3().get_paginator("list_objects_v2").paginate(Bucket=COLD_BUCKET)
    return {o["Key"] for page in pages for o in page.get("Contents", ())}


def test_seaweedfs_removes_exactly_what_matches(
    seaweedfs_store: Store, request: pytest.FixtureRequest
) -> None:
    at = world(backend_of("SeaweedFS", request), "lifecycle")
    put(at, "tmp/a")
    put(at, "tmpfile")
    put(at, "big/large", 20_000)
    put(at, "big/small", 2_000)
    put(at, "draft/a", Tagging="state=draft&team=shop")
    put(at, "draft/b", Tagging="state=final")
    written(
        at,
        {"name": "tmp", "match": {"prefix": "tmp/"}, "expire": {"date": OVER}},
        {"name": "big", "match": {"prefix": "big/", "minSize": "10Ki"}, "expire": {"date": OVER}},
        {"name": "draft", "match": {"tags": {"state": "draft"}}, "expire": {"date": OVER}},
        {"name": "off", "state": "Disabled", "expire": {"date": OVER}},
        {"name": "later", "expire": {"date": "2040-01-01"}},
    )

    def left() -> set[str]:
        run_lifecycle(seaweedfs_store)
        return set(classes(at))

    wanted = {"tmpfile", "big/small", "draft/b"}
    eventually(lambda: left() == wanted, 120, lambda: f"what matches is gone; there is {set(classes(at))}")
