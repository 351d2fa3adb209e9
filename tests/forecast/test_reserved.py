"""What the operator keeps in buckets for itself is no content: no survey, preview or simulation counts it."""

import pytest

from imagestore.core.keys import is_reserved
from imagestore.core.stored import StoredVersion
from imagestore.forecast.forecast import by_key


@pytest.mark.parametrize(
    ("key", "reserved"),
    [
        (".imagestore/transfer/u/journal", True),
        (".imagestore-canary/u", True),
        ("photos/2026/.imagestore-canary/u", True),
        (".imagestore", False),
        ("photos/.imagestore/u", False),
        ("photos/a.imagestore-canary/u", False),
        (".imagestore-canaries/u", False),
    ],
)
def test_what_is_reserved(key: str, *, reserved: bool) -> None:
    assert is_reserved(key) is reserved
    stored = [StoredVersion("a", 1, 1), StoredVersion(key, 1, 1), StoredVersion("z", 1, 1)]
    counted = [s.key for group in by_key(stored) for s in group]
    assert counted == (["a", "z"] if reserved else ["a", key, "z"])
