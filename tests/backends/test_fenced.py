"""Before each write to a store leave is asked for, next to the wire: another replica may have taken over meanwhile."""

from collections.abc import Callable
from typing import Any

import pytest

from imagestore.backends.base import Backend
from imagestore.backends.guard.call import Timing
from imagestore.backends.registry import connect
from imagestore.core.fencing import Fenced
from imagestore.facets.quota import Quota
from imagestore.facets.tags import Tags
from imagestore.facets.versioning import Versioning
from tests.backends.listener import Heard, listening
from tests.backends.test_factory import SECRETS, named, spec

WRITES: list[Callable[[Backend], Any]] = [
    lambda b: b.create("photos", {}),
    lambda b: b.delete("photos"),
    lambda b: b.drivers["tags"].write("photos", Tags(values={"a": "b"}), None),
    lambda b: b.drivers["tags"].clear("photos", Tags(values={"a": "b"})),
    lambda b: b.drivers["versioning"].write("photos", Versioning(state="Enabled"), None),
    lambda b: b.drivers["quota"].write("photos", Quota(hard="1Gi"), None),
]


def refused() -> None:
    """Of a replica that lost the Lease."""
    raise Fenced


def connected(heard: Heard, permit: Callable[[], None], **more: Any) -> Backend:
    admin = {"endpoint": heard.endpoint, "credentials": named("good")}
    where = spec(s3={"endpoint": heard.endpoint, "region": "r"}, admin=admin)
    return connect("x", where, SECRETS.get, permit, **more)


@pytest.mark.parametrize("proxied", [False, True])
@pytest.mark.parametrize("write", WRITES)
def test_a_store_hears_no_write_of_who_lost_the_lease(
    write: Callable[[Backend], Any], monkeypatch: pytest.MonkeyPatch, *, proxied: bool
) -> None:
    with listening() as heard:
        if proxied:
            monkeypatch.setenv("http_proxy", heard.endpoint)
        with pytest.raises(Fenced):
            write(connected(heard, refused))
        assert {method for method, *_ in heard.asked} <= {"GET", "HEAD"}


def test_reading_needs_no_leave() -> None:
    with listening() as heard:
        heard.status, heard.body = 404, b"<Error><Code>NoSuchBucket</Code><Message>none</Message></Error>"
        assert connected(heard, refused).check("photos") is None
        assert heard.asked


def test_what_is_tried_again_asks_again() -> None:
    """The Lease may be lost while a call waits for its next attempt."""
    held, times = [True], Timing(sleep=lambda _: held.clear())

    def permit() -> None:
        if not held:
            raise Fenced

    with listening() as heard:
        heard.status = 503
        with pytest.raises(Fenced):
            connected(heard, permit, timing=times).drivers["tags"].write(
                "photos", Tags(values={"a": "b"}), None
            )
        assert [method for method, *_ in heard.asked] == ["PUT"], "once, while the Lease was held"
