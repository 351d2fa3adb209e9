"""A status that is too large is cut no more than it must be, and only where it is for people."""

from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter

from imagestore.core.fitting import STATUS_BYTES, fitted, weight
from imagestore.core.model import Line, Model, Sentence, Shown, cut

BIG = 10**6


class Row(Model):
    """A row with a text for people, and one that decides."""

    said: Annotated[str, Shown(BIG)] = ""
    name: str = ""


class Told(Model):
    """A status in small."""

    rows: Annotated[tuple[Row, ...], Shown(BIG)] = ()
    lines: tuple[Annotated[str, Shown(BIG)], ...] = ()
    names: tuple[str, ...] = ()
    message: Annotated[str | None, Shown(BIG), Field(max_length=BIG)] = None


def rows(count: int, said: int = 0, name: int = 0) -> Told:
    return Told(rows=tuple(Row(said="x" * said, name="y" * name) for _ in range(count)))


def test_what_fits_stays_as_it_is() -> None:
    overhead = weight(Told(message=""))
    whole = Told(message="x" * (STATUS_BYTES - overhead))
    assert weight(whole) == STATUS_BYTES
    assert fitted(whole) is whole
    larger = fitted(Told(message="x" * (STATUS_BYTES - overhead + 1)))
    assert larger.message == cut("x" * STATUS_BYTES, 1024)


@pytest.mark.parametrize(
    ("count", "said", "name", "kept", "shown"),
    [
        (40, 5000, 100, 40, 1024),
        (100, 700, 100, 64, 700),
        (100, 5000, 1200, 32, 512),
        (100, 5000, 3000, 16, 256),
        (100, 5000, 7000, 8, 128),
        (100, 5000, 14_000, 4, 64),
        (100, 5000, 50_000, 1, 32),
    ],
)
def test_it_is_cut_step_by_step_until_it_fits(
    count: int, said: int, name: int, kept: int, shown: int
) -> None:
    """Names decide, and stay; of what is for people the first rows stay longest."""
    found = fitted(rows(count, said, name))
    assert len(found.rows) == kept
    assert len(found.rows[0].said.encode()) == shown
    assert found.rows[0].name == "y" * name
    assert weight(found) <= STATUS_BYTES


def test_what_decides_is_never_cut_however_large_it_is() -> None:
    found = fitted(Told(names=("n" * 10**5,), message="m" * 10**5, lines=("l" * 10**4,) * 99))
    assert found.names == ("n" * 10**5,)
    assert len((found.message or "").encode()) == 32
    assert len(found.lines) == 99, "the list itself may decide"
    assert {len(line.encode()) for line in found.lines} == {32}
    assert fitted(Told(names=("n" * 10**5,))).message is None


@pytest.mark.parametrize(
    ("text", "bytes_"), [("a", 1), ("ä", 2), ("<", 6), (">", 6), ("&", 6), ("\u2028", 8), ("\u2029", 8)]
)
def test_a_letter_weighs_what_the_api_server_writes(text: str, bytes_: int) -> None:
    assert weight(Told(message=text)) - weight(Told(message="")) == bytes_


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "ab …"),
        ("ääää", 8, "ääää"),
        ("äääää", 9, "ää …"),
        ("äääää", 8, "ää …"),
        ("äääää", 7, "ä …"),
        ("a\udcff", 9, "a?"),
    ],
)
def test_a_text_is_cut_between_letters_with_dots(text: str, most: int, shown: str) -> None:
    assert cut(text, most) == shown
    assert len(cut(text, most).encode()) <= most


def test_a_value_that_has_it_already_is_not_copied() -> None:
    row = Row(said="a", name="b")
    assert row.having(said="a", name="b") is row
    other = row.having(said="a", name="c")
    assert (other, row.name) == (Row(said="a", name="c"), "b")


@pytest.mark.parametrize(("kind", "most"), [(Sentence, 4096), (Line, 1024)])
def test_a_text_for_people_ends_where_its_schema_says(kind: Any, most: int) -> None:
    """The API server refuses a longer one, and with it the whole status."""
    assert TypeAdapter(kind).json_schema()["maxLength"] == most
    assert TypeAdapter(kind).validate_python("x" * most) == "x" * most
    assert len(TypeAdapter(kind).validate_python("x" * (most + 1)).encode()) == most
