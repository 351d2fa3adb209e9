"""Keys are bytes: they come out of a listing as they are, go back as they came, and stand in no error."""

import re
import socket
from collections.abc import Callable
from typing import TypeVar

import pytest

from imagestore.backends.base import ListingPage, ListingScope
from imagestore.backends.guard.guarded import Perform
from imagestore.backends.s3.bucket import emptying, listing
from imagestore.backends.s3.client import StoreTarget
from imagestore.backends.s3.objects.dialect import ObjectDialect
from imagestore.backends.s3.objects.pages import PageRequest, current_objects
from imagestore.backends.s3.objects.wire import ObjectWire
from imagestore.backends.s3.transport.call import s3_call
from imagestore.core.errors import Denied, StoreError, Unavailable, Unexpected
from imagestore.core.keys import quotes, raw, unquoted
from imagestore.core.stored import StoredVersion
from tests.backends.listener import Heard, listening
from tests.backends.test_transport import BUCKET, KEYS

T = TypeVar("T")
ITEM = "<Key>{}</Key><Size>1</Size><LastModified>2027-03-01T00:00:00Z</LastModified><ETag>e</ETag>"


def objects(*keys: str, more: bool = False) -> bytes:
    """What ListObjectsV2 answers."""
    contents = "".join(f"<Contents>{ITEM.format(key)}</Contents>" for key in keys)
    said = f"<EncodingType>url</EncodingType><IsTruncated>{str(more).lower()}</IsTruncated>{contents}"
    return f"<ListBucketResult>{said}</ListBucketResult>".encode()


def versions(*keys: str, marker: str = "") -> bytes:
    """What ListObjectVersions answers; with a marker there is more."""
    found = "".join(
        f"<Version>{ITEM.format(k)}<VersionId>1</VersionId><IsLatest>true</IsLatest></Version>" for k in keys
    )
    more = f"<IsTruncated>true</IsTruncated><NextKeyMarker>{marker}</NextKeyMarker>" if marker else ""
    encoding = "<EncodingType>url</EncodingType>"
    return f"<ListVersionsResult>{encoding}{more}{found}</ListVersionsResult>".encode()


def page(heard: Heard, scope: ListingScope = "objects", **after: str) -> ListingPage:
    return listing.page(wire(heard), BUCKET, scope, after, ObjectDialect())


def wire(heard: Heard, perform: Perform | None = None) -> ObjectWire:
    """Straight to the server."""
    return ObjectWire(StoreTarget(heard.endpoint, "eu-west-1", KEYS), perform or straight)


def straight(_: str, attempt: Callable[[], T]) -> T:
    return attempt()


def test_bytes_that_are_no_text_are_not_replaced_so_that_two_keys_never_become_one() -> None:
    with listening() as heard:
        heard.body = objects("a%FF", "a%FE", "a%EF%BF%BD", "x+y%2Bz")
        found = [s.key for s in page(heard).items]
    assert len(set(found)) == 4
    assert [raw(key) for key in found] == [b"a\xff", b"a\xfe", "a\ufffd".encode(), b"x y+z"]


@pytest.mark.parametrize("written", ["%FF%80.jpg", "%EF%BF%BD", "gr%C3%B6%C3%9Fe%07"])
def test_a_key_goes_back_to_the_store_byte_by_byte(written: str) -> None:
    with listening() as heard:
        call, key = s3_call(StoreTarget(heard.endpoint, "eu-west-1", KEYS)), unquoted(written)
        heard.body = objects()
        call("ListObjectsV2", {"Bucket": BUCKET, "StartAfter": key})
        heard.body = b""
        call("PutObject", {"Bucket": BUCKET, "Key": key})
        listing_, deed = [path for _, path, _, _ in heard.asked]
        assert f"start-after={written}" in listing_
        assert deed == f"/{BUCKET}/{written}"


def test_a_marker_that_xml_cannot_hold_is_found_among_the_keys() -> None:
    """RGW 16 writes it as it is, and no XML parser reads the page."""
    with listening() as heard:
        heard.body = versions("a", "bell%07", marker="bell&#x07;")
        found = page(heard, "versions")
        assert [s.key for s in found.items] == ["a", "bell\x07"]
        assert found.after == {"KeyMarker": "bell\x07"}


class Failing:
    """A store that cannot answer pages of these sizes."""

    def __init__(self, heard: Heard, bad: int) -> None:
        self.heard, self.left = heard, bad

    def __call__(self, operation: str, attempt: Callable[[], T]) -> T:
        answer = attempt()
        self.left -= 1
        if self.left >= 0:
            raise Unavailable("500", code="500")
        return answer


def sizes(heard: Heard) -> list[int]:
    """Of the pages that were asked for."""
    return [int(re.findall(r"max-keys=(\d+)", path)[0]) for _, path, _, _ in heard.asked]


def test_a_page_that_the_store_fails_over_is_asked_for_in_another_size() -> None:
    with listening() as heard:
        heard.body = objects("a", "b", more=True)
        found = current_objects(wire(heard, Failing(heard, 2)), PageRequest(BUCKET))
        assert (len(found.items), sizes(heard)) == (2, [1000, 999, 998])
        with pytest.raises(Unavailable):
            current_objects(wire(heard, Failing(heard, 1000)), PageRequest(BUCKET))


def test_a_listing_that_does_not_go_on_is_an_error_and_no_walk_for_ever() -> None:
    with listening() as heard:
        heard.body = versions("a", marker="a")
        assert page(heard, "versions").after == {"KeyMarker": "a"}
        with pytest.raises(Unexpected, match="does not go on"):
            page(heard, "versions", KeyMarker="a")


@pytest.mark.parametrize("scope", ["objects", "versions"])
def test_a_page_that_says_there_is_more_but_not_where_is_an_error_and_no_end(scope: ListingScope) -> None:
    """The count ended there, and an approval was asked for over fewer objects than a rule removes."""
    with listening() as heard:
        heard.body = {
            "objects": objects(more=True),
            "versions": b"<ListVersionsResult><IsTruncated>true</IsTruncated></ListVersionsResult>",
        }[scope]
        with pytest.raises(Unexpected, match="does not go on: there is more"):
            page(heard, scope)


def test_a_marker_that_may_be_either_of_two_keys_is_the_later_one() -> None:
    """RGW 16 does not encode the marker: the page after ``a b`` began with ``a+b`` once more."""
    with listening() as heard:
        heard.body = versions("a%20b", "a%2Bb", marker="a+b")
        assert page(heard, "versions").after == {"KeyMarker": "a+b"}
        heard.body = versions("a%20b", marker="a+b")
        assert page(heard, "versions").after == {"KeyMarker": "a b"}


def test_an_answer_that_nobody_can_read_is_an_error_without_the_keys_in_it() -> None:
    """The parser's own message quotes the whole document, and stood in a status."""
    with listening() as heard:
        heard.body = b"<ListBucketResult><Key>patient.dcm</Wrong></ListBucketResult>"
        with pytest.raises(StoreError) as caught:
            page(heard)
    assert "patient" not in str(caught.value)
    assert "no XML that can be read" in str(caught.value)


def test_a_connection_that_ends_is_an_error_without_the_key_that_was_asked_for() -> None:
    """The address of what was asked for stood in the message, and so in a status."""
    with listening() as heard:
        heard.body = b"<" * 100
        heard.headers = {"Content-Length": "100", "Transfer-Encoding": "nobody's"}
        with pytest.raises(Unavailable) as caught:
            page(heard, StartAfter="patient.dcm")
    assert "patient" not in str(caught.value)
    assert heard.endpoint in str(caught.value)


def test_nor_does_a_proxy_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """There botocore speaks to the store, and its messages have the whole address in them."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        call = s3_call(StoreTarget("http://store.example", "eu-west-1", KEYS, read=0.1))
        with pytest.raises(Unavailable) as caught:
            call("HeadObject", {"Bucket": BUCKET, "Key": "patient.dcm"})
    assert "patient" not in str(caught.value)
    assert '"http://store.example"' in str(caught.value)


@pytest.mark.parametrize(
    "quoted", ["scans/größe 1.dcm", "/b/scans/gr%C3%B6%C3%9Fe%201.dcm", "gr%C3%B6%C3%9Fe%201.dcm"]
)
def test_a_key_is_found_as_it_stands_in_a_url(quoted: str) -> None:
    assert quotes(f"no right to {quoted}", "scans/größe 1.dcm")
    assert not quotes("no right to anything", "scans/größe 1.dcm")


def test_a_refusal_of_one_key_among_many_is_cut_and_has_no_secret_in_it() -> None:
    """DeleteObjects answers 200, so no error was translated."""
    message = f"signed with {KEYS.secret_access_key} " + "x" * 5000
    listed = "<ListVersionsResult><Version><Key>scan.dcm</Key><VersionId>1</VersionId></Version></ListVersionsResult>"
    error = f"<Error><Key>scan.dcm</Key><VersionId>1</VersionId><Code>AccessDenied</Code><Message>{message}</Message></Error>"
    with listening() as heard:

        def perform(operation: str, attempt: Callable[[], T]) -> T:
            begun = b"<ListMultipartUploadsResult></ListMultipartUploadsResult>"
            told = {
                "DeleteObjects": f"<DeleteResult>{error}</DeleteResult>".encode(),
                "ListMultipartUploads": begun,
            }
            heard.body = told.get(operation, listed.encode())
            return attempt()

        (reason,) = emptying.sweep(wire(heard, perform), BUCKET, 10, ObjectDialect()).refused
    assert reason.startswith("AccessDenied: signed with *** xxx")
    assert len(reason) == 300


def test_a_store_that_quotes_the_key_in_its_refusal_is_not_quoted() -> None:
    with listening() as heard:
        heard.status = 403
        heard.body = (
            b"<Error><Code>AccessDenied</Code><Message>no right to /scans/patient.dcm</Message></Error>"
        )
        with pytest.raises(Denied) as caught:
            listing.tags_of(wire(heard), BUCKET, StoredVersion("scans/patient.dcm", 1, 1))
    assert str(caught.value) == "GetObjectTagging: 403 AccessDenied: no right to /…"


def test_what_the_operator_keeps_is_no_content_of_a_survey() -> None:
    """A destination's journals were counted among what lifecycle rules would delete."""
    kept = (".imagestore/transfer/p/journal.json", ".imagestore-canary/1")
    with listening() as heard:
        heard.body = objects("a", *kept, ".imagestore", more=True)
        found = page(heard)
        assert ([item.key for item in found.items], found.after) == (
            ["a", ".imagestore"],
            {"StartAfter": ".imagestore"},
        )
        heard.body = versions("a", *kept)
        assert [item.key for item in page(heard, "versions").items] == ["a"]
