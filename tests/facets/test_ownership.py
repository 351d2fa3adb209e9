"""Parts with owners of their own, `exclusive`, and what two spellings have in common."""

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.core.plan import Change, Op, plan
from imagestore.core.reading import Found, Reading
from imagestore.facets.cors import Cors
from imagestore.facets.encryption import Encryption
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.lifecycle_rule import Expire, LifecycleRule
from imagestore.facets.policy import BucketPolicy, Statement
from imagestore.facets.tags import Tags

MINE = LifecycleRule(name="mine", expire=Expire(days=9))
THEIRS = LifecycleRule(name="foreign/theirs", expire=Expire(days=1), raw="{}")


def lifecycle(*, exclusive: bool | None) -> Change:
    wish = Lifecycle(rules=(MINE,), exclusive=exclusive)
    return plan({"lifecycle": wish}, {"lifecycle": Found(Lifecycle(rules=(THEIRS,)))}, {}, FACETS).changes[0]


def test_rules_of_others_stay_beside_ours() -> None:
    after = lifecycle(exclusive=None).after
    assert isinstance(after, Lifecycle)
    assert {r.name for r in after.rules} == {"mine", "foreign/theirs"}


def test_an_exclusive_wish_removes_them_and_shows_it() -> None:
    change = lifecycle(exclusive=True)
    assert isinstance(change.after, Lifecycle)
    assert [r.name for r in change.after.rules] == ["mine"]
    assert "lifecycle.rules[name=foreign/theirs]" in {f.path for f in change.fields}


def test_an_exclusive_wish_for_nothing_clears_everything() -> None:
    wish = Lifecycle(rules=(), exclusive=True)
    change = plan({"lifecycle": wish}, {"lifecycle": Found(Lifecycle(rules=(THEIRS,)))}, {}, FACETS).changes[
        0
    ]
    assert change.op is Op.SET
    assert change.after is not None
    assert change.after.is_empty()


def test_an_exclusive_policy_that_is_silent_on_tls_lifts_it_only_with_consent() -> None:
    change = plan(
        {"policy": BucketPolicy(exclusive=True)},
        {"policy": Found(BucketPolicy(require_tls=True))},
        {},
        FACETS,
    ).changes[0]
    assert [f.path for f in change.fields] == ["policy.requireTls"]
    assert change.risk


def test_a_part_that_left_the_spec_is_removed_and_a_foreign_one_is_not() -> None:
    there: Reading = Found(Tags(values={"ours": "1", "was-ours": "2", "theirs": "3"}))
    change = plan(
        {"tags": Tags(values={"ours": "1"})}, {"tags": there}, {"tags": frozenset({"was-ours"})}, FACETS
    ).changes[0]
    assert change.after == Tags(values={"ours": "1", "theirs": "3"})


def test_present_but_empty_clears() -> None:
    there = Cors.model_validate({"rules": [{"allowedOrigins": ["*"], "allowedMethods": ["GET"]}]})
    change = plan({"cors": Cors(rules=())}, {"cors": Found(there)}, {}, FACETS).changes[0]
    assert change.op is Op.SET
    assert change.after is not None
    assert change.after.is_empty()


def test_a_key_is_not_carried_over_to_another_algorithm() -> None:
    """The store refuses SSE-S3 with a key id; a wish that is silent on the key must not inherit one."""
    there = Encryption(algorithm="SSE-KMS", key_id="k", bucket_key=True)
    wish = Encryption(algorithm="SSE-S3")
    assert wish.merge(there, frozenset()) == wish
    assert Encryption(algorithm="SSE-KMS").merge(there, frozenset()) == there


@pytest.mark.parametrize(
    ("facet", "one", "other"),
    [
        ("quota", {"hard": "1Gi"}, {"hard": "1024Mi"}),
        ("lifecycle", {"rules": [{"name": "a", "expire": {"days": 1}}]}, {"rules": [{"name": "a", "expire": {"days": 1}, "state": "Enabled", "match": {}}]}),
        ("lifecycle", {"rules": [{"name": "a", "match": {"minSize": "1Ki"}}]}, {"rules": [{"name": "a", "match": {"minSize": "1024"}}]}),
        ("cors", {"rules": [{"allowedOrigins": ["a", "b"], "allowedMethods": ["GET"]}]}, {"rules": [{"allowedOrigins": ["b", "a"], "allowedMethods": ["GET"]}]}),
    ],
)  # fmt: skip
def test_what_means_the_same_is_the_same(facet: str, one: object, other: object) -> None:
    kind = FACETS[facet]
    assert kind.model_validate(one).canonical() == kind.model_validate(other).canonical()


def test_conditions_of_one_operator_and_key_are_one_condition() -> None:
    def statement(*values: tuple[str, ...]) -> Statement:
        conditions = [{"operator": "StringLike", "key": "aws:Referer", "values": v} for v in values]
        return Statement.model_validate({
            "sid": "s", "effect": "Allow", "principals": ["*"], "actions": ["a"], "resources": ["*"],
            "conditions": conditions,
        }).canonical()  # fmt: skip

    assert statement(("a",), ("b",)) == statement(("b", "a"))
