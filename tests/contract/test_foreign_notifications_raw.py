"""Others' notifications mean the same after our writes, by the store's raw answer: with whatever it has words for."""

import re
from collections.abc import Iterator

import pytest

from imagestore.backends.s3.settings.verbatim import meaning
from imagestore.facets.notifications import Notifications
from tests.contract.stores import FIXTURES, LIVE
from tests.contract.test_foreign import apply, change, of
from tests.contract.test_foreign_notifications import KINDS, wish
from tests.contract.wire import Wire

pytestmark = pytest.mark.skipif(LIVE is not None, reason="no raw requests are sent to a real account")

ELEMENTS = {"topic": ("TopicConfiguration", "Topic"), "queue": ("QueueConfiguration", "Queue")}
ELEMENTS["webhook"] = ELEMENTS["queue"]


def _filter(kind: str, *rules: tuple[str, str]) -> str:
    inner = "".join(f"<FilterRule><Name>{n}</Name><Value>{v}</Value></FilterRule>" for n, v in rules)
    return f"<{kind}>{inner}</{kind}>"


FILTERS = (
    "",
    "<Filter></Filter>",
    *(
        f"<Filter>{inside}</Filter>"
        for inside in (
            _filter("S3Key"),
            _filter("S3Key", ("prefix", "a &amp; \xe4/")),
            _filter("S3Key", ("prefix", "in/"), ("suffix", ".jpg")),
            _filter("S3Key", ("regex", "[0-9]+")),
            _filter("S3Metadata", ("x-amz-meta-by", "camera")),
            _filter("S3Tags", ("state", "draft")),
            _filter("S3Key", ("prefix", "in/")) + _filter("S3Tags", ("state", "draft"), ("by", "camera")),
        )
    ),
)
EVENTS = ("s3:ObjectRemoved:*", "s3:ObjectCreated:Put", "s3:ObjectCreated:CompleteMultipartUpload")


def strangers(kind: str, arn: str) -> Iterator[str]:
    """Each filter once, each with a prefix of its own: most stores refuse two that overlap."""
    name, target = ELEMENTS[kind]
    for i, which in enumerate(FILTERS):
        event = f"<Event>{EVENTS[i % len(EVENTS)]}</Event>"
        yield f"<{name}><Id>theirs {i}</Id><{target}>{arn}</{target}>{event}{which}</{name}>"


def document(*parts: str) -> str:
    return f"<NotificationConfiguration>{''.join(parts)}</NotificationConfiguration>"


def held(wire: Wire) -> list[str]:
    """What those that are not ours mean, by what the store says itself."""
    found = re.findall(
        r"<(\w+Configuration)>(.*?)</\1>",
        re.sub(r"^.*?<Notif\w+[^>]*>", "", wire.get(), flags=re.DOTALL),
        re.DOTALL,
    )
    return sorted(repr(meaning(f"<x>{inside}</x>")) for _, inside in found if "imagestore/" not in inside)


@pytest.mark.parametrize("provider", KINDS)
def test_one_of_our_writes_leaves_what_others_wrote(provider: str, request: pytest.FixtureRequest) -> None:
    at = of(provider, "notifications", request)
    _, _, arn, kind = KINDS[provider]
    wire = Wire(request.getfixturevalue(FIXTURES[provider]), at.bucket, "notification")
    count = 0
    for theirs in strangers(kind, arn):
        if wire.put(document(theirs)) or not held(wire):
            continue
        before = held(wire)
        count += 1
        apply(at, wish(provider))
        assert held(wire) == before, theirs
        assert not change(at, wish(provider)).writes, theirs
        apply(at, Notifications(), managed=frozenset({"any"}))
        assert held(wire) == before, theirs
        assert "imagestore/" not in wire.get(), theirs
    assert count >= 3
