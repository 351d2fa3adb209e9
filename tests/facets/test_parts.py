"""Settings of parts: which are whose, what is written of them, and which of two spellings is the canonical one."""

from typing import Any

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.core.facet import WHOLE, Facet
from imagestore.facets.configurations import ODD, Configurations
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.lifecycle_rule import declared_name
from imagestore.facets.notifications import EVENT_BRIDGE, target
from imagestore.facets.policy import TLS_SID

DENY: dict[str, Any] = {
    "sid": "d", "effect": "Deny", "principals": ["*"], "actions": ["s3:GetObject"], "resources": ["a/*"]
}  # fmt: skip
QUEUE: dict[str, Any] = {"name": "q", "arn": "arn:aws:sqs:eu:1:q", "events": ["s3:ObjectCreated:*"]}
TOPIC = {**QUEUE, "name": "t", "arn": "arn:aws:sns:eu:1:t"}
RULE: dict[str, Any] = {"name": "r", "expire": {"days": 1}}
METRICS: dict[str, Any] = {"name": "m"}


def made(facet: str, **said: Any) -> Facet:
    return FACETS[facet].model_validate(said)


def statement(sid: str) -> dict[str, Any]:
    return DENY | {"sid": sid}


SHAPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "policy": ({"statements": [statement("a")]}, {"statements": [statement("a"), statement("b")]}),
    "notifications": ({"queues": [QUEUE]}, {"queues": [QUEUE], "topics": [TOPIC]}),
    "lifecycle": ({"rules": [RULE]}, {"rules": [RULE, RULE | {"name": "s"}]}),
    "requestMetrics": ({"configurations": [METRICS]}, {"configurations": [METRICS, METRICS | {"name": "n"}]}),
    "tags": ({"a": "1"}, {"a": "1", "b": "2"}),
}


@pytest.mark.parametrize("facet", SHAPES)
def test_parts_are_restricted_merged_and_left(facet: str) -> None:
    one, both = (FACETS[facet].model_validate(said).canonical() for said in SHAPES[facet])
    mine, all_ = one.parts() or WHOLE, both.parts() or WHOLE
    (other,) = all_ - mine
    assert both.restrict(mine) == one
    assert both.restrict(WHOLE).is_empty()
    assert one.merge(both, mine).canonical() == both, "a part of others stays"
    assert one.merge(both, all_).canonical() == one, "one that was managed before does not"
    assert one.merge(None, mine).canonical() == one
    assert one.claims(None) == mine
    assert other not in one.claims(both) or facet == "lifecycle", "a rule with an id of ours is ours"
    assert not one.is_empty()
    assert one.canonical() == one


@pytest.mark.parametrize("facet", ["policy", "notifications", "lifecycle", "requestMetrics"])
def test_an_exclusive_value_claims_all_that_is_there(facet: str) -> None:
    one, both = SHAPES[facet]
    alone = FACETS[facet].model_validate({**one, "exclusive": True})
    there = FACETS[facet].model_validate(both)
    assert alone.claims(there) == there.parts()
    assert alone.claims(None) == alone.parts()
    silent = FACETS[facet].model_validate({**one, "exclusive": False})
    assert silent.claims(there) == (there.parts() if facet == "lifecycle" else silent.parts())


# The two parts that are a switch.


@pytest.mark.parametrize(
    ("facet", "field", "part"),
    [("policy", "requireTls", TLS_SID), ("notifications", "eventBridge", EVENT_BRIDGE)],
)
def test_a_switch_is_a_part_that_only_false_switches_off(facet: str, field: str, part: str) -> None:
    on, off, silent = made(facet, **{field: True}), made(facet, **{field: False}), made(facet)
    assert (on.parts(), off.parts(), silent.parts()) == (frozenset({part}), WHOLE, WHOLE)
    assert (on.is_empty(), off.is_empty(), silent.is_empty()) == (False, True, True)
    assert (off.claims(on), silent.claims(on)) == (frozenset({part}), WHOLE)
    assert on.restrict({part}) == on
    assert on.restrict(WHOLE) == silent
    assert silent.restrict({part}).to_json()[field] is False, "it was looked at, and it is off"
    assert off.merge(on, {part}) == silent
    assert silent.merge(on, WHOLE).to_json()[field] is True
    assert on.merge(silent, {part}).to_json()[field] is True
    assert on.merge(None, {part}).to_json()[field] is True
    assert field not in off.merge(None, {part}).to_json()


@pytest.mark.parametrize(("facet", "field"), [("policy", "requireTls"), ("notifications", "eventBridge")])
def test_an_exclusive_value_that_is_silent_about_a_switch_has_it_off(facet: str, field: str) -> None:
    assert made(facet, exclusive=True).canonical().to_json()[field] is False
    assert made(facet, exclusive=True, **{field: True}).canonical().to_json()[field] is True
    assert field not in made(facet, exclusive=False).canonical().to_json()
    assert field not in made(facet).canonical().to_json()


def test_all_targets_are_named_with_the_bridge_if_it_is_on() -> None:
    kind: Any = FACETS["notifications"]
    function = {**QUEUE, "name": "f", "arn": "arn:aws:lambda:eu:1:function:f"}
    said = {"queues": [QUEUE], "topics": [TOPIC], "functions": [function]}
    targets = [TOPIC["arn"], QUEUE["arn"], function["arn"]]
    assert list(kind.model_validate(said).targets()) == targets
    assert list(kind.model_validate({**said, "eventBridge": True}).targets()) == [*targets, EVENT_BRIDGE]
    assert not kind.model_validate(said).is_empty()


@pytest.mark.parametrize(
    ("arn", "compared"),
    [
        ("arn:minio:sqs:eu-west-1:A:webhook", "arn:minio:sqs::A:webhook"),
        ("arn:minio:sqs::A:webhook", "arn:minio:sqs::A:webhook"),
        ("arn:aws:sqs:eu-west-1:1:q", "arn:aws:sqs:eu-west-1:1:q"),
    ],
)
def test_minios_region_says_nothing(arn: str, compared: str) -> None:
    assert target(arn) == compared


# Rules and their names.


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        ("mine", "mine"),
        ("foreign/theirs", "foreign/theirs"),
        ("foreign/imagestore/bucket/tmp", "tmp"),
        ("foreign/imagestore/bucket/tmp#0123456789ab", "tmp"),
        ("foreign/imagestore/tidy.up/old", "tidy.up/old"),
        ("foreign/imagestore/tidy/old#0123456789ab", "tidy/old"),
        ("foreign/imagestore/tidy/old#012", "foreign/imagestore/tidy/old#012"),
        ("foreign/other/bucket/tmp", "foreign/other/bucket/tmp"),
        ("foreign/imagestore/bucket/tmp/x", "foreign/imagestore/bucket/tmp/x"),
    ],
)
def test_a_rule_of_ours_is_known_by_its_id_although_it_was_altered(name: str, declared: str) -> None:
    assert declared_name(name) == declared
    owned = Lifecycle.from_store(rules=[{"name": name, "expire": {"days": 1}}]).owned()
    assert bool(owned) is not declared.startswith("foreign/")


@pytest.mark.parametrize(
    ("kept", "name", "stays"),
    [
        ({"tidy/old"}, "tidy/old", True),
        ({"tidy/old"}, "tidy/new", False),
        ({"tidy/"}, "tidy/old", True),
        ({"tidy/"}, "other/old", False),
        ({"/"}, "tidy/old", True),
        ({"/"}, "mine", False),
        ({"mine"}, "mine", False),
        ({"tidy/old"}, "foreign/imagestore/tidy/old", True),
        (None, "tidy/old", False),
    ],
)
def test_rules_of_a_policy_that_is_not_understood_stay(
    kept: set[str] | None, name: str, *, stays: bool
) -> None:
    held = frozenset(kept) if kept is not None else None
    wish = Lifecycle(rules=()).model_copy(update={"kept": held})
    assert wish.keeps(name) is stays
    there = Lifecycle.from_store(rules=[{"name": name, "expire": {"days": 1}}])
    ours = not declared_name(name).startswith("foreign/")
    assert (name in wish.claims(there)) is (ours and not stays)


def test_only_a_rule_that_deletes_more_than_all_there_is_new_content_lost() -> None:
    there = Lifecycle.model_validate({"rules": [RULE, RULE | {"name": "off", "state": "Disabled"}]})
    wish = Lifecycle.model_validate(
        {"rules": [RULE | {"name": "renamed"}, RULE | {"name": "s", "match": {"prefix": "x"}}]}
    )
    assert wish.removing(there) == {"s"}
    assert wish.removing(None) == {"renamed", "s"}


@pytest.mark.parametrize(
    ("said", "canonical"),
    [
        ({"match": {}}, {"state": "Enabled"}),
        ({"match": {"minSize": "1024Ki"}}, {"state": "Enabled", "match": {"minSize": "1Mi"}}),
        ({"match": {"maxSize": "1000k", "prefix": "a"}}, {"state": "Enabled", "match": {"maxSize": "1M", "prefix": "a"}}),
        ({"state": "Disabled"}, {"state": "Disabled"}),
        (
            {"transitions": [{"tier": "Archive", "days": 2}, {"tier": "Cool", "days": 1}]},
            {"state": "Enabled", "transitions": [{"tier": "Cool", "days": 1}, {"tier": "Archive", "days": 2}]},
        ),
        ({"transitions": []}, {"state": "Enabled"}),
        (
            {"noncurrent": {"transitions": [{"tier": "Cold", "days": 2}, {"tier": "Cool", "days": 1}]}},
            {"state": "Enabled", "noncurrent": {"transitions": [{"tier": "Cool", "days": 1}, {"tier": "Cold", "days": 2}]}},
        ),
    ],
)  # fmt: skip
def test_two_spellings_of_a_rule_are_one(said: dict[str, Any], canonical: dict[str, Any]) -> None:
    (rule,) = Lifecycle.from_store(rules=[{"name": "r", **said}]).canonical().rules
    assert rule.to_json() == {"name": "r", **canonical}


# Configurations.


def test_configurations_are_sorted_and_an_odd_one_stays_as_it_is() -> None:
    kind = FACETS["intelligentTiering"]
    tiers = [{"tier": "DeepArchive", "days": 180}, {"tier": "Archive", "days": 90}]
    both = kind.from_store(
        configurations=[{"name": "b", "tierings": tiers, "filter": {}}, {"name": f"{ODD}a", "tierings": []}]
    )
    assert isinstance(both, Configurations)
    odd, plain = both.canonical().to_json()["configurations"]
    assert odd == {"name": "!a", "tierings": []}, "nothing is made up for what is not known"
    assert plain == {"name": "b", "state": "Enabled", "tierings": tiers[::-1]}


def test_a_filter_that_says_something_stays() -> None:
    said = {"configurations": [{"name": "m", "filter": {"prefix": "a"}}]}
    assert made("requestMetrics", **said).canonical().to_json() == said
