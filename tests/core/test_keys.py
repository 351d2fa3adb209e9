"""Keys are bytes; none of them gets into a message that others read."""

import pytest

from imagestore.core.keys import quotes, raw, unquoted, without_key


@pytest.mark.parametrize(
    ("text", "key"),
    [("a+b", "a b"), ("a%2Bb", "a+b"), ("%C3%A4", "ä"), ("%FF/x", "\udcff/x"), ("plain.jpg", "plain.jpg")],
)
def test_a_listed_key_is_the_bytes_that_were_written(text: str, key: str) -> None:
    assert unquoted(text) == key


def test_a_key_that_is_no_utf8_goes_back_as_it_came() -> None:
    assert raw(unquoted("caf%E9.jpg")) == b"caf\xe9.jpg"
    assert sorted(["\udcff", "\U0001f600"], key=raw) == ["\U0001f600", "\udcff"], "in the order of bytes"


@pytest.mark.parametrize(
    "text",
    [
        "no such key: patients/anna b.jpg",
        "GET /bucket/patients/anna%20b.jpg failed",
        "object anna b.jpg is locked",
        "folder patients is full",
    ],
)
def test_a_message_with_a_key_or_a_part_of_it_is_found(text: str) -> None:
    assert quotes(text, "patients/anna b.jpg")


def test_a_short_name_is_found_and_a_single_letter_is_in_every_sentence() -> None:
    assert quotes("no key ab", "ab")
    assert not quotes("access denied", "a/e/d")
    assert not quotes("access denied", "patients/anna.jpg")


@pytest.mark.parametrize(
    ("text", "key", "told"),
    [
        ("no right to b/a/photo.jpg now", "a/photo.jpg", "no right to b/… now"),
        ("no right to photo.jpg", "a/photo.jpg", "no right to …"),
        ("no right to a%2Fphoto%20x.jpg", "a/photo x.jpg", "no right to …"),
        ("no right to b%2Fphoto%20x.jpg", "a/photo x.jpg", "no right to b%2F…"),
        ("object kept", "k", "object kept"),
        ("denied: b/patients/j%c3%b6rg.jpg", "patients/jörg.jpg", "denied: b/…"),
        ("denied for /b/my+secret+name.jpg", "my secret name.jpg", "denied for /b/…"),
        ("denied for /b/my+s%c3%b6.jpg", "my sö.jpg", "denied for /b/…"),
        ("no such key: /a&amp;b.jpg", "a&b.jpg", "no such key: /…"),
        ("AccessDenied: no", "Den", "AccessDenied: no"),
        ("the object ab is locked", "ab", "the object … is locked"),
        ("uploadscan.dcm failed", "scan.dcm", "upload… failed"),
        ("nothing of it", "a/photo.jpg", "nothing of it"),
    ],
)
def test_a_message_is_told_without_the_key(text: str, key: str, told: str) -> None:
    assert without_key(text, key) == told
