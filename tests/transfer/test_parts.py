"""How an object is cut into parts."""

from dataclasses import replace

import pytest

from imagestore.core.objects import ObjectHead, ObjectTraits
from imagestore.transfer.parts import LEAST_PART, MEBI, part_size, spans

TRAITS = ObjectTraits()


def head(size: int, parts: int = 0) -> ObjectHead:
    return ObjectHead(size, "", 0, parts=parts)


@pytest.mark.parametrize(
    ("size", "parts", "told", "chosen"),
    [
        (40 * MEBI, 0, 5 * MEBI, 5 * MEBI),  # the source's own, down to the smallest that there is
        (40 * MEBI, 0, 5 * MEBI - 1, LEAST_PART),
        (40 * MEBI, 0, 0, LEAST_PART),
        (40 * MEBI, 5, 0, 8 * MEBI),  # the commonest size that makes as many parts
        (40 * MEBI, 8, 0, 5 * MEBI),
        (40 * MEBI, 7, 0, LEAST_PART),  # no usual size does
        (40 * MEBI, 1, 0, LEAST_PART),
        (12 * 1024**3, 3, 5 * 1024**3, 5 * 1024**3),  # up to the largest
        (12 * 1024**3, 3, 5 * 1024**3 + 1, LEAST_PART),
        (5 * MEBI * 10_000, 0, 5 * MEBI, 5 * MEBI),  # as many parts as a store takes
        (5 * MEBI * 10_000 + 1, 0, 5 * MEBI, LEAST_PART),
        (9000 * LEAST_PART, 0, 0, LEAST_PART),
        (9000 * LEAST_PART + 1, 0, 0, LEAST_PART + MEBI),
    ],
)
def test_the_size_of_a_part(size: int, parts: int, told: int, chosen: int) -> None:
    assert part_size(head(size, parts), told, TRAITS) == chosen


def test_what_is_not_known_is_no_part_of_one_byte() -> None:
    """Of a store that takes such parts."""
    tiny = replace(TRAITS, smallest_part=1)
    assert [part_size(head(100, parts), 0, tiny) for parts in (0, 1, 7)] == [8 * MEBI] * 3


def test_a_store_with_fewer_parts_gets_larger_ones() -> None:
    few = replace(TRAITS, most_parts=4)
    assert part_size(head(40 * MEBI), 10 * MEBI, few) == 10 * MEBI
    assert part_size(head(41 * MEBI), 10 * MEBI, few) == LEAST_PART


def test_spans_follow_each_other_to_the_end() -> None:
    assert list(spans(10, 4)) == [(1, (0, 4)), (2, (4, 8)), (3, (8, 10))]
    assert list(spans(8, 4)) == [(1, (0, 4)), (2, (4, 8))]
    assert list(spans(0, 4)) == []
