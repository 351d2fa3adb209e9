"""What an hour of rotations must not leave behind."""

import tracemalloc

from imagestore.controller.logs import Redactor


def test_a_secret_that_is_rotated_often_is_not_remembered_for_ever() -> None:
    redactor = Redactor()

    def rotate(first: int, many: int) -> None:
        for number in range(first, first + many):
            redactor.learn({"secretAccessKey": f"key-number-{number:030}".encode()})

    rotate(0, 40)
    tracemalloc.start()
    rotate(40, 30)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 600_000, "one pattern and what it replaces, not thirty of them"
    assert f"{69:030}" not in redactor.clean(f"leaked: key-number-{69:030}")
    assert f"{20:030}" not in redactor.clean(f"leaked: key-number-{20:030}"), "old values stay masked"
