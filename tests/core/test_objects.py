"""Words of the object layer that people read in messages."""

import pytest

from imagestore.core.objects import KeyOrder, KeyProblem, ObjectTraits, ObjectUpload, WriteCondition


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (KeyOrder.BYTES, "Bytes"),
        (KeyOrder.UTF16, "Utf16"),
        (KeyOrder.DIRECTORY, "Directory"),
        (KeyOrder.NONE, "None"),
        (KeyProblem.UNMAPPABLE, "Unmappable"),
        (KeyProblem.COLLIDES, "Collides"),
    ],
)
def test_a_message_names_an_order_or_a_problem(word: KeyOrder | KeyProblem, said: str) -> None:
    """A restore says why a key is not there; a listing, in which order it should have been."""
    assert f"{word}" == said


def test_an_upload_that_says_no_size_has_none_and_its_bytes_are_not_shown() -> None:
    upload = ObjectUpload(b"secret")
    assert (upload.size, upload.md5) == (0, None)
    assert "secret" not in repr(upload)


def test_a_condition_is_honoured_as_the_bucket_keeps_versions_or_not() -> None:
    """Ceph decides it in buckets without versions only."""
    plain = ObjectTraits(put_absent=True, put_matching=True)
    both = ObjectTraits(put_absent_versioned=True, put_matching_versioned=True)
    for condition in (WriteCondition(absent=True), WriteCondition(etag="e")):
        assert [plain.honour(condition, versioned=v) for v in (False, True)] == [True, False]
        assert [both.honour(condition, versioned=v) for v in (False, True)] == [True, True]
