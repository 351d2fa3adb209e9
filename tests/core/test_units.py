"""Quantities and durations: exact, however big."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagestore.core.units import byte_count, quantity, seconds, size


@given(st.integers(0, 2**70))
def test_a_number_of_bytes_survives_being_written(count: int) -> None:
    assert byte_count(quantity(count)) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("500Gi", 500 * 2**30),
        ("1.5k", 1500),
        ("0.3Ki", 307),
        ("9007199254740993", 9007199254740993),
    ],
)
def test_quantities(text: str, count: int) -> None:
    assert byte_count(text) == count


@pytest.mark.parametrize("text", ["", "Gi", "1Zi", "1.2.3", "-1", "1 Gi", "1e3"])
def test_what_is_no_quantity_says_so(text: str) -> None:
    with pytest.raises(ValueError, match="not a quantity"):
        byte_count(text)


@pytest.mark.parametrize(("text", "length"), [("10m", 600), ("1h30m", 5400), ("2d", 172800), ("45s", 45)])
def test_durations(text: str, length: int) -> None:
    assert seconds(text) == length


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (2**40, "1.0 TiB"),
        (2**50, "1.0 PiB"),
        (2**61, "2048.0 PiB"),
    ],
)
def test_sizes_are_shown_in_the_largest_unit(count: int, shown: str) -> None:
    assert size(count) == shown
