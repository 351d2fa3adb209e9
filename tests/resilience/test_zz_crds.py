"""The CRDs go, with all objects, and come back: by mistake, by a wrong uninstall, by a tool that replaces them.

Comes last in its folder: every object of the cluster is gone afterwards.
"""

from pathlib import Path

import yaml

from dev.cluster import Cluster
from dev.cluster.api import Api
from dev.stores import Store
from dev.wait import eventually
from tests.e2e.harness import backend_manifests
from tests.resilience.pod import Pod
from tests.resilience.tenant import SHOP, Tenant

CRDS = Path(__file__).parents[2] / "crds"


def there(api: Api) -> list[str]:
    """Our CRDs that the API server has."""
    items = api.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")["items"]
    return [i["metadata"]["name"] for i in items if i["spec"]["group"] == "imagestore.dev"]


def test_buckets_outlive_their_crds(shop: Tenant, cluster: Cluster, store: Store, operator: Pod) -> None:
    """Every object is deleted and let go, every bucket stays, and the same manifests find them again."""
    shop.create("outlives", tags={"team": "one"})
    shop.create("dispensable", deletionPolicy="DeleteAll")
    shop.create("empty", deletionPolicy="DeleteIfEmpty")
    for name in ("outlives", "dispensable", "empty"):
        shop.ready(name)
    for bucket in ("shop--outlives", "shop--dispensable"):
        shop.s3.put_object(Bucket=bucket, Key="1.jpg", Body=b"picture")
    restarts = operator.restarts
    cluster.kubectl("delete", "crd", *there(shop.api), "--wait=false")
    eventually(lambda: not there(shop.api), 120, lambda: f"the CRDs are gone {operator.server.log_tail()}")
    assert operator.ask("/healthz")[0] == 200
    assert {"shop--outlives", "shop--dispensable", "shop--empty"} <= set(shop.buckets())
    assert shop.s3.get_object(Bucket="shop--dispensable", Key="1.jpg")["Body"].read() == b"picture"
    cluster.kubectl("apply", "-f", str(CRDS))
    cluster.await_crds()
    cluster.apply(yaml.safe_dump_all(backend_manifests("minio", store, namespaces=(SHOP,))))
    shop.create("outlives", tags={"team": "two"})
    shop.await_tag("outlives", "two", timeout=90)
    assert shop.s3.get_object(Bucket="shop--outlives", Key="1.jpg")["Body"].read() == b"picture"
    shop.tag("outlives", "three")
    shop.await_tag("outlives", "three", timeout=10)
    assert operator.restarts == restarts
