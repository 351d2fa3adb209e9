"""The transport of our own sends what boto3 sends and reads what boto3 reads, for every operation in use."""

from collections.abc import Iterator, Mapping
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from imagestore.backends.guard.call import Call
from imagestore.backends.s3.client import Keys, StoreTarget
from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.table import SETTINGS
from imagestore.backends.s3.transport.address import StoreAddress
from imagestore.backends.s3.transport.call import s3_call
from imagestore.core.errors import Rejected, StoreError, Unavailable
from tests.backends.listener import Heard, listening
from tests.contract.samples import SAMPLES, fullest

KEYS = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "a/session+token==")
BUCKET = "a-bucket"
# What differs on purpose: who asks, boto3's checksum (ours is Content-MD5), its counters, its wait for 100.
IGNORED = {
    "user-agent", "x-amz-user-agent", "amz-sdk-invocation-id", "amz-sdk-request", "authorization", "x-amz-date",
    "x-amz-checksum-crc32", "x-amz-sdk-checksum-algorithm", "content-md5", "expect", "x-amz-checksum-mode",
}  # fmt: skip


_BOTO = botocore.session.Session()  # it keeps the service's model, which takes most of the time to read


@pytest.fixture
def heard() -> Iterator[Heard]:
    with listening() as found:
        yield found


def ours(heard: Heard, **more: Any) -> Call:
    return s3_call(StoreTarget(**{"endpoint": heard.endpoint, "region": "eu-west-1", "keys": KEYS, **more}))


def theirs(
    heard: Heard, addressing: str = "path", endpoint: str | None = None, proxy: str | None = None
) -> Any:
    options: dict[str, Any] = {
        "s3": {"addressing_style": addressing},
        "retries": {"total_max_attempts": 1},
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
        "proxies": {"http": proxy} if proxy else None,
    }
    return _BOTO.create_client(
        "s3", region_name="eu-west-1", endpoint_url=endpoint or heard.endpoint, config=Config(**options),
        aws_access_key_id=KEYS.access_key_id, aws_secret_access_key=KEYS.secret_access_key,
        aws_session_token=KEYS.session_token,
    )  # fmt: skip


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    place = BucketPlace(
        BUCKET, tiers={"Cool": "STANDARD_IA", "Cold": "GLACIER_IR", "Archive": "DEEP_ARCHIVE"}
    )
    for row in SETTINGS:
        if row.facet != "quota":
            yield f"{row.facet}-read", row.read, {}
            removals = enumerate(row.removals(None, fullest(row.facet)) if row.clear else ())
            yield from ((f"{row.facet}-clear-{number}", row.clear, sent) for number, sent in removals)
            for name, sample in SAMPLES[row.facet].items() if row.write else ():
                for number, sent in enumerate(row.puts(sample, None, place)):
                    yield f"{row.facet}-{name}-{number}", row.write, sent
    for operation, parameters in OTHERS:
        yield operation, operation, parameters


STRANGE = ["a b/ü&<>.jpg", "//", "..", "a+b=c?d#e%20", "\u0001", "\r\n", "~*'()!"]
OTHERS: list[tuple[str, dict[str, Any]]] = [
    ("ListBuckets", {}),
    ("ListBuckets", {"MaxBuckets": 1}),
    ("HeadBucket", {}),
    ("CreateBucket", {}),
    ("CreateBucket", {"ObjectLockEnabledForBucket": True}),
    ("CreateBucket", {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}),
    ("DeleteBucket", {}),
    ("ListObjectsV2", {"MaxKeys": 1, "EncodingType": "url"}),
    (
        "ListObjectVersions",
        {"MaxKeys": 1000, "EncodingType": "url", "KeyMarker": "ü b+/&=", "VersionIdMarker": "v/1"},
    ),
    ("ListMultipartUploads", {"MaxUploads": 10, "EncodingType": "url"}),
    *[("AbortMultipartUpload", {"Key": key, "UploadId": "u+/="}) for key in STRANGE],
    *[("DeleteObject", {"Key": key, "VersionId": "v 1"}) for key in STRANGE],
    (
        "DeleteObjects",
        {
            "Delete": {
                "Objects": [{"Key": k, "VersionId": "1"} for k in STRANGE if k != "\u0001"],
                "Quiet": True,
            }
        },
    ),
]
CASES = list(_operations())


def sent(heard: Heard) -> tuple[str, str, dict[str, str], bytes]:
    method, target, headers, body = heard.asked[-1]
    kept = {k: v for k, v in headers.items() if k not in IGNORED and (k, v) != ("content-length", "0")}
    return method, target, kept, body


def ask(call: Call, operation: str, parameters: Mapping[str, Any]) -> None:
    """What comes of it is not what is tested."""
    try:
        call(operation, {**({} if operation == "ListBuckets" else {"Bucket": BUCKET}), **parameters})
    except StoreError:
        return


def ask_boto(client: Any, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    named = {} if operation == "ListBuckets" else {"Bucket": BUCKET}
    try:
        answer: dict[str, Any] = getattr(client, xform_name(operation))(**named, **parameters)
    except Exception:  # noqa: BLE001 - botocore's own, of any kind
        return None
    return answer


@pytest.fixture(scope="module")
def boto() -> Iterator[tuple[Heard, Any, Call]]:
    """One server and both clients: making a client of botocore's takes longer than all its calls."""
    with listening() as found:
        yield found, theirs(found), ours(found)


@pytest.mark.parametrize(("operation", "parameters"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_request_is_boto3s(
    boto: tuple[Heard, Any, Call], operation: str, parameters: dict[str, Any]
) -> None:
    found, client, call = boto
    ask_boto(client, operation, parameters)
    expected = sent(found)
    ask(call, operation, parameters)
    assert sent(found) == expected
    assert len(found.asked[-1][3]) == 0 or "content-md5" in found.asked[-1][2]


@pytest.mark.parametrize(("operation", "parameters"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_signature_is_botocores(
    boto: tuple[Heard, Any, Call], operation: str, parameters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _, call = boto
    ask(call, operation, parameters)
    method, target, headers, body = found.asked[-1]
    again = AWSRequest(method, f"http://{headers['host']}{target}", headers=_signed(headers), data=body)
    signer = S3SigV4Auth(Credentials(KEYS.access_key_id, KEYS.secret_access_key), "s3", "eu-west-1")
    again.context["timestamp"] = headers["x-amz-date"]
    text = signer.string_to_sign(again, signer.canonical_request(again))
    assert headers["authorization"].endswith(f"Signature={signer.signature(text, again)}")


def _signed(headers: Mapping[str, str]) -> dict[str, str]:
    names = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    return {name: headers[name] for name in names}


HOSTS = ["plain", "with.dots", "UPPER", "a" * 63, "x-1", "10.0.0.1", "a..b", "a_b"]


@pytest.mark.parametrize("bucket", HOSTS)
@pytest.mark.parametrize("addressing", ["path", "virtual"])
@pytest.mark.parametrize("base", ["http://store.example", "http://store.example:9000/base"])
def test_a_bucket_is_looked_for_where_boto3_looks(
    heard: Heard, monkeypatch: pytest.MonkeyPatch, base: str, addressing: str, bucket: str
) -> None:
    """Through a proxy, which sees the whole address."""
    monkeypatch.setenv("http_proxy", heard.endpoint)
    client, call = (
        theirs(heard, addressing, base, heard.endpoint),
        ours(heard, endpoint=base, addressing=addressing),
    )
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    expected = heard.asked[-1]
    call("PutBucketVersioning", {"Bucket": bucket, "VersioningConfiguration": {"Status": "Enabled"}})
    assert (heard.asked[-1][1], heard.asked[-1][2]["host"]) == (expected[1], expected[2]["host"])


ANSWERS: list[tuple[str, str]] = [
    ("GetBucketTagging", "<Tagging xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><TagSet><Tag><Key>a</Key>"
     "<Value>ü &amp; b</Value></Tag><Tag><Key>empty</Key><Value/></Tag></TagSet></Tagging>"),
    ("GetBucketVersioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"),
    ("GetBucketPolicy", '{"Version": "2012-10-17", "Statement": []}'),
    ("GetBucketLifecycleConfiguration", "<LifecycleConfiguration><Rule><ID>x</ID><Status>Enabled</Status><Filter>"
     "<And><Prefix>p/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan>"
     "</And></Filter><Expiration><Date>2030-01-01T00:00:00Z</Date></Expiration></Rule></LifecycleConfiguration>"),
    ("ListObjectVersions", "<ListVersionsResult><IsTruncated>true</IsTruncated><EncodingType>url</EncodingType>"
     "<Version><Key>a%20b</Key><VersionId>1</VersionId><Size>7</Size><IsLatest>true</IsLatest>"
     "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Version><DeleteMarker><Key>c</Key></DeleteMarker>"
     "</ListVersionsResult>"),
    ("ListMultipartUploads", "<ListMultipartUploadsResult><Upload><Key>k</Key><UploadId>u</UploadId></Upload>"
     "</ListMultipartUploadsResult>"),
    ("GetBucketCors", "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><MaxAgeSeconds>0</MaxAgeSeconds>"
     "</CORSRule></CORSConfiguration>"),
    ("HeadBucket", ""),
    ("PutBucketTagging", ""),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "body"), ANSWERS, ids=[a[0] for a in ANSWERS])
def test_an_answer_is_read_as_boto3_reads_it(
    boto: tuple[Heard, Any, Call], operation: str, body: str
) -> None:
    found, client, call = boto
    found.status, found.body = 200, body.encode()
    parameters: dict[str, Any] = {"EncodingType": "url"} if operation == "ListObjectVersions" else {}
    if operation.startswith("Put"):
        parameters = {"Tagging": {"TagSet": []}}
    expected, answer = (
        ask_boto(client, operation, parameters),
        call(operation, {"Bucket": BUCKET, **parameters}),
    )
    assert expected is not None
    for each in (expected, answer):
        for volatile in ("RetryAttempts", "MaxAttemptsReached", "HTTPHeaders"):
            each["ResponseMetadata"].pop(volatile, None)
    if "Lifecycle" in operation:
        assert answer["Rules"][0].pop("Xml"), "which is ours alone"
    assert answer == expected


MOMENTS = ["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00+02:00", "2026-01-01T00:00:00", "20260101",
           "Thu, 01 Jan 2026 00:00:00 GMT", "1700000000"]  # fmt: skip


@pytest.mark.parametrize("written", MOMENTS)
def test_a_moment_is_read_as_boto3_reads_it(boto: tuple[Heard, Any, Call], written: str) -> None:
    found, client, call = boto
    told = f"<ListAllMyBucketsResult><Buckets><Bucket><CreationDate>{written}</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>"
    found.status, found.body = 200, told.encode()
    expected, answer = ask_boto(client, "ListBuckets", {}), call("ListBuckets", {})
    assert expected is not None
    assert answer["Buckets"] == expected["Buckets"]


def test_a_chunked_answer_is_read_whole(heard: Heard) -> None:
    text = b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"
    heard.headers = {"Transfer-Encoding": "chunked"}
    heard.body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (text[:10], text[10:])) + b"0\r\n\r\n"
    call = ours(heard)
    for _ in range(2):  # the second on the same connection
        assert call("GetBucketTagging", {"Bucket": BUCKET})["TagSet"] == [{"Key": "a", "Value": "b"}]


def test_a_redirect_is_an_error_and_is_not_followed(heard: Heard) -> None:
    heard.status, heard.headers = 301, {"Location": f"{heard.endpoint}/elsewhere"}
    heard.body = b"<Error><Code>PermanentRedirect</Code><Message>go away</Message></Error>"
    with pytest.raises(Rejected, match=r"PermanentRedirect: go away; .* check spec\.s3\.region"):
        ours(heard)("GetBucketTagging", {"Bucket": BUCKET})
    assert len(heard.asked) == 1


def test_an_answer_without_end_is_not_held(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagestore.backends.http.client.LARGEST_ANSWER", 100)
    heard.body = b"<Tagging>" + b"x" * 200
    with pytest.raises(Unavailable, match="more than 100 bytes"):
        ours(heard)("GetBucketTagging", {"Bucket": BUCKET})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_not_read(heard: Heard, encoding: str) -> None:
    laughs = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "lol">]><Tagging><TagSet><Tag><Key>&a;</Key></Tag></TagSet></Tagging>'
    heard.body = laughs.encode(encoding)
    with pytest.raises(Unavailable):
        ours(heard)("GetBucketTagging", {"Bucket": BUCKET})
    heard.status = 403
    with pytest.raises(StoreError) as refusal:
        ours(heard)("GetBucketTagging", {"Bucket": BUCKET})
    assert "lol" not in str(refusal.value)


@pytest.mark.parametrize("bucket", ["", "a/b", "../x", "a?b", "arn:aws:s3:::x"])
def test_a_name_that_is_none_is_never_sent(heard: Heard, bucket: str) -> None:
    with pytest.raises(Rejected):
        ours(heard)("DeleteBucket", {"Bucket": bucket})
    assert heard.asked == []


def test_the_surroundings_missing_credentials_are_said(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagestore.backends.s3.client.SHARED.credentials", lambda: None)
    with pytest.raises(StoreError, match="Unable to locate credentials"):
        ours(heard, keys=None)("ListBuckets", {})


def test_a_default_port_is_not_part_of_the_host() -> None:
    """boto3 sends it and does not sign it, which nobody accepts."""
    place = StoreAddress.of(StoreTarget("https://store.example:443/", "eu-west-1", KEYS))
    assert place.locate("/b", "b") == ("store.example", "/b")
