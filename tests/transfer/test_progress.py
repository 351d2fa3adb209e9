"""What a person sees while a copy runs."""

from io import StringIO

from imagestore.cli.progress import watched_transfer
from imagestore.core.census import Amount
from imagestore.transfer.job import TransferHooks
from imagestore.transfer.report import BothSides, TransferProgress
from tests.transfer.world import KEYS, body, world

HALF = TransferProgress(BothSides(4, 2), 1, Amount(2, 1024**2), Amount(1, 1024**2), 3, 1024.0, 1024.0)


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_of_bytes_and_counts() -> None:
    shown = Terminal()
    with watched_transfer(TransferHooks("r"), wanted=True, stream=shown) as hooks:
        hooks.progress(HALF)
    assert "50%" in shown.getvalue()
    assert "1.00M/2.00M" in shown.getvalue()
    assert "2 copied, 1 equal, 3 failed" in shown.getvalue()


def test_a_file_gets_none() -> None:
    shown = StringIO()
    with watched_transfer(TransferHooks("r"), wanted=True, stream=shown) as hooks:
        hooks.progress(HALF)
    assert shown.getvalue() == ""


def test_progress_is_told_once_a_second_at_most_and_adds_up() -> None:
    w = world()
    for key in KEYS:
        w.put(key, body(key))
    told: list[TransferProgress] = []
    w.run(progress=told.append)
    assert told[-1].copied.objects + told[-1].backlog.objects == len(KEYS)
    assert told[-1].copied.bytes + told[-1].backlog.bytes == 20 * len(KEYS)
