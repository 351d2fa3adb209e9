"""Names as long as Kubernetes and S3 allow: nothing that is made of them (Events, marks, series) is too long."""

import pytest

from dev.cluster import Cluster
from dev.cluster.api import GROUP, Json, Refused, bucket_path
from dev.stores import Store
from dev.wait import eventually
from imagestore.facets.tags import OWNER
from tests.e2e.harness import INSTALLATION, backend_manifests
from tests.resilience.objects import conditions, image_bucket, settled
from tests.resilience.pod import Pod
from tests.resilience.tenant import Tenant
from tests.resilience.test_secrets import SECRETS, put

NAMESPACE = "n" * 63
LONG = ".".join(["a" * 63] * 3 + ["b" * 61])  # 253 characters, for what is not in a bucket's tag
NAME = f"{'a' * 63}.{'b' * 64}"  # 128 characters
BUCKET = "c" * 63


def test_the_longest_names(shop: Tenant, cluster: Cluster, store: Store, operator: Pod) -> None:
    """128 for the object, 253 for its backend, 63 for namespace and bucket: made, marked, told and deleted."""
    began = len(operator.log)
    shop.api.call("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    secret, *_, backend = backend_manifests(LONG, store, namespaces=(NAMESPACE,), bucketNames="*")
    backend["spec"].pop("admin", None)
    put(shop.api, SECRETS, secret)
    put(shop.api, f"{GROUP}/storagebackends", backend)
    path = bucket_path(NAMESPACE, NAME)
    body = image_bucket(
        NAMESPACE, NAME, LONG, bucketName=BUCKET, tags={"team": "one"}, deletionPolicy="DeleteIfEmpty"
    )
    shop.api.call("POST", bucket_path(NAMESPACE), body)
    eventually(lambda: settled(shop.api.get(path)), 60, lambda: f"{conditions(shop.api.get(path))}")
    tags = {t["Key"]: t["Value"] for t in shop.s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"]}
    assert tags[OWNER] == f"{INSTALLATION}/{NAMESPACE}/{NAME}"
    with pytest.raises(Refused, match="use at most 128 characters"):
        shop.api.call(
            "POST", bucket_path(NAMESPACE), image_bucket(NAMESPACE, f"{NAME}c", LONG, bucketName="abc")
        )

    def told() -> list[Json]:
        events = shop.api.get(f"/apis/events.k8s.io/v1/namespaces/{NAMESPACE}/events")["items"]
        return [e for e in events if e["reason"] == "Created"]

    eventually(told, 60, "its Event")
    shop.api.call("DELETE", path)
    eventually(lambda: shop.api.find(path) is None, 60, lambda: f"{shop.api.find(path)}")
    assert BUCKET not in shop.buckets()
    assert "is not posted" not in operator.log[began:]
