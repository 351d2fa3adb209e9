"""How often a property is tried with generated values."""

import os


def examples(number: int) -> int:
    """All of them; a fifth, and 5 at least, in `make unit`, which is run again and again."""
    return max(5, number // 5) if os.environ.get("IMAGESTORE_QUICK") else number
