"""A real store tells the operator of what happens in a bucket, and a policy whose next run is due in an hour runs at once."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.cluster import Cluster
from dev.stores import Store, minio
from dev.stores.base import new_secret
from dev.stores.ceph import make_topic
from dev.wait import eventually
from tests.contract.samples import MINIO_WEBHOOK
from tests.e2e.harness import PATIENCE, SYSTEM, Operator, User, backend_manifests
from tests.e2e.museum import Museum
from tests.local.pair import content, fill

MINIO, CEPH = "telling", "telling-ceph"
EVENTS = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]


@pytest.fixture(scope="module")
def token() -> str:
    """What the store sends."""
    return new_secret()


def made(installed: Cluster, shop: User, backend: str, store: Store, arn: str, token: str) -> Museum:
    """Objects on the store that tells, and their copies on another one."""
    secret = {
        "metadata": {"name": "imagestore-notifications", "namespace": SYSTEM},
        "stringData": {"token": token},
    }
    allowed = backend_manifests(backend, store, namespaces=("shop",), allowedNotificationTargets=[arn])
    installed.apply(yaml.safe_dump_all([{"apiVersion": "v1", "kind": "Secret", **secret}, *allowed]))
    return Museum(installed, User(installed, "shop", backend, store), shop, f"told-{backend}")


@pytest.fixture
def told_by_minio(
    shop: User, installed: Cluster, directory: Path, receiver: str, token: str
) -> Iterator[Museum]:
    """A MinIO whose webhook is the operator."""
    webhook = f"http://{receiver}/notifications/{MINIO}"
    with minio(directory, name=MINIO, webhook=webhook, webhook_token=token) as store:
        museum = made(installed, shop, MINIO, store, MINIO_WEBHOOK, token)
        yield museum
        installed.kubectl("delete", "rpol", museum.name, "-n", "shop", "--ignore-not-found")


@pytest.fixture
def told_by_ceph(
    shop: User, installed: Cluster, ceph_store: Store, receiver: str, token: str
) -> Iterator[Museum]:
    """A topic whose push-endpoint is the operator."""
    arn = make_topic(ceph_store, CEPH, f"http://ceph:{token}@{receiver}/notifications/{CEPH}")
    museum = made(installed, shop, CEPH, ceph_store, arn, token)
    yield museum
    installed.kubectl("delete", "rpol", museum.name, "-n", "shop", "--ignore-not-found")


def status_of(receiver: str, body: bytes, token: str) -> int:
    """What a request to the receiver is answered with."""
    request = urllib.request.Request(
        f"http://{receiver}/notifications/{MINIO}", body, {"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def heard(running: Operator, result: str = "heard") -> float:
    return running.metrics().get(f'imagestore_notifications_total{{result="{result}"}}', 0)


def test_a_topic_of_ceph_brings_the_next_run_forward(
    told_by_ceph: Museum, running: Operator, token: str
) -> None:
    museum, before = told_by_ceph, heard(running)
    topic = {"name": "all", "arn": f"arn:aws:sns:default::{CEPH}", "events": EVENTS}
    near, far = museum.buckets(source={"notifications": {"topics": [topic]}})
    fill(museum.near.s3, near, {"secret-name-1.jpg": b"1"})
    museum.policy(schedule={"interval": "1h"}, notifications={"enabled": True})
    museum.becomes("Listening", "True")
    museum.becomes("Ready", "True", "Replicated")
    fill(museum.near.s3, near, {"secret-name-2.jpg": b"2"})
    both = {"secret-name-1.jpg": b"1", "secret-name-2.jpg": b"2"}
    eventually(lambda: content(museum.far.s3, far) == both, PATIENCE, "copied an hour before the next run")
    assert heard(running) > before
    assert heard(running, "unauthorized") == 0
    assert token not in running.log()


def test_what_a_store_tells_of_is_copied_at_once(
    told_by_minio: Museum, running: Operator, receiver: str, token: str
) -> None:
    museum = told_by_minio
    queue = {"name": "all", "arn": MINIO_WEBHOOK, "events": EVENTS}
    near, far = museum.buckets(source={"notifications": {"queues": [queue]}})
    fill(museum.near.s3, near, {"secret-name-1.jpg": b"1"})
    museum.policy(schedule={"interval": "1h"}, notifications={"enabled": True})
    assert f"/notifications/{MINIO}" in museum.becomes("Listening", "True")
    museum.becomes("Ready", "True", "Replicated")
    fill(museum.near.s3, near, {"secret-name-2.jpg": b"2"})
    both = {"secret-name-1.jpg": b"1", "secret-name-2.jpg": b"2"}
    eventually(lambda: content(museum.far.s3, far) == both, PATIENCE, "copied an hour before the next run")

    # No listing shows a change of tags: the notification names the key, and the run compares its attributes.
    tagged = {"TagSet": [{"Key": "team", "Value": "press"}]}
    museum.near.s3.put_object_tagging(Bucket=near, Key="secret-name-1.jpg", Tagging=tagged)

    def tags() -> Any:
        return museum.far.s3.get_object_tagging(Bucket=far, Key="secret-name-1.jpg")["TagSet"]

    eventually(lambda: tags() == tagged["TagSet"], PATIENCE, lambda: f"its tags follow; they are {tags()}")

    assert status_of(receiver, b"{}", "wrong") == 401
    assert status_of(receiver, b"secret-name-3", token) == 400
    assert heard(running) >= 2
    assert (heard(running, "unauthorized"), heard(running, "malformed")) == (1, 1)
    said = running.log() + json.dumps(museum.status())
    assert "secret-name" not in said
    assert token not in said
