"""The checker of writers' logs, and the soak that uses it in miniature: so that it works when ten minutes of it are wanted."""

from pathlib import Path

import pytest

from dev.bench.moving import Ends
from dev.soak.history import DEEDS, History, Write, body, lived
from dev.stores import minio

LOG = History(
    [Write(1, "k", "a", True), Write(2, "k", "b", True), Write(3, "k", "b", False), Write(4, "l", "a", False)]
)


@pytest.mark.parametrize(
    ("near", "far", "wrong"),
    [
        ({"k": body(2, 9)}, {"k": body(2, 9)}, {}),
        ({"k": body(3, 9), "l": body(4, 9)}, {"k": body(3, 9), "l": body(4, 9)}, {}),
        ({"k": body(2, 9)}, {"k": body(3, 9)}, {"both k": "differ"}),
        (
            {"k": body(1, 9)},
            {"k": body(1, 9)},
            {"a k": "1, and 2 was acknowledged", "b k": "1, and 2 was acknowledged"},
        ),
        ({"k": body(2, 9)}, {}, {"b k": "missing, and 2 was acknowledged", "both k": "differ"}),
        (
            {"k": body(2, 9) + body(3, 9)},
            {"k": body(2, 9)},
            {"a k": "a mixture of 2 versions", "both k": "differ"},
        ),
        (
            {"k": body(9, 9)},
            {"k": body(9, 9)},
            {"a k": "9 was never written", "b k": "9 was never written"},
        ),
    ],
)
def test_what_a_log_does_not_explain_is_wrong(
    near: dict[str, bytes], far: dict[str, bytes], wrong: dict[str, str]
) -> None:
    assert LOG.wrong({"a": near, "b": far}) == wrong


def test_nothing_is_lost_under_failover_kills_and_a_store_that_is_down(tmp_path: Path) -> None:
    with minio(tmp_path, name="a", kms=False) as a, minio(tmp_path, name="b", kms=False) as b:
        found = lived(Ends(a, b, tmp_path, None), seconds=4, every=1, seed=2, writers=2)
    assert found["wrong"] == {}
    assert found["acknowledged"] > 20
    assert min(found[deed] for deed in DEEDS) > 0
