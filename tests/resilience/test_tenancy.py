"""What a namespace's user tries in order to reach what is not his. Each attempt gets a clear answer, none succeeds.

More than one operator in seven lets a tenant name an object in another namespace (arXiv 2507.03387).
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from dev.cluster import Cluster
from dev.cluster.api import GROUP, MERGE, Api, Json, Refused, bucket_path
from dev.stores import Store
from dev.wait import eventually
from imagestore.facets.tags import OWNER
from tests.e2e.harness import SYSTEM
from tests.resilience.canary import Canary, canary
from tests.resilience.objects import conditions, image_bucket
from tests.resilience.pod import Pod
from tests.resilience.tenant import SHOP, Tenant

MALLORY = "mallory"
# What an aggregation controller, which runs in no cluster of ours, would make the one role `edit` of.
ROLES = ("edit", "imagestore-view", "imagestore-edit")


@pytest.fixture(scope="module")
def mallory(cluster: Cluster, operator: Pod) -> Api:
    """A ServiceAccount with the role `edit` in a namespace that may use no backend."""
    admin = cluster.api
    admin.call("POST", "/api/v1/namespaces", {"metadata": {"name": MALLORY}})
    admin.call("POST", f"/api/v1/namespaces/{MALLORY}/serviceaccounts", {"metadata": {"name": MALLORY}})
    for role in ROLES:
        binding = {
            "metadata": {"name": role},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": MALLORY, "namespace": MALLORY}],
        }
        admin.call("POST", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{MALLORY}/rolebindings", binding)
    token = cluster.kubectl("create", "token", MALLORY, "-n", MALLORY).stdout.strip()
    api = Api.bearing(cluster.server, cluster.ca_file, token)
    path, body = f"{bucket_path(MALLORY)}?dryRun=All", image_bucket(MALLORY, "first", "minio")
    eventually(lambda: api.call("POST", path, body), 60, "the last role is his", retry_on=(Refused,))
    return api


@pytest.fixture(scope="module")
def victim(cluster: Cluster, store: Store, operator: Pod) -> Tenant:
    """Somebody with a bucket and a picture in it."""
    tenant = Tenant(cluster.api, SHOP, store)
    tenant.create("victim", tags={"team": "one"})
    tenant.ready("victim")
    tenant.s3.put_object(Bucket="shop--victim", Key="1.jpg", Body=b"picture")
    return tenant


@pytest.fixture(autouse=True)
def nothing_happens(victim: Tenant, shop: Tenant) -> Iterator[None]:
    """No bucket comes or goes, and the victim's is as it was."""
    before, mark = victim.buckets(), victim.s3.get_bucket_tagging(Bucket="shop--victim")
    yield
    after = victim.s3.get_bucket_tagging(Bucket="shop--victim")
    assert victim.buckets() == before
    assert sorted(map(str, after["TagSet"])) == sorted(map(str, mark["TagSet"]))
    assert victim.s3.get_object(Bucket="shop--victim", Key="1.jpg")["Body"].read() == b"picture"


FORGED: Json = {
    "created": "2020-01-01T00:00:00Z", "arn": "arn:aws:s3:::shop--victim", "bucketName": "shop--victim", "conditions": []
}  # fmt: skip
OWN = bucket_path(MALLORY, "own")
FORBIDDEN: dict[str, tuple[str, str, Json | None]] = {
    "make a backend": ("POST", f"{GROUP}/storagebackends", {"metadata": {"name": "mine"}, "spec": {}}),
    "read the backends": ("GET", f"{GROUP}/storagebackends", None),
    "read one backend": ("GET", f"{GROUP}/storagebackends/minio", None),
    "open a backend to himself": ("PATCH", f"{GROUP}/storagebackends/minio", {"spec": {"namespaces": {"names": [MALLORY]}}}),
    "move a backend": ("PATCH", f"{GROUP}/storagebackends/minio", {"spec": {"s3": {"endpoint": "http://127.0.0.1:1"}}}),
    "read a store's Secret": ("GET", f"/api/v1/namespaces/{SYSTEM}/secrets/minio", None),
    "list the Secrets": ("GET", f"/api/v1/namespaces/{SYSTEM}/secrets", None),
    "replace a store's Secret": ("PATCH", f"/api/v1/namespaces/{SYSTEM}/secrets/minio", {"data": {}}),
    "become the operator": ("POST", f"/api/v1/namespaces/{SYSTEM}/serviceaccounts/imagestore/token", {"spec": {}}),
    "take the Lease": ("PATCH", f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases/imagestore", {"spec": {"holderIdentity": "m"}}),
    "see another's buckets": ("GET", bucket_path(SHOP), None),
    "edit another's bucket": ("PATCH", bucket_path(SHOP, "victim"), {"spec": {"deletionPolicy": "DeleteAll"}}),
    "delete another's bucket": ("DELETE", bucket_path(SHOP, "victim"), None),
    "make a bucket elsewhere": ("POST", bucket_path(SHOP), image_bucket(SHOP, "planted", "minio")),
    "forge a status": ("PATCH", f"{OWN}/status", {"status": FORGED}),
    "forge another's status": ("PATCH", f"{bucket_path(SHOP, 'victim')}/status", {"status": FORGED}),
    "label his namespace": ("PATCH", f"/api/v1/namespaces/{MALLORY}", {"metadata": {"labels": {"team": "shop"}}}),
    "change the CRD": ("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/imagebuckets.imagestore.dev", None),
}  # fmt: skip


@pytest.mark.parametrize("attempt", list(FORBIDDEN))
def test_the_api_server_refuses(mallory: Api, attempt: str) -> None:
    """The chart's aggregated role for users holds nothing that would allow it."""
    method, path, body = FORBIDDEN[attempt]
    with pytest.raises(Refused) as refused:
        mallory.call(method, path, body, MERGE if method == "PATCH" else "application/json")
    assert refused.value.code == 403, refused.value


CLAIMS: dict[str, Json] = {
    "another's bucket": {"bucketName": "shop--victim"},
    "another's bucket, by adoption": {"bucketName": "shop--victim", "adoption": "Granted"},
    "another's bucket, only looking": {"bucketName": "shop--victim", "mode": "Observe"},
    "another's bucket, to delete it": {"bucketName": "shop--victim", "deletionPolicy": "DeleteAll"},
    "a bucket of his own": {},
    "another's mark": {"tags": {OWNER: "e2e/shop/victim"}},
    "an approval of his own": {"bucketName": "shop--victim", "approve": ["a", "b"]},
}


@pytest.mark.parametrize("claim", list(CLAIMS))
def test_a_claim_is_refused_in_words(mallory: Api, victim: Tenant, claim: str) -> None:
    """By the schema, or by a condition before any call to the store; deleting it afterwards deletes nothing else."""
    name = f"claim-{list(CLAIMS).index(claim)}"
    path = bucket_path(MALLORY, name)
    try:
        mallory.call("POST", bucket_path(MALLORY), image_bucket(MALLORY, name, "minio", **CLAIMS[claim]))
    except Refused as error:
        if error.code != 422:
            raise
        return

    def ready() -> Json:
        return conditions(mallory.get(path)).get("Ready", {})

    eventually(lambda: ready().get("status") == "False", 60, lambda: f"{claim}: {mallory.get(path)}")
    assert ready()["reason"] == "NamespaceNotAllowed", ready()
    for word in (victim.store.endpoint, victim.store.access_key, "shop/victim"):
        assert word not in str(mallory.get(path).get("status")), "the answer tells what he may not know"
    mallory.call("DELETE", path)
    eventually(lambda: mallory.find(path) is None, 60, "he can take it back")


def test_forged_finalizers_and_owners_change_nothing(mallory: Api, cluster: Cluster) -> None:
    """Metadata is the user's to write: the operator's own finalizer, put there or taken away, deletes no bucket."""
    body = image_bucket(MALLORY, "forged", "minio", bucketName="shop--victim", deletionPolicy="DeleteAll")
    body["metadata"]["finalizers"] = ["imagestore.dev/bucket"]
    body["metadata"]["ownerReferences"] = [
        {"apiVersion": "imagestore.dev/v1alpha1", "kind": "StorageBackend", "name": "minio", "uid": "0"}
    ]
    body["status"] = FORGED
    mallory.call("POST", bucket_path(MALLORY), body)
    path = bucket_path(MALLORY, "forged")
    # The garbage collector may be first: there is no such owner.
    eventually(
        lambda: mallory.find(path) is None or conditions(mallory.get(path)), 60, "judged", retry_on=(Refused,)
    )
    with suppress(Refused):
        mallory.call("DELETE", path)
    eventually(lambda: mallory.find(path) is None, 60, lambda: f"let go: {mallory.find(path)}")


def strings(url: str) -> dict[str, Any]:
    """Every string field of the spec that takes free text, with an address in it."""
    return {
        "reconcileRequest": url, "approve": [url.removeprefix("http://")[:60]],
        "tags": {"url": url, url.replace("http://", "x/")[:60]: "endpoint"},
        "drift": {"snooze": {"until": "2000-01-01T00:00:00Z", "reason": url}},
        "encryption": {"algorithm": "SSE-KMS", "keyId": f"{url}/key"},
        "policy": {"statements": [{"sid": "a", "effect": "Deny", "principals": [f"Service:{url}"], "actions": ["s3:GetObject"],
            "resources": ["x/*"], "conditions": [{"operator": "StringLike", "key": "aws:Referer", "values": [url]}]}]},
        "cors": {"rules": [{"name": "a", "origins": [url], "methods": ["GET"]}]},
        "lifecycle": {"rules": [{"name": "a", "match": {"prefix": url}, "expire": {"days": 1}}]},
    }  # fmt: skip


@pytest.fixture
def trap() -> Iterator[Canary]:
    """An address of the user's choice."""
    with canary() as made:
        yield made


def test_no_field_makes_the_operator_call_an_address(
    mallory: Api, trap: Canary, cluster: Cluster, store: Store
) -> None:
    """In every text field, of a namespace that may use the backend and of one that may not: nobody comes."""
    made: list[str] = []
    for namespace, backend in ((SHOP, "minio"), (MALLORY, "minio"), (MALLORY, f"127.0.0.1.{trap.port}")):
        api = cluster.api if namespace == SHOP else mallory
        for field, value in strings(trap.url).items():
            name = f"ssrf-{len(made)}"
            body = image_bucket(namespace, name, backend, mode="Observe", **{field: value})
            body["metadata"]["annotations"] = {"endpoint": trap.url, "imagestore.dev/endpoint": trap.url}
            try:
                api.call("POST", bucket_path(namespace), body)
                made.append(bucket_path(namespace, name))
            except Refused as error:
                if error.code not in (400, 422):
                    raise
    assert len(made) > 12
    admin = cluster.api
    eventually(lambda: all(conditions(admin.get(p)) for p in made), 60, "each is judged")
    assert trap.visitors == []
