"""What a setting means: what it denies, protects, warns of and finds."""

from typing import Any

import pytest

from imagestore.core.facet import WHOLE
from imagestore.facets.policy import MANY, TLS_SID, Statement, denied, within
from tests.facets.test_parts import made, statement


@pytest.mark.parametrize(
    ("inner", "outer", "inside"),
    [
        ("a/b", "a/*", True),
        ("a/*", "a/*", True),
        ("a/*", "a/?", False),
        ("a/?", "a/*", True),
        ("a/?", "a/?", True),
        ("a", "a*", True),
        ("ab*c", "a*b*c", True),
        ("a*c", "a*b*c", False),
        ("!a", "*", False),
        ("a\nb", "a*", True),
        ("", "*", True),
        ("abc", "a*b", False),
    ],
)
def test_one_pattern_within_another(inner: str, outer: str, *, inside: bool) -> None:
    assert within(inner, outer) is inside


def wide(principals: int, actions: int, resources: int) -> Statement:
    return Statement.model_validate(
        {
            "sid": "wide", "effect": "Deny",
            "principals": [f"{n:012}" for n in range(principals)],
            "actions": [f"s3:Get{'x' * (n + 1)}" for n in range(actions)],
            "resources": [f"r{n}" for n in range(resources)],
        }
    ).canonical()  # fmt: skip


@pytest.mark.parametrize(("shape", "certain"), [((16, 16, 16), True), ((17, 16, 16), False)])
def test_what_two_statements_deny_together_is_checked_up_to_a_bound(
    shape: tuple[int, int, int], *, certain: bool
) -> None:
    """Beyond it a person is asked, which is never wrong; unbounded, one edit blocked the operator."""
    assert MANY == 16**3
    whole = wide(*shape)
    halves = [
        whole.model_copy(update={"resources": whole.resources[:8]}),
        whole.model_copy(update={"resources": whole.resources[8:]}),
    ]
    assert denied(whole, halves) is certain
    assert denied(whole, [whole]), "one statement that denies all of it is seen at any size"
    assert not denied(wide(2, 2, 2), [wide(2, 2, 1)])


@pytest.mark.parametrize(
    ("before", "after", "risk"),
    [
        ({"requireTls": True}, {"requireTls": False}, f"{TLS_SID} would no longer deny anything"),
        ({"requireTls": True}, {"requireTls": True}, None),
        ({"requireTls": True}, {}, None),
        ({"requireTls": False}, {"requireTls": False}, None),
        ({}, {"requireTls": False}, None),
        (
            {"statements": [statement("a"), statement("b")], "requireTls": True},
            {"statements": [statement("b") | {"resources": ["a/b"]}], "requireTls": False},
            f"a, {TLS_SID} would no longer deny anything; b would deny less than before",
        ),
    ],
)
def test_what_a_policy_no_longer_denies_is_named(before: Any, after: Any, risk: str | None) -> None:
    assert made("policy", **after).canonical().risk(made("policy", **before).canonical()) == risk


@pytest.mark.parametrize(
    ("before", "after", "risk"),
    [
        ({"mode": "Governance", "days": 9}, {"mode": "Governance", "days": 9}, False),
        ({"mode": "Governance", "days": 9}, {"mode": "Governance", "days": 8}, True),
        ({"mode": "Compliance", "days": 9}, {"mode": "Compliance", "days": 9}, False),
        ({"mode": "Compliance", "days": 9}, {"mode": "Governance", "days": 99}, True),
        ({"mode": "Governance", "days": 9}, {"mode": "Compliance", "days": 9}, True),
        ({"mode": "Governance", "years": 1}, {"mode": "Governance", "days": 364}, True),
        ({"mode": "Governance", "years": 1}, {"mode": "Governance", "days": 365}, False),
        ({}, {}, False),
    ],
)
def test_a_lock_is_weaker_if_it_is_shorter_or_can_be_lifted(before: Any, after: Any, *, risk: bool) -> None:
    assert bool(made("objectLock", **after).risk(made("objectLock", **before))) is risk
    assert not made("objectLock").is_empty(), "its presence says something"


@pytest.mark.parametrize(
    ("hard", "percent", "held", "warns"),
    [
        ("1000", 80, 800, True),
        ("1000", 80, 799, False),
        ("1000", 100, 1000, True),
        ("1000", None, 5000, False),
    ],
)
def test_a_quota_warns_from_its_percentage_on(
    hard: str, percent: int | None, held: int, *, warns: bool
) -> None:
    more = {} if percent is None else {"warnPercent": percent}
    quota: Any = made("quota", hard=hard, **more)
    assert quota.warns_of(held) is warns


@pytest.mark.parametrize(
    ("granted", "intended", "found"),
    [
        (("AllUsers", ["READ"]), {}, "READ to AllUsers"),
        (
            ("AuthenticatedUsers", ["WRITE", "READ"]),
            {},
            "WRITE to AuthenticatedUsers, READ to AuthenticatedUsers",
        ),
        (("AllUsers", ["READ", "WRITE"]), {"AllUsers": ["READ"]}, "WRITE to AllUsers"),
        (("LogDelivery", ["WRITE"]), {}, None),
        (("AllUsers", ["READ"]), {"AllUsers": ["READ"]}, None),
        (("AllUsers", ["READ"]), {"AuthenticatedUsers": ["READ"]}, "READ to AllUsers"),
    ],
)
def test_what_an_acl_grants_the_public_is_found(
    granted: tuple[str, list[str]], intended: dict[str, list[str]], found: str | None
) -> None:
    there = made("acl", grants=[{"grantee": granted[0], "permissions": granted[1]}])
    wish = made("acl", grants=[{"grantee": g, "permissions": p} for g, p in intended.items()])
    said = [f.message for f in wish.findings(there)]
    assert [m.partition(";")[0] for m in said] == ([f"the bucket's ACL grants {found}"] if found else [])
    assert made("acl").findings(made("acl")) == ()


@pytest.mark.parametrize(
    ("mine", "theirs", "written"),
    [
        (
            {"algorithm": "SSE-KMS"},
            {"algorithm": "SSE-KMS", "keyId": "k"},
            {"algorithm": "SSE-KMS", "keyId": "k"},
        ),
        ({"algorithm": "SSE-S3"}, {"algorithm": "SSE-KMS", "keyId": "k"}, {"algorithm": "SSE-S3"}),
        ({"algorithm": "SSE-S3"}, None, {"algorithm": "SSE-S3"}),
    ],
)
def test_a_key_is_kept_only_with_its_algorithm(mine: Any, theirs: Any, written: Any) -> None:
    there = None if theirs is None else made("encryption", **theirs)
    assert made("encryption", **mine).merge(there, WHOLE).to_json() == written


@pytest.mark.parametrize(
    ("before", "after", "risk"),
    [
        ("k", "arn:aws:kms:eu:1:key/k", False),
        ("arn:aws:kms:eu:1:key/k", "k", False),
        ("k", "k", False),
        ("k", "xk", True),
        ("arn:aws:kms:eu:1:key/k", "y", True),
    ],
)
def test_a_key_has_two_names(before: str, after: str, *, risk: bool) -> None:
    one, other = (made("encryption", algorithm="SSE-KMS", keyId=k) for k in (before, after))
    assert bool(other.risk(one)) is risk
    assert made("encryption", algorithm="SSE-KMS").risk(one) is None
