"""Restores in a cluster: a bucket that was emptied comes back from a Backup, also where the operator is killed in the middle."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from dev.cluster import Cluster
from dev.stores import Store
from dev.wait import eventually
from imagestore.api.restorestatus import RestoreStatus
from imagestore.core import conditions
from tests.e2e.harness import PATIENCE, SYSTEM, Operator, User, backend_manifests
from tests.e2e.test_backup import granted
from tests.local.pair import keys
from tests.repository.test_on_stores import held, picture

PATH = "/apis/imagestore.dev/v1alpha1/namespaces/shop"
COUNT = 60
SLOW = {"requestsPerSecond": 30, "burst": 5, "concurrency": 4}
REPOSITORY = {
    "bucketRef": {"name": "gallery-backups"}, "prefix": "photos/", "encryption": {"secretRef": {"name": "gallery-key"}},
}  # fmt: skip
Json = dict[str, Any]


@dataclass
class Gallery:
    """A bucket on one store, and its backups on another."""

    cluster: Cluster
    near: User
    far: User

    def make(self, kind: str, name: str, **spec: Any) -> None:
        """`kubectl apply`."""
        meta = {"name": name, "namespace": "shop"}
        body = {"apiVersion": "imagestore.dev/v1alpha1", "kind": kind, "metadata": meta, "spec": spec}
        self.cluster.apply(yaml.safe_dump(body))

    def restore(self, name: str, **spec: Any) -> None:
        """To the bucket that was backed up."""
        self.make("Restore", name, destination={"bucketRef": {"name": "gallery-photos"}}, **spec)

    def status(self, name: str, plural: str = "restores") -> Json:
        """Every status of a Restore that is seen obeys the rules of kstatus."""
        found = self.cluster.api.get(f"{PATH}/{plural}/{name}")
        status = dict(found.get("status") or {})
        if plural == "restores" and status.get("conditions"):
            read, generation = RestoreStatus.model_validate(status), found["metadata"]["generation"]
            assert not conditions.violations(read.conditions, generation, read.observed_generation), status
        return status

    def becomes(self, name: str, phase: str, plural: str = "restores") -> Json:
        """Its status, once it is in this phase."""

        def there() -> bool:
            return self.status(name, plural).get("phase") == phase

        eventually(there, PATIENCE, lambda: f"{name} is {phase}: {self.status(name, plural)}")
        return self.status(name, plural)

    @property
    def bucket(self) -> str:
        return self.near.bucket("gallery-photos")

    def holds(self, wanted: dict[str, Any]) -> None:
        """These objects and no other, once the Restore's folder is deleted."""
        eventually(
            lambda: held(self.near.s3, self.bucket) == wanted,
            PATIENCE,
            "the bucket holds what it held",
            retry_on=(ClientError,),
        )

    def emptied(self) -> None:
        for key in keys(self.near.s3, self.bucket):
            self.near.s3.delete_object(Bucket=self.bucket, Key=key)


@pytest.fixture(scope="module")
def gallery(shop: User, installed: Cluster, minio_store: Store, ceph_store: Store) -> Iterator[Gallery]:
    """Pictures with headers, metadata and tags, and a Backup of them. The store of the pictures may be asked 30 times a second."""
    slow = backend_manifests("gallery", minio_store, namespaces=("shop",))
    slow[-1]["spec"]["limits"] = SLOW
    key = {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "gallery-key", "namespace": "shop"},
        "stringData": {"key": "0123456789abcdef0123456789abcdef"},
    }  # fmt: skip
    far = backend_manifests("ceph", ceph_store, namespaces=("shop",))
    installed.apply(yaml.safe_dump_all([*slow, *far, key, *granted(installed)]))
    near = User(installed, "shop", "gallery", minio_store)
    made = Gallery(installed, near, User(installed, "shop", "ceph", ceph_store))
    made.near.apply("gallery-photos")
    made.far.apply("gallery-backups")
    made.near.ready("gallery-photos")
    made.far.ready("gallery-backups")
    for n in range(COUNT):
        told = {"ContentType": "image/png", "CacheControl": "max-age=60", "Metadata": {"artist": f"a{n}"}}
        near.s3.put_object(
            Bucket=made.bucket, Key=f"shop/{n:03}.png", Body=picture(n), Tagging=f"n={n}", **told
        )
    yield made
    installed.kubectl("delete", "rst,ibk", "--all", "-n", "shop")


def test_what_a_backup_holds_comes_back_with_every_attribute(gallery: Gallery, running: Operator) -> None:
    before = held(gallery.near.s3, gallery.bucket)
    gallery.make("Backup", "gallery", source={"bucketRef": {"name": "gallery-photos"}}, repository=REPOSITORY)
    gallery.restore("early", backupRef={"name": "gallery"}, conflict="Skip")
    made = gallery.becomes("gallery", "Succeeded", "backups")
    assert gallery.becomes("early", "Succeeded")["kept"] == COUNT, "it waited for the Backup"
    gallery.emptied()
    gallery.restore("back", backupRef={"name": "gallery"}, readBackPercent=100)
    status = gallery.becomes("back", "Succeeded")
    gallery.holds(before)
    assert (status["objects"], status["verified"], status["backup"]) == (COUNT, COUNT, made["backup"])
    shown = gallery.cluster.kubectl("get", "rst", "back", "-n", "shop").stdout
    assert "Succeeded" in shown
    told = gallery.cluster.api.get("/apis/events.k8s.io/v1/namespaces/shop/events")["items"]
    assert "Restored" in [e["reason"] for e in told if e["regarding"].get("name") == "back"]
    phase = 'imagestore_restore_phase{name="back",namespace="shop",phase="Succeeded"}'
    assert running.metrics()[phase] == 1.0
    assert "shop/001.png" not in running.log()
    again = gallery.cluster.kubectl(
        "patch",
        "rst",
        "back",
        "-n",
        "shop",
        "--type=merge",
        "-p",
        '{"spec":{"conflict":"Overwrite"}}',
        check=False,
    )
    assert "create a new Restore instead" in again.stderr


def test_a_restore_goes_on_after_its_operator_was_killed(gallery: Gallery, running: Operator) -> None:
    before = held(gallery.near.s3, gallery.bucket)
    assert len(before) == COUNT
    gallery.emptied()
    gallery.restore("killed", repository=REPOSITORY, priorities=["shop/05"])
    s3, bucket = gallery.near.s3, gallery.bucket
    eventually(lambda: len(keys(s3, bucket)) >= 5, PATIENCE, "it writes")
    running.server.kill()
    assert 0 < len(keys(s3, bucket)) < COUNT, "it was in the middle"
    gallery.cluster.kubectl("delete", "lease", "imagestore", "-n", SYSTEM)  # else its time is waited for
    running.server.start()
    status = gallery.becomes("killed", "Succeeded")
    gallery.holds(before)
    assert status["plan"]["objects"] == COUNT
    assert "failed" not in status
