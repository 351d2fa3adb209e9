"""What the operator wrote and somebody altered beyond the model still has the operator's id, and leaves with the spec."""

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.backends.s3.lifecycle.rules import LIFECYCLE
from imagestore.backends.s3.serving import notifications
from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import S3Setting
from imagestore.core.plan import Change, Op, plan
from imagestore.core.reading import Found
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.lifecycle_rule import declared_name
from imagestore.facets.notifications import Notifications
from tests.backends.answers import queues_told
from tests.backends.rules import RuleStore, stranger

UNKNOWN = "<Filter><Prefix>in/</Prefix></Filter><DelMarkerExpiration><Days>1</Days></DelMarkerExpiration>"
TARGET = "<Queue>arn:aws:sqs:eu-west-1:123456789012:uploads</Queue><Event>s3:ObjectCreated:*</Event>"
SIZE = "<Filter><S3Key><FilterRule><Name>size</Name><Value>12</Value></FilterRule></S3Key></Filter>"


def lifecycle(store: RuleStore, wish: Lifecycle | None) -> tuple[Change, S3Setting[Lifecycle], Lifecycle]:
    driver = S3Setting(LIFECYCLE, store)
    have = driver.read("b")
    assert have is not None
    wishes = {} if wish is None else {"lifecycle": wish}
    (change,) = plan(wishes, {"lifecycle": Found(have)}, {"lifecycle": frozenset({"x"})}, FACETS).changes
    return change, driver, have


@pytest.mark.parametrize("wish", [None, Lifecycle()])
def test_a_rule_that_left_the_spec_leaves_the_store(wish: Lifecycle | None) -> None:
    """It went on deleting: under its foreign name it was in no list of what is the operator's."""
    store = RuleStore([stranger("theirs"), stranger("imagestore/bucket/x", UNKNOWN)])
    change, driver, have = lifecycle(store, wish)
    assert change.writes
    assert isinstance(change.after, Lifecycle)
    driver.write("b", change.after, have)
    assert store.ids() == ["theirs"]


def test_the_last_one_leaves_it_too() -> None:
    store = RuleStore([stranger("imagestore/bucket/x", UNKNOWN)])
    change, driver, have = lifecycle(store, None)
    assert (change.op, change.after) == (Op.CLEAR, None)
    driver.clear("b", have)
    assert store.ids() == []


@pytest.mark.parametrize("kept", ["pol/", "pol/x", "/"])
def test_one_of_a_policy_that_cannot_be_read_stays(kept: str) -> None:
    store = RuleStore([stranger("imagestore/pol/x", UNKNOWN)])
    change, _, _ = lifecycle(store, Lifecycle(kept=frozenset({kept})))
    assert change.op is Op.KEEP
    assert lifecycle(store, Lifecycle(kept=frozenset({"other/"})))[0].writes


def test_one_that_is_still_wished_is_put_back() -> None:
    store = RuleStore([stranger("imagestore/bucket/x", UNKNOWN)])
    wish = Lifecycle.model_validate({"rules": [{"name": "x", "expire": {"days": 3}}]})
    change, driver, have = lifecycle(store, wish)
    assert isinstance(change.after, Lifecycle)
    driver.write("b", change.after, have)
    assert driver.read("b") == wish.canonical()
    assert lifecycle(store, wish)[0].op is Op.KEEP


@pytest.mark.parametrize(("managed", "writes"), [("a", True), ("b", False)])
def test_a_notification_that_left_the_spec_leaves_the_store(managed: str, *, writes: bool) -> None:
    """As far as a status remembers it: an id alone makes no notification the operator's."""
    told = queues_told(f"<Id>imagestore/bucket/a</Id>{TARGET}{SIZE}", f"<Id>theirs</Id>{TARGET}")
    have = notifications.decode(told, BucketPlace("b"))
    assert have is not None
    (change,) = plan(
        {}, {"notifications": Found(have)}, {"notifications": frozenset({managed})}, FACETS
    ).changes
    assert change.writes == writes
    left = change.after
    assert isinstance(left, Notifications)
    assert ("foreign/imagestore/bucket/a" in (left.parts() or ())) == (not writes)
    assert "foreign/theirs" in (left.parts() or ())


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ("foreign/imagestore/bucket/x", "x"),
        ("foreign/imagestore/pol.a/x#0123456789ab", "pol.a/x"),
        ("foreign/imagestore/x", "foreign/imagestore/x"),
        ("foreign/theirs", "foreign/theirs"),
        ("pol/x", "pol/x"),
    ],
)
def test_only_what_the_operator_writes_has_such_an_id(shown: str, name: str) -> None:
    assert declared_name(shown) == name
