"""Notifications of others, in the store's own words, beside ours. Each store has but its own kind of target."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from imagestore.backends.s3.settings.setting import S3Setting
from imagestore.core.errors import Rejected
from imagestore.core.facet import Facet
from imagestore.facets.notifications import Notifications
from tests.backends.answers import queues_told
from tests.contract.samples import AWS_QUEUE, CEPH_TOPIC, MINIO_WEBHOOK, SAMPLES
from tests.contract.stores import World
from tests.contract.test_foreign import apply, change, of

KINDS = {
    "AWS": ("QueueConfigurations", "QueueArn", AWS_QUEUE, "queue"),
    "MinIO": ("QueueConfigurations", "QueueArn", MINIO_WEBHOOK, "webhook"),
    "Ceph": ("TopicConfigurations", "TopicArn", CEPH_TOPIC, "topic"),
}
RULES = [{"Name": "prefix", "Value": "x/"}]
OURS = "imagestore/bucket/any"


def theirs(provider: str, identity: str, events: str = "s3:ObjectRemoved:*") -> dict[str, Any]:
    """What somebody made in the console."""
    _, arn, target, _ = KINDS[provider]
    return {"Id": identity, arn: target, "Events": [events], "Filter": {"Key": {"FilterRules": RULES}}}


def put(at: World, *documents: dict[str, Any]) -> None:
    document = {KINDS[at.backend.provider][0]: list(documents)}
    at.raw("PutBucketNotificationConfiguration", NotificationConfiguration=document)


def held(at: World) -> dict[str, dict[str, Any]]:
    answer = at.raw("GetBucketNotificationConfiguration")
    return {n["Id"]: n for n in answer.get(KINDS[at.backend.provider][0], ())}


def wish(provider: str) -> Facet:
    """One notification of ours, named any."""
    return SAMPLES["notifications"][KINDS[provider][3]]


@pytest.mark.parametrize("provider", KINDS)
def test_those_of_others_survive(provider: str, request: pytest.FixtureRequest) -> None:
    at = of(provider, "notifications", request)
    put(at, theirs(provider, "somebody's"), theirs(provider, "console"))
    before = held(at)
    apply(at, wish(provider))
    assert set(held(at)) == {"somebody's", "console", OURS}
    assert {k: v for k, v in held(at).items() if k != OURS} == before
    assert not change(at, wish(provider)).writes
    apply(at, Notifications(), managed=frozenset({"any"}))
    assert held(at) == before, "removing ours leaves theirs"


@pytest.mark.parametrize("provider", KINDS)
def test_ours_as_somebody_changed_it_is_a_difference_and_is_put_back(
    provider: str, request: pytest.FixtureRequest
) -> None:
    at = of(provider, "notifications", request)
    apply(at, wish(provider))
    written = held(at)
    put(at, theirs(provider, OURS))
    assert change(at, wish(provider)).writes
    apply(at, wish(provider))
    assert held(at) == written
    assert not change(at, wish(provider)).writes


@pytest.mark.parametrize("provider", KINDS)
def test_an_exclusive_wish_removes_those_of_others(provider: str, request: pytest.FixtureRequest) -> None:
    at = of(provider, "notifications", request)
    put(at, theirs(provider, "somebody's"), theirs(provider, "console"))
    at.raw("PutObject", Key="a.jpg", Body=b"kept")
    apply(at, wish(provider).model_copy(update={"exclusive": True}))
    assert set(held(at)) == {OURS}
    apply(at, Notifications(exclusive=True))
    assert held(at) == {}
    assert at.raw("GetObject", Key="a.jpg")["Body"].read() == b"kept"


def test_on_ceph_only_what_differs_is_sent(request: pytest.FixtureRequest) -> None:
    """A PUT adds there, and what botocore does not know of a foreign one (a filter by tags) must not be lost."""
    at = of("Ceph", "notifications", request)
    put(at, theirs("Ceph", "somebody's"))
    apply(at, SAMPLES["notifications"]["topics"])
    at.recorded.seen.clear()
    apply(at, SAMPLES["notifications"]["topic"], managed=frozenset({"jpg", "tmp"}))
    sent = [(o, p) for o, p in at.recorded.seen if not o.startswith("Get")]
    assert [o for o, _ in sent] == ["PutBucketNotificationConfiguration", *["DeleteBucketNotification"] * 2]
    assert [n["Id"] for n in sent[0][1]["NotificationConfiguration"]["TopicConfigurations"]] == [OURS]
    assert [p["Id"] for _, p in sent[1:]] == ["imagestore/bucket/jpg", "imagestore/bucket/tmp"]
    assert set(held(at)) == {"somebody's", OURS}


def test_on_minio_several_of_others_may_have_one_id_or_none(request: pytest.FixtureRequest) -> None:
    at = of("MinIO", "notifications", request)
    nameless = {k: v for k, v in theirs("MinIO", "", "s3:ObjectAccessed:*").items() if k != "Id"}
    put(at, theirs("MinIO", "twice"), theirs("MinIO", "twice", "s3:ObjectCreated:Copy"), nameless)

    def there() -> list[str]:
        found = at.raw("GetBucketNotificationConfiguration")["QueueConfigurations"]
        return sorted(json.dumps(n, sort_keys=True) for n in found)

    before = there()
    apply(at, wish("MinIO"))
    assert len(there()) == 4
    assert set(there()) > set(before)


@pytest.mark.parametrize(
    ("provider", "sample"), [("MinIO", "queue"), ("AWS", "webhook"), ("Ceph", "each-kind")]
)
def test_a_refusal_names_what_is_new(provider: str, sample: str, request: pytest.FixtureRequest) -> None:
    at = of(provider, "notifications", request)
    wished = SAMPLES["notifications"][sample]
    assert isinstance(wished, Notifications)
    if provider == "Ceph":
        wished = wished.model_copy(update={"queues": (), "functions": ()})
    with pytest.raises(Rejected) as refusal:
        at.driver.write(at.bucket, wished, None)
    assert all(arn in str(refusal.value) for arn in wished.targets())
    assert "every target has to be there first" in str(refusal.value)


def test_whoever_replaces_the_document_is_asked_about_all_of_it(request: pytest.FixtureRequest) -> None:
    """MinIO proves the targets of others, too: one that left its configuration makes our write fail."""
    at = of("MinIO", "notifications", request)
    gone = "<Id>old</Id><Queue>arn:minio:sqs::GONE:webhook</Queue><Event>s3:ObjectRemoved:*</Event>"

    def call(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """It still answers with what it would not take again."""
        return queues_told(gone) if operation.startswith("Get") else at.recorded(operation, parameters)

    assert isinstance(at.driver, S3Setting)
    driver = replace(at.driver, call=call)
    ours, seen = wish("MinIO"), driver.read(at.bucket)
    with pytest.raises(
        Rejected, match=r"new here: arn:minio:sqs::IMAGES:webhook; of others: arn:minio:sqs::GONE"
    ):
        driver.write(at.bucket, ours.merge(seen, ours.parts() or frozenset()), seen)
