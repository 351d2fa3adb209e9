"""What reaches the side that was left, or goes with it, while the destination is promoted."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from backports import zstd
from botocore.exceptions import ClientError

from dev.cluster import Cluster
from dev.stores import Store
from dev.wait import eventually
from tests.e2e.harness import PATIENCE, User, backend_manifests
from tests.e2e.museum import Museum, opened_museum
from tests.local.pair import content, fill, keys
from tests.objects.test_uploads_under_way import begun

IMAGES = {f"i/{n}.jpg": str(n).encode() for n in range(12)}
VERSIONED: dict[str, Any] = {"versioning": {"state": "Enabled"}}


@pytest.fixture(scope="module")
def far(shop: User, installed: Cluster, ceph_store: Store) -> User:
    """The same user, on another store, which enforces bucket policies."""
    installed.apply(yaml.safe_dump_all(backend_manifests("failback-ceph", ceph_store, namespaces=("shop",))))
    return User(installed, "shop", "failback-ceph", ceph_store)


@pytest.fixture
def museum(request: pytest.FixtureRequest, installed: Cluster, shop: User, far: User) -> Iterator[Museum]:
    """From MinIO to Ceph, or the other way round."""
    with opened_museum(installed, shop, far, request.node.name) as made:
        yield made


def burnt(user: User, bucket: str) -> None:
    """The store was rebuilt: of the bucket nothing is left."""
    found = user.s3.list_object_versions(Bucket=bucket)
    for item in (*found.get("Versions", ()), *found.get("DeleteMarkers", ())):
        user.s3.delete_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])
    user.s3.delete_bucket(Bucket=bucket)


def test_a_primary_that_comes_back_empty_is_filled_and_empties_nothing(museum: Museum) -> None:
    """Applications were led back to a bucket with 1 of 101 objects, and with deletes: Mirror the destination followed it."""
    source, near_s3, far_s3 = museum.ends[0], museum.near.s3, museum.far.s3
    near, far = museum.buckets(source=VERSIONED, **VERSIONED)
    fill(near_s3, near, IMAGES)
    mirror: dict[str, Any] = {"deletes": "Mirror", "guard": {"maxDeletePercent": 100}}
    museum.policy(**mirror, failover={"role": "Primary"})
    museum.becomes("Ready", "True")
    museum.policy(**mirror, failover={"role": "Promoted"})
    eventually(lambda: museum.role() == ("Promoted", True), PATIENCE, lambda: f"promoted; {museum.status()}")

    burnt(museum.near, near)
    fill(far_s3, far, {"i/new.jpg": b"of applications"})
    everything = {**IMAGES, "i/new.jpg": b"of applications"}
    museum.near.look_now(source)
    museum.near.await_condition(source, "ContentLost", "True")
    museum.policy(**mirror, failover={"role": "Primary"})
    eventually(lambda: museum.role() == ("Primary", True), PATIENCE, lambda: f"back; {museum.status()}")
    assert content(near_s3, near) == content(far_s3, far) == everything, "before applications are led there"

    # Until a person has seen the loss, nothing that the source lacks is deleted at the destination.
    near_s3.delete_object(Bucket=near, Key="i/new.jpg")
    said = museum.becomes("Held", "True", "DeletesHeld")
    assert f"ContentLost is True on the ImageBucket {source}; acknowledge it there first" in said
    assert content(far_s3, far) == everything
    held = museum.near.get(source)["status"]["plan"]["held"]
    museum.near.patch(source, approve=[next(h["token"] for h in held if h["facet"] == "content")])
    eventually(lambda: "i/new.jpg" not in keys(far_s3, far), PATIENCE, lambda: f"deleted; {museum.status()}")
    eventually(lambda: museum.says("Held")[0] == "", PATIENCE, lambda: f"nothing waits; {museum.status()}")
    assert content(near_s3, near) == content(far_s3, far) == IMAGES


def test_an_upload_under_way_at_the_fence_is_brought_over_and_listed(museum: Museum) -> None:
    """Ceph asks for the right when a request begins. This one ends after the fence, and after the run that made both sides equal."""
    museum.near, museum.far = museum.far, museum.near
    near, far = museum.buckets()
    fill(museum.near.s3, near, {"old.jpg": b"1"})
    museum.policy(failover={"role": "Primary"})
    museum.becomes("Ready", "True")
    slow = begun(museum.near.s3, near, "late.jpg")
    museum.policy(failover={"role": "Promoted"})
    museum.becomes("Fenced", "True", "Fenced")
    eventually(lambda: museum.role() == ("Promoted", True), PATIENCE, lambda: f"promoted; {museum.status()}")
    assert keys(museum.far.s3, far) == ["old.jpg"]
    with pytest.raises(ClientError, match="AccessDenied"):
        museum.near.s3.put_object(Bucket=near, Key="refused.jpg", Body=b"x")

    slow.send(b"y")
    assert slow.getresponse().status == 200
    eventually(lambda: "late.jpg" in keys(museum.far.s3, far), PATIENCE, lambda: f"{museum.status()}")
    assert content(museum.far.s3, far)["late.jpg"] == b"xy"
    late = eventually(lambda: museum.status()["failover"].get("lateWrites"), PATIENCE, "it is told")
    assert late is not None
    assert late["objects"] == 1
    lines = zstd.decompress(museum.far.s3.get_object(Bucket=far, Key=late["report"])["Body"].read()).decode()
    assert [(s["key"], s["reason"]) for s in map(json.loads, lines.splitlines())] == [
        ("late.jpg", "LateWrite")
    ]
    assert "late.jpg" not in json.dumps(museum.status())

    def told() -> list[str]:
        found = museum.cluster.api.get("/apis/events.k8s.io/v1/namespaces/shop/events")["items"]
        return [e["reason"] for e in found if e["regarding"].get("name") == museum.name]

    eventually(lambda: "LateWrites" in told(), PATIENCE, lambda: f"an Event; {told()}")
