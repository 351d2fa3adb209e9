"""A Deny is weakened in many ways under the same sid, and each needs a person's consent. Each case says why."""

import pytest

from imagestore.facets.policy import BucketPolicy
from tests.facets.test_risks import DENY, Case

AWAY = {"operator": "NotIpAddress", "key": "aws:SourceIp", "values": ["10.0.0.0/8"]}
HOME = {"operator": "IpAddress", "key": "aws:SourceIp", "values": ["10.0.0.0/8"]}

CASES = [
    Case(
        "policy",
        {"statements": [DENY | {"actions": ["s3:Delete*", "s3:PutObject"], "resources": ["a/*", "b/*"]}]},
        {"statements": [DENY | {"resources": ["a/*", "b/*"]}]},
        True,
        "PutObject is let through",
    ),
    Case(
        "policy",
        {"statements": [DENY]},
        {"statements": [DENY | {"actions": ["s3:Delete*"]}]},
        False,
        "more is denied",
    ),
    Case(
        "policy",
        {"statements": [DENY]},
        {"statements": [DENY | {"actions": ["s3:deleteobject"]}]},
        False,
        "an action has no case",
    ),
    Case(
        "policy",
        {"statements": [DENY | {"actions": ["s3:Delete*"]}]},
        {"statements": [DENY | {"actions": ["s3:DeleteObject?"]}]},
        True,
        "a star is more than a question mark",
    ),
    Case(
        "policy",
        {"statements": [DENY]},
        {"statements": [DENY | {"principals": ["123456789012"]}]},
        True,
        "everybody else may",
    ),
    Case(
        "policy",
        {"statements": [DENY | {"principals": ["123456789012"]}]},
        {"statements": [DENY]},
        False,
        "everybody is denied",
    ),
    Case(
        "policy",
        {"statements": [DENY]},
        {"statements": [DENY | {"resources": ["originals/*"]}]},
        True,
        "what lies elsewhere may be deleted",
    ),
    Case(
        "policy",
        {"statements": [DENY | {"resources": ["originals/*"]}]},
        {"statements": [DENY]},
        False,
        "all keys are denied",
    ),
    Case(
        "policy",
        {"statements": [DENY | {"resources": ["."]}]},
        {"statements": [DENY]},
        True,
        "no object is the bucket",
    ),
    Case(
        "policy",
        {"statements": [DENY]},
        {"statements": [DENY | {"conditions": [AWAY]}]},
        True,
        "from the network of the office it is let through",
    ),
    Case(
        "policy",
        {"statements": [DENY | {"conditions": [AWAY]}]},
        {"statements": [DENY]},
        False,
        "it is denied everywhere",
    ),
    Case(
        "policy",
        {"statements": [DENY | {"conditions": [HOME]}]},
        {"statements": [DENY | {"conditions": [HOME | {"values": ["10.0.0.0/8", "192.168.0.0/16"]}]}]},
        False,
        "a second network is denied too",
    ),
    Case(
        "policy",
        {"statements": [DENY | {"conditions": [AWAY]}]},
        {"statements": [DENY | {"conditions": [AWAY | {"values": ["10.0.0.0/8", "192.168.0.0/16"]}]}]},
        True,
        "a second network is let through",
    ),
    Case(
        "policy",
        {"statements": [DENY | {"actions": ["s3:DeleteObject", "s3:PutObject"]}]},
        {"statements": [DENY, DENY | {"sid": "e", "actions": ["s3:PutObject"]}]},
        False,
        "two statements say the same",
    ),
    Case(
        "policy",
        {"statements": [DENY]},
        {"statements": [DENY | {"sid": "renamed"}]},
        False,
        "under another name it denies the same",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.why)
def test_risk(case: Case) -> None:
    before, after = (BucketPolicy.model_validate(v).canonical() for v in (case.before, case.after))
    assert bool(after.risk(before)) is case.risky


def test_it_is_said_which_way() -> None:
    other = DENY | {"sid": "e", "actions": ["s3:PutObject"]}
    before = BucketPolicy.model_validate({"statements": [DENY, other]})
    after = BucketPolicy.model_validate({"statements": [DENY | {"resources": ["a/*"]}]})
    assert after.risk(before) == "e would no longer deny anything; d would deny less than before"
