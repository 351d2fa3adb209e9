"""Lifecycle rules as only people, other tools or one store write them."""

from typing import Any

import pytest

from imagestore.backends.s3.lifecycle import rules as lifecycle
from imagestore.backends.s3.lifecycle.foreign import AMBIGUOUS, foreign_joined
from imagestore.backends.s3.settings import verbatim
from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import S3Setting
from imagestore.backends.s3.transport.address import StoreAddress
from imagestore.backends.s3.transport.request import build_request, operation_model
from imagestore.core.errors import Rejected
from imagestore.facets.lifecycle import Lifecycle
from tests.backends.answers import rules_told, told
from tests.contract.stores import TIERS

AT = BucketPlace("recorded", tiers=TIERS["AWS"])
RULE = "<ID>imagestore/bucket/a</ID><Status>Enabled</Status>"
DAYS = "<Expiration><Days>1</Days></Expiration>"
PREFIX = "<Filter><Prefix>p/</Prefix></Filter>"


def rule(*xml: str) -> Lifecycle:
    found = lifecycle.decode(rules_told("".join(xml)), AT)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "xml",
    [
        f"{RULE}{DAYS}<Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition>",
        f"{RULE}<Expiration><Date>2040-01-01T12:00:00Z</Date></Expiration>",
        f"{RULE}<NoncurrentVersionExpiration><NewerNoncurrentVersions>3</NewerNoncurrentVersions>"
        "</NoncurrentVersionExpiration>",
        f"{RULE}<Transition><Days>30</Days><StorageClass>STANDARD_IA</StorageClass></Transition>"
        "<Transition><Days>60</Days><StorageClass>STANDARD_IA</StorageClass></Transition>",
        f"{RULE}{DAYS}<Filter><ObjectSizeGreaterThan>-1</ObjectSizeGreaterThan></Filter>",
        f"{RULE}{DAYS}<Something><New>1</New></Something>",
        f"{RULE}{DAYS}<Something />",
        f"{RULE}{DAYS}<Filter><ArchiveZone /></Filter>",
        f"{RULE}{DAYS}<Filter><Tag><Key>a</Key><Value>1</Value><Why>2</Why></Tag></Filter>",
        f"{RULE}<Expiration><Days>1</Days><ExpiredObjectAllVersions>true</ExpiredObjectAllVersions></Expiration>",
        f"{RULE}<DelMarkerExpiration><Days>1</Days></DelMarkerExpiration>",
        f"<ID>imagestore/bucket/Not A Name</ID><Status>Enabled</Status>{DAYS}",
        f"<ID>a person's</ID><Status>Enabled</Status>{DAYS}",
        f"<ID>a &lt;b&gt; &amp; \xe4</ID><Status>Enabled</Status>{DAYS}",
    ],
)
def test_a_rule_that_no_model_can_say_is_foreign_and_goes_back_verbatim(xml: str) -> None:
    found = rule(xml)
    assert found.rules[0].name == "foreign/" + verbatim.text_of(f"<Rule>{xml}</Rule>", "ID")
    assert lifecycle.LIFECYCLE.encode(found, AT)["LifecycleConfiguration"]["Rules"] == [
        {"Xml": f"<Rule>{xml}</Rule>"}
    ]


@pytest.mark.parametrize(
    "spelled",
    [
        PREFIX,
        "<Prefix>p/</Prefix>",  # as rules were written before 2016
        "<Filter><And><Prefix>p/</Prefix></And></Filter>",
        "<Filter>\n  <And>\n    <Prefix>p/</Prefix>\n  </And>\n</Filter>",
    ],
)
def test_spellings_of_one_rule(spelled: str) -> None:
    assert rule(RULE, DAYS, spelled) == rule(RULE, DAYS, PREFIX)
    no_marker = (
        "<Expiration><Days>1</Days><ExpiredObjectDeleteMarker>false</ExpiredObjectDeleteMarker></Expiration>"
    )
    assert rule(RULE, no_marker, spelled) == rule(RULE, DAYS, PREFIX)


def test_minio_leaves_the_empty_value_of_a_tag_out() -> None:
    found = rule(RULE, DAYS, "<Filter><Tag><Key>draft</Key></Tag></Filter>").rules[0]
    assert found.match is not None
    assert found.match.tags == {"draft": ""}


def test_what_stands_beside_the_rules_is_kept() -> None:
    """Left out, AWS sets it back to its default, and transitions of others move other objects."""
    sent: list[dict[str, Any]] = []
    answer = {
        **rules_told(RULE + DAYS + PREFIX),
        "TransitionDefaultMinimumObjectSize": "varies_by_storage_class",
    }

    def store(operation: str, parameters: Any) -> dict[str, Any]:
        if operation.startswith("Put"):
            sent.append(parameters)
        return answer

    driver = S3Setting(lifecycle.LIFECYCLE, store)
    driver.write("b", Lifecycle(rules=_rules()), driver.read("b"))
    assert sent[0]["TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class"


def _rules() -> tuple[Any, ...]:
    return rule(RULE, "<Expiration><Days>2</Days></Expiration>").rules


def test_what_the_document_holds_besides_the_rules_goes_back() -> None:
    """No store here has such a thing; the next release of one may."""
    xml = f"<LifecycleConfiguration><Rule>{RULE}{DAYS}{PREFIX}</Rule><Since>2026</Since></LifecycleConfiguration>"
    answer, sent = told("GetBucketLifecycleConfiguration", xml), []

    def store(operation: str, parameters: Any) -> dict[str, Any]:
        sent.append(parameters)
        return answer

    driver = S3Setting(lifecycle.LIFECYCLE, store)
    driver.write("b", Lifecycle(rules=_rules()), driver.read("b"))
    place = StoreAddress("http", "store.example")
    body = build_request(operation_model("PutBucketLifecycleConfiguration"), sent[-1], place).body.decode()
    assert body.endswith("<Since>2026</Since><Rule>" + body.partition("<Rule>")[2])
    assert body.count("<Rule>") == 1


def test_two_filters_are_refused_and_no_error_of_ours() -> None:
    filters = "<Filter><Prefix>a/</Prefix></Filter><Filter><Prefix>b/</Prefix></Filter>"
    with pytest.raises(Rejected, match="side by side") as refusal:
        foreign_joined(f"<Rule><ID>theirs</ID>{filters}<Status>Enabled</Status></Rule>")
    assert refusal.value.code == AMBIGUOUS
