"""What stores tell of changed objects. The first bodies are as MinIO, Ceph 16.2 and SeaweedFS 4.48 sent them, shortened."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagestore.backends.notices import NoNotice, ObjectNotice, notices

MINIO = (
    b'{"EventName":"s3:ObjectCreated:Put","Key":"pics/a b/\\u00fc+.jpg","Records":[{"eventVersion":"2.0","eventName":'
    b'"s3:ObjectCreated:Put","s3":{"s3SchemaVersion":"1.0","bucket":{"name":"pics","arn":"arn:aws:s3:::pics"},"object":'
    b'{"key":"a+b%2F%C3%BC%2B.jpg","size":1}}}]}'
)
WEED = b'{"event_type":"update","key":"/buckets/pics/a b/\xc3\xbc+.jpg","message":{"old_entry":{"name":"x"},"new_entry":{}}}'


@pytest.mark.parametrize("body", [MINIO, WEED])
def test_an_object_is_told_of(body: bytes) -> None:
    assert notices(body) == (ObjectNotice("pics", "a b/ü+.jpg"),)


def test_a_key_that_is_no_text_is_itself() -> None:
    record = {"s3": {"bucket": {"name": "pics"}, "object": {"key": "a%FF"}}}
    assert notices(json.dumps({"Records": [record, record]}).encode()) == 2 * (
        ObjectNotice("pics", "a\udcff"),
    )


@pytest.mark.parametrize(
    "key", ["/buckets", "/buckets/pics", "/etc/iam/identity.json", "/buckets.old/pics/a"]
)
def test_what_is_no_object_of_a_bucket_is_told_by_no_notice(key: str) -> None:
    assert notices(json.dumps({"event_type": "create", "key": key}).encode()) == ()


@pytest.mark.parametrize("key", ["a\ud800", "k" * 1025, "\u00fc" * 513])
def test_a_key_that_no_object_can_have_is_left_out(key: str) -> None:
    """A surrogate that stands for no byte was an error 500; from the filer's event it failed each run until a restart."""
    record = {"s3": {"bucket": {"name": "pics"}, "object": {"key": key}}}
    good = {"s3": {"bucket": {"name": "pics"}, "object": {"key": "k" * 1024}}}
    told = notices(json.dumps({"Records": [record, good]}).encode())
    assert told == (ObjectNotice("pics", "k" * 1024),)
    assert notices(json.dumps({"event_type": "create", "key": f"/buckets/pics/{key}"}).encode()) == ()


@pytest.mark.parametrize(
    "body",
    [
        b"", b"garbage", b"\xff", b"[]", b"null", b"{}", b'{"Records": 5}', b'{"Records": [{}]}', b"[" * 100_000,
        b'{"Records": [{"s3": {"bucket": {"name": 5}, "object": {"key": "a"}}}]}',
        b'{"Records": [{"s3": {"bucket": {"name": "a"}, "object": {"key": null}}}]}', b'{"key": "/buckets/a/b"}',
    ],
)  # fmt: skip
def test_all_else_is_refused_without_its_words(body: bytes) -> None:
    with pytest.raises(NoNotice) as refused:
        notices(body)
    assert str(refused.value).startswith("it is no ")


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Records", "s3", "bucket", "name", "object", "key", "event_type"]), inner
        )
    ),
)


@given(_ANY)
def test_no_json_is_another_error(told: object) -> None:
    try:
        found = notices(json.dumps(told).encode())
    except NoNotice:
        return
    assert all(isinstance(n.bucket, str) and isinstance(n.key, str) for n in found)
