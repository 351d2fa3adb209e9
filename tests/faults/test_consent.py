"""On a real Ceph RGW, which answers 200 to the creation of one's own bucket: what is there already is not taken for new."""

from collections.abc import Iterator
from typing import Any

import pytest

from dev.stores import Store as Server
from tests.faults.faults import error
from tests.faults.proxy import Proxy, proxied
from tests.faults.world import SPEC, StoreWorld, make, plain
from tests.reconcile.world import World

RULE = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "scratch/"}, "Expiration": {"Days": 400}}
EXPIRY: dict[str, Any] = {**SPEC, "lifecycle": {"rules": [{"name": "all", "expire": {"days": 1}}]}}


@pytest.fixture(scope="module")
def ceph_proxy(ceph_store: Server) -> Iterator[Proxy]:
    with proxied(ceph_store.endpoint) as running:
        yield running


@pytest.fixture
def intended(ceph_store: Server, ceph_proxy: Proxy) -> StoreWorld:
    """The store has said that there is no such bucket, and status that one will be made."""
    world = make(ceph_store, ceph_proxy).apply(**EXPIRY)
    world.step()
    assert "intent" in world.status
    ceph_proxy.forget()
    return world


def asked(world: StoreWorld, steps: int) -> None:
    """Steps of a world in which something waits for a person, which no fault may bring about by itself."""
    for _ in range(steps):
        World.step(world)
        world.later(seconds=max(world.wait or 0.0, 1.0))


def test_a_new_bucket_is_made_and_set_up(intended: StoreWorld) -> None:
    intended.recover()
    assert intended.differences() == []


def test_a_bucket_that_is_full_by_now_keeps_what_is_set_on_it(intended: StoreWorld) -> None:
    """It lost the tags and rules of whoever had made it, and got a one-day expiry."""
    s3, bucket = plain(intended.server), intended.bucket_name
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "cost", "Value": "7"}]})
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [RULE]})
    s3.put_object(Bucket=bucket, Key="theirs.jpg", Body=b"picture")
    before = intended.snapshot()
    intended.go(3)
    assert intended.ready == ("False", "BucketExists")
    assert intended.snapshot() == before


def test_a_bucket_with_nothing_but_anothers_rules_keeps_them(intended: StoreWorld) -> None:
    s3, bucket = plain(intended.server), intended.bucket_name
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [RULE]})
    before = intended.snapshot()
    intended.go(3)
    assert intended.ready == ("False", "BucketExists")
    assert intended.snapshot() == before


def test_a_picture_that_came_before_the_mark_is_asked_about(intended: StoreWorld) -> None:
    """By RGW's own date the bucket is younger than the object: a person may say that it is this object's."""
    s3, bucket = plain(intended.server), intended.bucket_name
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="new.jpg", Body=b"picture")
    before = intended.snapshot()
    asked(intended, 3)
    assert intended.ready == ("False", "CreationNotProven")
    assert intended.snapshot() == before
    intended.edit(approve=[intended.held()["creation"]])
    asked(intended, 6)
    assert intended.ready == ("True", "InSync")
    assert intended.differences() == []
    assert s3.get_object(Bucket=bucket, Key="new.jpg")["Body"].read() == b"picture"


def test_what_waits_for_a_person_waits_on_after_a_store_has_denied_the_bucket(
    intended: StoreWorld, ceph_proxy: Proxy
) -> None:
    """Two answers 404, an intent, and RGW's 200 for what was there all along: a suspension was carried out unasked."""
    s3, bucket = plain(intended.server), intended.bucket_name
    intended.recover()
    s3.put_object(Bucket=bucket, Key="old.jpg", Body=b"picture")
    intended.edit(versioning={"state": "Suspended"})
    asked(intended, 3)
    held, before = intended.held(), intended.snapshot()
    assert set(held) == {"versioning"}
    with ceph_proxy.failing(error(404, "NoSuchBucket")):
        intended.later(minutes=10)
        World.step(intended)
    assert "intent" in intended.status
    asked(intended, 3)
    assert intended.ready == ("False", "NeedsApproval")
    assert held.items() <= intended.held().items()
    assert intended.snapshot() == before
    intended.edit(approve=[held["versioning"]])
    asked(intended, 3)
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Suspended"
