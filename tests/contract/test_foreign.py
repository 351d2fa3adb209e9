"""What others wrote into the same document survives our writes, verbatim; what a store drops is refused."""

import json
from dataclasses import replace
from typing import Any

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.backends.s3.settings.setting import S3Setting
from imagestore.core.errors import NotFound, Rejected
from imagestore.core.facet import Facet
from imagestore.core.losses import uses
from imagestore.core.plan import Change, plan
from imagestore.core.reading import Found, Level, Missing
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.policy import BucketPolicy
from imagestore.facets.tags import OWNER, Tags
from tests.contract.stores import FIXTURES, MATRIX, SAMPLES, World, backend_of, world


def holding(facet: str) -> list[str]:
    """The servers that hold it."""
    return [server for server in FIXTURES if MATRIX[server][facet].level is not Level.NONE]


# What a person or another tool may have written; each store is given what it takes.
DATED_RULE: dict[str, Any] = {"Filter": {"Prefix": "x/"}, "Expiration": {"Date": "2040-01-01T00:00:00Z"}}
FOREIGN_RULES: dict[str, dict[str, Any]] = {
    "AWS": {"Filter": {"Prefix": "x/"}, "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}]},
    "Ceph": {"Filter": {"Prefix": "x/"}, "Transitions": [{"Days": 30, "StorageClass": "STANDARD"}]},
}

NOT_ACTION: dict[str, Any] = {
    "Sid": "audit",
    "Effect": "Deny",
    "Principal": {"AWS": ["*"]},
    "NotAction": ["s3:GetObject", "s3:ListBucket"],
    "Resource": ["{arn}/audit/*"],
    "Condition": {"StringEquals": {"aws:UserAgent": ["never"]}},
}
ALLOWED = {"Sid": "audit", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
PLAIN_STATEMENT = {**ALLOWED, "Resource": "{arn}/audit/*"}
FOREIGN_STATEMENTS = {
    "AWS": NOT_ACTION,
    "Ceph": NOT_ACTION,
    # Not the others, which refuse NotAction. MinIO takes a resource that is no key of this bucket.
    "MinIO": {**ALLOWED, "Resource": "{arn}*"},
}


# SeaweedFS carries the Deny out at once, against its administrator, too.
TLS = [p for p in holding("policy") if p != "SeaweedFS" and "requireTls" not in MATRIX[p]["policy"].lost]


def of(provider: str, facet: str, request: pytest.FixtureRequest) -> World:
    return world(backend_of(provider, request), facet)


def change(at: World, wish: Facet, managed: frozenset[str] = frozenset()) -> Change:
    have = at.read()
    reading = Missing() if have is None else Found(have)
    return plan(
        {at.facet: wish}, {at.facet: reading}, {at.facet: managed} if managed else {}, FACETS
    ).changes[0]


def apply(at: World, wish: Facet, managed: frozenset[str] = frozenset()) -> None:
    """As the reconcile does it."""
    made = change(at, wish, managed)
    if made.writes:
        at.driver.write(at.bucket, made.after, made.before)


def rules(at: World) -> dict[str, dict[str, Any]]:
    found = at.raw("GetBucketLifecycleConfiguration")["Rules"]
    return {r["ID"]: r for r in found}


@pytest.mark.parametrize("provider", holding("lifecycle"))
def test_foreign_rules_survive(provider: str, request: pytest.FixtureRequest) -> None:
    at = of(provider, "lifecycle", request)
    raw = {"ID": "somebody's rule", "Status": "Enabled", **FOREIGN_RULES.get(provider, DATED_RULE)}
    plain = {"ID": "plain", "Status": "Disabled", "Filter": {"Prefix": "p/"}, "Expiration": {"Days": 9}}
    at.raw("PutBucketLifecycleConfiguration", LifecycleConfiguration={"Rules": [raw, plain]})
    before = rules(at)
    apply(at, SAMPLES["lifecycle"]["one"])
    after = rules(at)
    assert set(after) == {"somebody's rule", "plain", "imagestore/bucket/thumbs"}
    assert {k: after[k] for k in before} == before
    apply(at, Lifecycle(rules=()), managed=frozenset({"thumbs"}))
    left = change(at, Lifecycle(rules=()), frozenset({"thumbs"}))
    assert not left.writes
    assert rules(at) == before, "removing ours leaves theirs"


@pytest.mark.parametrize("provider", holding("lifecycle"))
def test_a_rule_of_ours_that_somebody_extended_is_a_difference_and_is_put_back(
    provider: str, request: pytest.FixtureRequest
) -> None:
    at = of(provider, "lifecycle", request)
    wish = SAMPLES["lifecycle"]["one"]
    apply(at, wish)
    theirs = {
        "ID": "imagestore/bucket/thumbs",
        "Status": "Enabled",
        **FOREIGN_RULES.get(provider, DATED_RULE),
    }
    at.raw("PutBucketLifecycleConfiguration", LifecycleConfiguration={"Rules": [theirs]})
    assert change(at, wish).writes
    apply(at, wish)
    assert list(rules(at)) == ["imagestore/bucket/thumbs"]
    assert not change(at, wish).writes


def statements(at: World) -> dict[str, dict[str, Any]]:
    """By Sid. MinIO keeps resources and actions as sets and answers them in a new order each time: sorted here."""
    found = json.loads(at.raw("GetBucketPolicy")["Policy"])["Statement"]
    return {s["Sid"]: {k: sorted(v) if isinstance(v, list) else v for k, v in s.items()} for s in found}


def put_statement(at: World, statement: dict[str, Any]) -> None:
    named = {} if at.backend.provider == "MinIO" else {"Id": "somebody's"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement], **named})
    at.raw("PutBucketPolicy", Policy=text.replace("{arn}", at.backend.arn(at.bucket)))


@pytest.mark.parametrize("provider", holding("policy"))
def test_foreign_statements_survive(provider: str, request: pytest.FixtureRequest) -> None:
    at = of(provider, "policy", request)
    put_statement(at, FOREIGN_STATEMENTS.get(provider, PLAIN_STATEMENT))
    before = statements(at)
    shut_out = provider == "SeaweedFS" or "requireTls" in MATRIX[provider]["policy"].lost
    wish = SAMPLES["policy"]["cdn" if shut_out else "full"]
    apply(at, wish)
    after = statements(at)
    assert after["audit"] == before["audit"]
    if at.backend.provider not in ("MinIO", "SeaweedFS"):  # which have no Id
        assert json.loads(at.raw("GetBucketPolicy")["Policy"])["Id"] == "somebody's"
    assert "cdn-read" in after
    assert not change(at, wish).writes
    mine = wish.parts()
    assert mine is not None
    apply(at, BucketPolicy(statements=(), require_tls=False), managed=mine)
    assert statements(at) == before


@pytest.mark.parametrize("provider", TLS)
def test_require_tls_is_one_statement_and_only_exactly_it(
    provider: str, request: pytest.FixtureRequest
) -> None:
    at = of(provider, "policy", request)
    apply(at, SAMPLES["policy"]["tls"])
    tls = statements(at)["imagestore-require-tls"]
    assert tls["Effect"] == "Deny"
    assert at.read() == BucketPolicy(require_tls=True)
    put_statement(at, {**tls, "Resource": ["{arn}/*"]})  # somebody took the bucket itself out
    assert change(at, SAMPLES["policy"]["tls"]).writes
    apply(at, SAMPLES["policy"]["tls"])
    assert statements(at)["imagestore-require-tls"] == tls


@pytest.mark.parametrize("provider", holding("tags"))
def test_tags_of_others_and_the_owners_mark_survive(provider: str, request: pytest.FixtureRequest) -> None:
    at = of(provider, "tags", request)
    theirs = {OWNER: "installation/shop/photos", "cost-center": "12"}
    at.driver.write(at.bucket, Tags(values=theirs), None)
    apply(at, Tags(values={"team": "shop"}))
    sight = at.backend.check(at.bucket)
    assert sight is not None
    assert (sight.owner, sight.values["tags"]) == (theirs[OWNER], Tags(values={**theirs, "team": "shop"}))
    apply(at, Tags(values={}), managed=frozenset({"team"}))
    sight = at.backend.check(at.bucket)
    assert sight is not None
    assert (sight.owner, sight.values["tags"]) == (theirs[OWNER], Tags(values=theirs))


@pytest.mark.parametrize("provider", holding("cors"))
def test_a_cors_rule_that_nobody_may_wish_for_is_replaced(
    provider: str, request: pytest.FixtureRequest
) -> None:
    """CORS is owned as a whole: 70 origins in one rule made the wish fail for ever."""
    at = of(provider, "cors", request)
    many = [f"https://shop{i}.example" for i in range(70)]
    theirs = {"AllowedOrigins": many, "AllowedMethods": ["GET"], "ID": "console"}
    at.raw("PutBucketCors", CORSConfiguration={"CORSRules": [theirs]})
    wish = SAMPLES["cors"]["one"]
    assert change(at, wish).writes
    apply(at, wish)
    assert not change(at, wish).writes
    assert "shop69" not in str(at.raw("GetBucketCors"))


TRIALS = [("AWS", "sizes"), ("AWS", "keep-newest"), ("Ceph", "sizes"), ("Ceph", "full"), ("MinIO", "full")]


@pytest.mark.parametrize("seen", ["nothing", "a rule"])
@pytest.mark.parametrize(("provider", "name"), TRIALS)
def test_an_unknown_loss_is_found_out_before_it_takes_effect(
    provider: str, name: str, seen: str, request: pytest.FixtureRequest
) -> None:
    """With nothing known of the store (no ``lost``), the trial alone must stop it. moto loses as RGW does."""
    at = of(provider, "lifecycle", request)
    before = SAMPLES["lifecycle"]["one"] if seen == "a rule" else None
    if before:
        at.driver.write(at.bucket, before, None)
    held, driver = at.read(), at.driver
    assert isinstance(driver, S3Setting)
    blind = replace(driver, support=replace(driver.support, lost=()), lossless=False)
    at.recorded.seen.clear()
    with pytest.raises(Rejected) as refusal:
        blind.write(at.bucket, SAMPLES["lifecycle"][name], held)
    assert refusal.value.code == "Lossy"
    assert "rules[name=" in str(refusal.value)
    assert at.read() == held, "the store is as it was"
    written = [p for o, p in at.recorded.seen if o == "PutBucketLifecycleConfiguration"]
    trial = written[0]["LifecycleConfiguration"]["Rules"]
    new = [r for r in trial if r["ID"] != "imagestore/bucket/thumbs"]
    assert {r["Status"] for r in new} == {"Disabled"}, "nothing unproven was ever switched on"
    learned = at.backend.support_of(at.bucket)["lifecycle"].lost
    assert uses(SAMPLES["lifecycle"][name], learned), "and it is told from now on"
    others = at.backend.support_of("another-bucket")
    assert others == at.backend.support, "of this bucket, and of no other"


@pytest.mark.parametrize("provider", FIXTURES)
def test_every_driver_says_that_the_bucket_is_gone(provider: str, request: pytest.FixtureRequest) -> None:
    backend = backend_of(provider, request)
    for name, driver in backend.drivers.items():
        try:
            assert driver.read("never-was-there") is None, name
            # Said of a bucket that is not there: only a look may tell whether there is one.
            assert (provider, name) in {
                ("MinIO", "tags"), ("MinIO", "objectLock"), ("SeaweedFS", "encryption"),
            }  # fmt: skip
        except NotFound:
            continue
    assert backend.check("never-was-there") is None
