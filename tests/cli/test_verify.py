"""``imagestore transfer verify``: what its exit code says."""

from itertools import count

import pytest

from imagestore.cli.moving.verifying import show_verdicts
from imagestore.transfer.job import TransferHooks
from tests.transfer.world import World, world


@pytest.fixture
def copied() -> World:
    w = world()
    for number in range(50):
        w.put(f"k{number:03}", bytes([number]))
    w.run()
    return w


def verify(w: World, stops: int = 1000, sample: int | None = None) -> int:
    turns = count()
    hooks = TransferHooks("v", w.clock.seconds, stop=lambda: next(turns) >= stops)
    return show_verdicts(w.job, hooks, sample, as_json=False)


def test_all_that_is_equal_is_proven(copied: World) -> None:
    assert (verify(copied), verify(copied, sample=10)) == (0, 0)


@pytest.mark.parametrize("sample", [None, 20])
def test_one_that_was_stopped_proves_nothing(
    copied: World, capsys: pytest.CaptureFixture[str], sample: int | None
) -> None:
    """The timeout of a CI's job ended it after 4 of 50 objects: exit code 0, and the 41st differed."""
    assert verify(copied, stops=1, sample=sample) == 1
    assert "it was stopped before" in capsys.readouterr().err


def test_a_difference_that_was_found_is_told_though_it_was_stopped(copied: World) -> None:
    copied.put("k000", b"other", side="far")
    assert verify(copied, stops=1) == 2


def test_a_stop_after_the_last_object_changes_nothing(copied: World) -> None:
    assert verify(copied, stops=13) == 0, "50 objects in 13 turns of 4"


def test_no_objects_prove_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(world()) == 1
    assert "nothing was compared" in capsys.readouterr().err
