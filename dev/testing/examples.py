"""How often a property is tried with generated values, and behind which calls a sweep kills."""

import os


def examples(number: int) -> int:
    """All of them; a tenth, and 5 at least, in `make unit`, which is run again and again."""
    return max(5, number // 10) if _is_quick() else number


def each_call(most: int = 1_000_000) -> range:
    """The number of each call, from 0 on; of each third one in `make unit`."""
    return range(0, most, 3 if _is_quick() else 1)


def _is_quick() -> bool:
    return bool(os.environ.get("IMAGESTORE_QUICK"))
