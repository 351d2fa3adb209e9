"""Notifications and ACLs as only people, other tools or Amazon write them."""

from typing import Any

import pytest

from imagestore.backends.s3.protection import acl, versioning
from imagestore.backends.s3.serving import notifications
from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.core.diff import diff
from imagestore.facets.notifications import Notifications, target
from imagestore.facets.versioning import Versioning
from tests.backends.answers import queues_told

AT = BucketPlace("recorded")
ARN = "arn:aws:sqs:eu-west-1:123456789012:uploads"
TARGET = f"<Queue>{ARN}</Queue><Event>s3:ObjectCreated:*</Event>"
OURS = f"<Id>imagestore/bucket/a</Id>{TARGET}"


def filtered(*rules: tuple[str, str]) -> str:
    inner = "".join(f"<FilterRule><Name>{n}</Name><Value>{v}</Value></FilterRule>" for n, v in rules)
    return f"<Filter><S3Key>{inner}</S3Key></Filter>"


def decoded(*queues: str) -> Notifications:
    found = notifications.decode(queues_told(*queues), AT)
    assert found is not None
    return found


def sent(value: Notifications) -> dict[str, Any]:
    document: dict[str, Any] = notifications.encode(value, AT)["NotificationConfiguration"]
    return document


@pytest.mark.parametrize(
    "xml",
    [
        f"<Id>a person's</Id>{TARGET}",
        f"<Id>imagestore/bucket/Not A Name</Id>{TARGET}",
        OURS + filtered(("prefix", "a"), ("prefix", "b")),
        OURS + filtered(("size", "12")),
        f"{OURS}<Filter><S3Metadata><FilterRule><Name>x</Name><Value>y</Value></FilterRule></S3Metadata></Filter>",
        TARGET,
    ],
)
def test_what_no_model_can_say_is_foreign_and_goes_back_verbatim(xml: str) -> None:
    found = decoded(xml)
    assert found.queues[0].name.startswith("foreign/")
    assert sent(found) == {
        "QueueConfigurations": [{"Xml": f"<QueueConfiguration>{xml}</QueueConfiguration>"}]
    }


@pytest.mark.parametrize(
    "xml",
    [
        OURS + "<Event>s3:Something:New:Again</Event>",
        OURS + "".join(f"<Event>s3:Object{i}</Event>" for i in range(40)),
        OURS.replace(ARN, "arn:aws:kinesis:eu-west-1:123456789012:stream/x"),
        OURS + filtered(("prefix", "x" * 2000)),
    ],
)
def test_the_bounds_of_a_wish_are_not_those_of_what_a_store_holds(xml: str) -> None:
    assert decoded(xml).queues[0].name == "a"


def test_ours_replaces_what_somebody_made_of_it() -> None:
    changed = decoded(OURS + filtered(("prefix", "a"), ("prefix", "b")))
    both = changed.model_copy(update={"queues": (*changed.queues, *decoded(OURS).queues)})
    assert sent(both) == sent(decoded(OURS))
    assert [q["Id"] for q in sent(both)["QueueConfigurations"]] == ["imagestore/bucket/a"]


def test_of_two_with_our_id_one_is_foreign() -> None:
    twice = decoded(OURS, OURS.replace("Created", "Removed"))
    assert len(twice.parts() or ()) == 2


def test_amazon_writes_the_filters_in_capitals() -> None:
    small, large = (decoded(OURS + filtered((n, "a"))) for n in ("prefix", "Prefix"))
    assert small == large


def test_event_bridge_is_an_empty_element() -> None:
    found = notifications.decode({"EventBridgeConfiguration": {}}, AT)
    assert found is not None
    assert found.event_bridge
    assert sent(found) == {"EventBridgeConfiguration": {}}
    off = Notifications(event_bridge=False).merge(found, frozenset({"EventBridge"}))
    assert sent(off) == {}
    silent = Notifications().merge(found, frozenset())
    assert sent(silent) == {"EventBridgeConfiguration": {}}, "silence keeps it"


def test_nothing_is_none() -> None:
    assert notifications.decode({}, AT) is None


@pytest.mark.parametrize(
    ("arn", "same"),
    [
        ("arn:minio:sqs:us-east-1:SHOP:webhook", "arn:minio:sqs::SHOP:webhook"),
        ("arn:minio:sqs::SHOP:webhook", "arn:minio:sqs::SHOP:webhook"),
        (ARN, ARN),
        ("arn:minio:sqs:*", "arn:minio:sqs:*"),
    ],
)
def test_minio_has_one_region(arn: str, same: str) -> None:
    assert target(arn) == same
    assert target(same) == same


GROUPS = "http://acs.amazonaws.com/groups/"


def grants(*pairs: tuple[dict[str, str], str]) -> dict[str, Any]:
    return {"Owner": {"ID": "me"}, "Grants": [{"Grantee": g, "Permission": p} for g, p in pairs]}


def test_an_acl_without_what_its_owner_has() -> None:
    mine = ({"Type": "CanonicalUser", "ID": "me"}, "FULL_CONTROL")
    assert acl.decode(grants(mine), AT) is None
    everybody = {"Type": "Group", "URI": GROUPS + "global/AllUsers"}
    logs = {"Type": "Group", "URI": GROUPS + "s3/LogDelivery"}
    other = {"Type": "CanonicalUser", "ID": "another", "DisplayName": "Another"}
    found = acl.decode(
        grants(mine, (everybody, "READ"), (everybody, "WRITE"), (logs, "WRITE"), (other, "READ")), AT
    )
    assert found is not None
    assert {g.grantee: g.permissions for g in found.grants or ()} == {
        "AllUsers": ("READ", "WRITE"), "LogDelivery": ("WRITE",), "another": ("READ",),
    }  # fmt: skip
    assert "READ to AllUsers, WRITE to AllUsers" in type(found)().findings(found)[0].message


@pytest.mark.parametrize(("answer", "mfa"), [({}, "Disabled"), ({"MFADelete": "Enabled"}, "Enabled")])
def test_mfa_delete_is_read_and_never_sent(answer: dict[str, str], mfa: str) -> None:
    have = versioning.decode({"Status": "Enabled", **answer}, AT)
    assert have is not None
    assert have.mfa_delete == mfa
    assert versioning.VERSIONING.encode(have, AT) == {"VersioningConfiguration": {"Status": "Enabled"}}
    assert not diff("versioning", have, Versioning(state="Enabled")), "silence is no opinion"
