"""Somebody uploads a picture, and whoever the YAML names is told: real stores, a real listener."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.stores import Store, ceph, minio
from dev.wait import eventually
from tests.backends.listener import Heard, listening
from tests.contract.samples import AWS_QUEUE, CEPH_TOPIC, MINIO_WEBHOOK
from tests.e2e.harness import PATIENCE, Operator, User, backend_manifests

JPG = {"name": "new-picture", "events": ["s3:ObjectCreated:*"], "prefix": "originals/", "suffix": ".jpg"}


@pytest.fixture(scope="module")
def heard() -> Iterator[Heard]:
    """The shop's own service."""
    with listening() as listener:
        yield listener


@pytest.fixture(scope="module")
def telling(heard: Heard, directory: Path, aws_store: Store) -> Iterator[dict[str, Store]]:
    """Stores that can tell it: a webhook in MinIO's configuration, a topic of Ceph's; and a queue of moto's."""
    with ExitStack() as stack:
        yield {
            "told-minio": stack.enter_context(minio(directory, name="told-minio", webhook=heard.endpoint)),
            "told-ceph": stack.enter_context(ceph(directory, name="told-ceph", webhook=heard.endpoint)),
            "told-aws": aws_store,
        }


TARGETS = {
    "told-minio": ("queues", MINIO_WEBHOOK),
    "told-ceph": ("topics", CEPH_TOPIC),
    "told-aws": ("queues", AWS_QUEUE),
}


def user(shop: User, store: Store, backend: str, *allowed: str) -> User:
    """The shop with buckets on this store, where these targets may be named."""
    made = backend_manifests(backend, store, namespaces=("shop",), allowedNotificationTargets=list(allowed))
    shop.cluster.apply(yaml.safe_dump_all(made))
    return User(shop.cluster, "shop", backend, store)


def keys_told(heard: Heard) -> list[str]:
    """Which uploads the listener was told of."""
    bodies = [json.loads(body) for method, _, _, body in heard.asked if method == "POST" and body]
    return [r["s3"]["object"]["key"].replace("%2F", "/") for body in bodies for r in body.get("Records", ())]


def keys_queued(store: Store) -> list[str]:
    """Which uploads are in moto's queue."""
    sqs = store.client("sqs")
    url = sqs.get_queue_url(QueueName="images")["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", ())
    records = [r for m in found for r in json.loads(m["Body"]).get("Records", ())]
    return [r["s3"]["object"]["key"].replace("%2F", "/") for r in records]


def purge(store: Store) -> None:
    """moto tells of each notification that is set: after the contract tests no upload was among the ten first messages."""
    sqs = store.client("sqs")
    sqs.purge_queue(QueueUrl=sqs.get_queue_url(QueueName="images")["QueueUrl"])


@pytest.mark.parametrize("backend", TARGETS)
def test_each_uploaded_picture_is_told(
    shop: User, telling: dict[str, Store], heard: Heard, backend: str
) -> None:
    kind, arn = TARGETS[backend]
    buyer, name = user(shop, telling[backend], backend, arn), f"pictures-{backend}"
    buyer.apply(name, notifications={kind: [{**JPG, "arn": arn}]})
    buyer.ready(name)
    heard.asked.clear()
    if backend == "told-aws":
        purge(buyer.store)
    for key in ("originals/readme.txt", "thumbs/a.jpg", "originals/a.jpg"):
        buyer.s3.put_object(Bucket=buyer.bucket(name), Key=key, Body=b"picture")

    def told() -> list[str]:
        return keys_queued(buyer.store) if backend == "told-aws" else keys_told(heard)

    eventually(lambda: "originals/a.jpg" in told(), PATIENCE, lambda: f"the upload is told; {told()}")
    assert set(told()) == {"originals/a.jpg"}
    buyer.apply(name)
    buyer.ready(name)
    assert _targets(buyer, name) == [], "no longer in the spec: the harmless setting is cleared"


def _targets(buyer: User, name: str) -> list[str]:
    answer = buyer.s3.get_bucket_notification_configuration(Bucket=buyer.bucket(name))
    lists = (answer.get(k, ()) for k in ("QueueConfigurations", "TopicConfigurations"))
    return [n["Id"] for some in lists for n in some]


@pytest.mark.parametrize(
    ("backend", "arn", "words"),
    [
        ("told-minio", "arn:minio:sqs::NOPE:webhook", "destination ARN does not exist"),
        ("told-ceph", "arn:aws:sns:default::nope", "404 NoSuchKey"),
    ],
)
def test_a_target_that_is_not_there_is_named(
    shop: User, telling: dict[str, Store], backend: str, arn: str, words: str
) -> None:
    kind, _ = TARGETS[backend]
    buyer = user(shop, telling[backend], backend, "arn:*")
    buyer.apply(f"nowhere-{backend}", notifications={kind: [{**JPG, "arn": arn}]})
    message = buyer.stuck(f"nowhere-{backend}", "Rejected")
    assert words in message
    assert f"every target has to be there first, and to let the store send to it; new here: {arn}" in message


def test_a_target_that_the_administrator_did_not_allow_is_refused(
    shop: User, telling: dict[str, Store]
) -> None:
    buyer = user(shop, telling["told-minio"], "told-minio", "arn:minio:sqs::OTHER:*")
    buyer.apply("curious", notifications={"queues": [{**JPG, "arn": MINIO_WEBHOOK}]})
    message = buyer.stuck("curious", "TargetNotAllowed")
    assert MINIO_WEBHOOK in message
    assert "tenancy.allowedNotificationTargets" in message


def test_minio_says_whose_setting_cors_is(shop: User) -> None:
    rule: dict[str, Any] = {"allowedOrigins": ["https://shop.example"], "allowedMethods": ["GET"]}
    shop.apply("cors", cors={"rules": [rule]})
    message = shop.stuck("cors", "Unsupported")
    assert "CORS is a setting of the whole server" in message
    assert "mc admin config set ALIAS api cors_allow_origin=" in message


def granted(buyer: User, name: str) -> int:
    """How many grants the bucket's ACL has."""
    return len(buyer.s3.get_bucket_acl(Bucket=buyer.bucket(name))["Grants"])


def set_acl(buyer: User, name: str, acl: str, *, grants: int) -> None:
    """Somebody sets an ACL by hand, and looks: a SeaweedFS gateway learns of settings by events of its filer."""
    buyer.s3.put_bucket_acl(Bucket=buyer.bucket(name), ACL=acl)
    eventually(lambda: granted(buyer, name) == grants, PATIENCE, f"the store says that the ACL is {acl}")


def test_a_public_acl_is_a_condition_an_event_and_a_metric(
    shop: User, running: Operator, seaweedfs_store: Store
) -> None:
    buyer = user(shop, seaweedfs_store, "with-acls")
    buyer.apply("open", acl={})
    buyer.ready("open")
    set_acl(buyer, "open", "public-read", grants=2)
    buyer.look_now("open")
    assert "READ to AllUsers" in buyer.await_condition("open", "PublicAcl", "True")["message"]
    buyer.await_event("open", "PublicAcl")
    labels = 'backend="with-acls",condition="PublicAcl",kind="ImageBucket",name="open",namespace="shop"'
    series = f'imagestore_status_condition{{{labels},status="True"}}'
    eventually(lambda: running.metrics().get(series) == 1, PATIENCE, "the metric")
    buyer.apply("open", acl={"grants": []})
    assert "put-bucket-acl" in buyer.stuck("open", "OnlyByHand")
    assert granted(buyer, "open") == 2, "an ACL is never written"
    set_acl(buyer, "open", "private", grants=1)
    buyer.look_now("open")
    buyer.ready("open")
    eventually(lambda: series not in running.metrics(), PATIENCE, "the metric is gone")
