"""Words of the object layer that people read in messages."""

import pytest

from imagestore.core.objects import KeyOrder, KeyProblem, ObjectUpload


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
