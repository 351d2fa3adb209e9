"""How an object is cut into parts. Pure."""

from collections.abc import Iterator

from imagestore.core.objects import ObjectHead, ObjectTraits

MEBI = 1024**2
LEAST_PART = 8 * MEBI
_PARTS = 9000  # of the 10 000 that S3 takes
# What uploaders use, commonest first: with the source's own part size both ETags agree.
_USUAL = tuple(size * MEBI for size in (8, 16, 5, 32, 64, 128, 10, 15, 20, 25, 50, 100, 256, 512))


def part_size(head: ObjectHead, told: int, traits: ObjectTraits) -> int:
    """Bytes of each part but the last. ``told``: of the source's first part, 0 if that is not known."""
    size = told or _guessed(head)
    if traits.smallest_part <= size <= traits.largest_put and -(-head.size // size) <= traits.most_parts:
        return size
    return max(LEAST_PART, -(-head.size // _PARTS // MEBI) * MEBI)


def _guessed(head: ObjectHead) -> int:
    """A usual size that makes as many parts as the source has."""
    if head.parts < 2:
        return 0
    return next((size for size in _USUAL if -(-head.size // size) == head.parts), 0)


def spans(size: int, part: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """Numbers from 1 on, with the first byte of each part and the one after its last."""
    for number, begin in enumerate(range(0, size, part), 1):
        yield number, (begin, min(size, begin + part))
