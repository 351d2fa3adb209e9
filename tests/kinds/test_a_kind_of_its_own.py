"""A kind that the package has never heard of is one record: nothing in the package is changed for it."""

import json
from dataclasses import replace
from typing import Any

import yaml

from dev.wait import eventually
from imagestore.controller.runtime import Kinds
from imagestore.k8s.api.resources import grants, missing
from imagestore.kinds import ALL
from tests.e2e.harness import OWNER, PATIENCE, Operator, User
from tests.kinds.tagset import TAG_SETS

PATH = "/apis/tests.example/v1/namespaces/depot/tagsets"


def give(shop: User, name: str, bucket: str, **tags: str) -> None:
    """`kubectl apply` of a TagSet."""
    spec = {"bucketRef": {"name": bucket}, "tags": tags}
    metadata = {"name": name, "namespace": "depot"}
    body = {"apiVersion": "tests.example/v1", "kind": "TagSet", "metadata": metadata, "spec": spec}
    shop.cluster.apply(yaml.safe_dump(body))


def ready(shop: User, name: str) -> tuple[str, str]:
    """Status and reason of its Ready condition."""
    status: dict[str, Any] = shop.cluster.api.get(f"{PATH}/{name}").get("status", {})
    found = (c for c in status.get("conditions", ()) if c["type"] == "Ready")
    return next(((c["status"], c["reason"]) for c in found), ("", ""))


def becomes(shop: User, name: str, status: str, reason: str) -> None:
    eventually(lambda: ready(shop, name) == (status, reason), PATIENCE, lambda: f"{ready(shop, name)}")


def tags(shop: User, bucket: str) -> dict[str, str]:
    """The bucket's tags in the store, without the owner's mark."""
    return {k: v for k, v in shop.tags(bucket).items() if k != OWNER}


def test_it_gives_is_told_and_takes_away(shop: User, running_with_kind: Operator) -> None:
    give(shop, "costs", "photos", centre="42")
    becomes(shop, "costs", "False", "BucketNotFound")

    shop.apply("photos", tags={"team": "shop"})
    becomes(shop, "costs", "True", "Applied")
    assert tags(shop, "photos") == {"team": "shop", "centre": "42"}
    assert shop.cluster.api.get(f"{PATH}/costs")["status"]["bucket"] == "depot--photos"

    give(shop, "costs", "photos", centre="43", quarter="Q4")
    eventually(lambda: tags(shop, "photos").get("quarter") == "Q4", PATIENCE, "the edit is in the store")
    becomes(shop, "costs", "True", "Applied")
    series = 'tests_tagset_tags{name="costs",namespace="depot"}'
    eventually(lambda: running_with_kind.metrics().get(series) == 2.0, PATIENCE, "its metric is exposed")
    assert running_with_kind.metrics()['imagestore_objects{kind="TagSet",ready="True"}'] == 1.0
    assert "Applied" in shop.events("costs")

    shop.cluster.kubectl("delete", "tagset", "costs", "-n", "depot")
    eventually(lambda: tags(shop, "photos") == {"team": "shop"}, PATIENCE, "what it gave is gone")
    shop.ready("photos")
    eventually(lambda: series not in running_with_kind.metrics(), PATIENCE, "its metric goes with it")


def test_it_is_told_when_its_bucket_goes(shop: User) -> None:
    shop.apply("scans")
    give(shop, "short", "scans", centre="1")
    becomes(shop, "short", "True", "Applied")
    shop.delete("scans")
    becomes(shop, "short", "False", "BucketNotFound")
    shop.cluster.kubectl("delete", "tagset", "short", "-n", "depot")


def test_what_a_bucket_is_given_is_an_input_of_it(shop: User) -> None:
    """Its hash is in status, so that a change while no operator was there is noticed."""
    shop.apply("kept")
    give(shop, "stays", "kept", centre="7")
    becomes(shop, "stays", "True", "Applied")
    before = shop.ready("kept")["status"]["inputsHash"]
    give(shop, "stays", "kept", centre="8")
    eventually(lambda: tags(shop, "kept") == {"centre": "8"}, PATIENCE, "given")
    eventually(lambda: shop.ready("kept")["status"]["inputsHash"] != before, PATIENCE, "another hash")


def test_its_rights_are_asked_for() -> None:
    """At the start the operator says what it is not allowed, and the generator's roles hold the same."""
    kinds = Kinds(*ALL, TAG_SETS)
    more = set(grants(kinds)) - set(grants(ALL))
    assert {(g.resource, g.verbs) for g in more} == {
        ("tagsets", ("get", "list", "watch")),
        ("tagsets/status", ("patch",)),
        ("tagsets/scale", ("get",)),
    }
    rules = [{"verbs": list(g.verbs), "apiGroups": [g.group], "resources": [g.resource]} for g in grants(ALL)]
    assert [s for s in missing(rules, grants(kinds)) if "tagsets.tests.example" not in s] == [
        "not allowed to patch tagsets/status.tests.example, which is needed to report",
        "not allowed to get tagsets/scale.tests.example, which is needed to show that a record may ask for more",
    ]


def test_a_record_with_a_finalizer_may_patch() -> None:
    held = replace(TAG_SETS, finalizer="tests.example/tags")
    assert held.rights[0].verbs == ("get", "list", "watch", "patch")
    raw = json.loads(
        '{"metadata": {"name": "a", "namespace": "shop", "uid": "u", "resourceVersion": "1",'
        ' "creationTimestamp": "2026-01-01T00:00:00Z"}, "spec": {"bucketRef": 5}}'
    )
    assert held.stored(raw).released
    assert not TAG_SETS.stored(raw).released
