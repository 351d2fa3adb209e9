"""The order of what has no order means nothing: a manifest that another tool has sorted is no edit."""

from typing import Any

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.api.samples import SAMPLES
from imagestore.core.facet import Facet
from imagestore.core.model import ListMap, ListSet, Model, marker

EACH = [(facet, name) for facet, samples in SAMPLES.items() for name in samples]

SETS: dict[str, Any] = {
    "acl": {"grants": [{"grantee": "b", "permissions": ["READ", "WRITE"]}, {"grantee": "a", "permissions": ["READ"]}]},
    "cors": {
        "rules": [
            {
                "allowedOrigins": ["https://b.example", "https://a.example"],
                "allowedMethods": ["PUT", "GET"],
                "allowedHeaders": ["b", "a"],
                "exposeHeaders": ["b", "a"],
                "maxAgeSeconds": 5,
            }
        ]
    },
    "inventory": {
        "configurations": [
            {
                "name": "b", "schedule": "Daily", "includedVersions": "All", "optionalFields": ["Size", "ETag"],
                "destination": {"bucketRef": {"name": "x"}, "format": "CSV"},
            },
            {
                "name": "a", "schedule": "Daily", "includedVersions": "All",
                "destination": {"bucketRef": {"name": "x"}, "format": "CSV"},
            },
        ]
    },
    "intelligentTiering": {
        "configurations": [
            {"name": "a", "tierings": [{"tier": "DeepArchive", "days": 180}, {"tier": "Archive", "days": 90}]}
        ]
    },
    "lifecycle": {
        "rules": [
            {"name": "b", "transitions": [{"tier": "Archive", "days": 9}, {"tier": "Cool", "days": 1}]},
            {"name": "a", "noncurrent": {"transitions": [{"tier": "Cold", "days": 9}, {"tier": "Cool", "days": 1}]}},
        ]
    },
    "notifications": {
        "queues": [
            {"name": n, "arn": f"arn:aws:sqs:eu:1:{n}", "events": ["s3:ObjectRemoved:*", "s3:ObjectCreated:*"]}
            for n in "ba"
        ]
    },
    "policy": {
        "statements": [
            {
                "sid": sid, "effect": "Deny", "principals": ["222222222222", "111111111111"],
                "actions": ["s3:PutObject", "s3:GetObject"], "resources": ["b", "a"],
                "conditions": [
                    {"operator": "StringLike", "key": "aws:Referer", "values": ["b", "a"]},
                    {"operator": "Bool", "key": "aws:SecureTransport", "values": ["true"]},
                ],
            }
            for sid in "ba"
        ]
    },
}  # fmt: skip


def turned(value: Any) -> Any:
    """The value with everything that has no order the other way round."""
    changed: dict[str, Any] = {}
    for name, info in type(value).model_fields.items():
        held = getattr(value, name)
        if isinstance(held, tuple):
            inner = tuple(turned(i) if isinstance(i, Model) else i for i in held)
            free = marker(info.metadata, ListSet) or marker(info.metadata, ListMap) or name == "conditions"
            changed[name] = inner[::-1] if free else inner
        elif isinstance(held, Model):
            changed[name] = turned(held)
    return value.model_copy(update=changed)


def same(value: Facet) -> None:
    other = turned(value)
    assert other.canonical() == value.canonical()
    assert value.canonical().canonical() == value.canonical()


@pytest.mark.parametrize("facet", SETS)
def test_sets_are_the_same_in_any_order(facet: str) -> None:
    value = FACETS[facet].from_store(**SETS[facet])
    assert turned(value) != value, "or nothing is tested"
    same(value)


@pytest.mark.parametrize(("facet", "name"), EACH)
def test_so_are_all_samples(facet: str, name: str) -> None:
    same(SAMPLES[facet][name])


def test_an_age_of_zero_is_none_and_any_other_stays() -> None:
    """SeaweedFS answers 0 where none was set."""
    rule = {"allowedOrigins": ["*"], "allowedMethods": ["GET"]}
    ages = [
        FACETS["cors"]
        .model_validate({"rules": [{**rule, **more}]})
        .canonical()
        .to_json()["rules"][0]
        .get("maxAgeSeconds")
        for more in ({"maxAgeSeconds": 0}, {}, {"maxAgeSeconds": 1})
    ]
    assert ages == [None, None, 1]


def test_the_order_of_rules_that_are_tried_in_turn_means_something() -> None:
    rules = [{"allowedOrigins": [o], "allowedMethods": ["GET"]} for o in ("*", "null")]
    one, other = (FACETS["cors"].model_validate({"rules": said}) for said in (rules, rules[::-1]))
    assert one.canonical() != other.canonical()


def test_a_switch_that_is_on_stays_on_in_the_canonical_form() -> None:
    rule = {"name": "r", "destination": {"bucketRef": {"name": "x"}, "synchronous": True}}
    made = FACETS["replication"].model_validate({"rules": [rule]}).canonical()
    assert made.to_json()["rules"][0]["destination"]["synchronous"] is True


def test_rules_of_others_are_not_the_operators() -> None:
    rules = [{"name": n, "destination": {"bucketRef": {"name": "x"}}} for n in ("mine", "foreign/theirs")]
    assert FACETS["replication"].model_validate({"rules": rules}).owned() == {"mine"}
