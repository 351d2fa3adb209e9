"""Before each write to a store leave is asked for: another replica may have taken over meanwhile."""

from collections.abc import Mapping
from typing import Any

import pytest

from imagestore.backends.decorators import Timing
from imagestore.backends.factory import connect
from imagestore.backends.fencing import fenced
from imagestore.backends.s3.settings import SETTINGS
from imagestore.backends.s3.transport_request import operation_model
from imagestore.core.fencing import Fenced
from imagestore.facets.tags import Tags
from tests.backends.listener import listening
from tests.backends.test_factory import SECRETS, spec

OTHERS = {
    "CreateBucket", "DeleteBucket", "DeleteObject", "DeleteObjects", "PutObject", "AbortMultipartUpload", "HeadBucket",
    "ListBuckets", "ListObjectVersions", "ListMultipartUploads", "GetObjectTagging",
}  # fmt: skip
ASKED = {name for row in SETTINGS for name in (row.read, row.write, row.clear) if name}


def refused() -> None:
    """Of a replica that lost the Lease."""
    raise Fenced


def sent(operation: str) -> bool:
    """Whether a replica that lost the Lease still sends it."""
    heard: list[str] = []

    def raw(operation: str, _: Mapping[str, Any]) -> dict[str, Any]:
        heard.append(operation)
        return {}

    try:
        fenced(raw, refused)(operation, {})
    except Fenced:
        return False
    return heard == [operation]


@pytest.mark.parametrize("operation", sorted(OTHERS | {n for n in ASKED if not n.startswith("admin:")}))
def test_what_only_reads_is_told_by_its_method(operation: str) -> None:
    assert sent(operation) == (operation_model(operation).http["method"] in {"GET", "HEAD"})


@pytest.mark.parametrize(
    ("operation", "reads"),
    [
        ("admin:GetBucketQuota", True),
        ("admin:GetBucketUsage", True),
        ("admin:ListTiers", True),
        ("admin:SetBucketQuota", False),
        ("admin:ClearBucketQuota", False),
        ("admin:AddTier", False),
        ("admin:EditTier", False),
    ],
)
def test_what_only_reads_of_the_admin_apis(operation: str, *, reads: bool) -> None:
    assert sent(operation) == reads


def test_a_store_hears_nothing_more_of_who_lost_the_lease() -> None:
    """Not even what is tried again: the Lease may be lost while a call waits for its next attempt."""
    held, times = [True], Timing(sleep=lambda _: held.clear())

    def permit() -> None:
        if not held:
            raise Fenced

    with listening() as heard:
        heard.status = 503
        where = spec(s3={"endpoint": heard.endpoint, "region": "r"})
        backend = connect("x", where, SECRETS.get, permit, timing=times)
        with pytest.raises(Fenced):
            backend.drivers["tags"].write("photos", Tags(values={"a": "b"}), None)
        assert [method for method, *_ in heard.asked] == ["PUT"], "once, while the Lease was held"
        heard.status, heard.body = 404, b"<Error><Code>NoSuchBucket</Code><Message>none</Message></Error>"
        assert backend.look("photos") is None, "reading is allowed"
