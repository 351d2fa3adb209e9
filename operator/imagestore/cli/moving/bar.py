"""A progress bar on a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TextIO

from tqdm import tqdm

from imagestore.transfer.job import TransferHooks
from imagestore.transfer.report import TransferProgress


class TransferBar:
    """Bytes as they are copied, out of those that are known to be copied."""

    def __init__(self, stream: TextIO) -> None:
        self._bar = tqdm(unit="B", unit_scale=True, unit_divisor=1024, file=stream, total=0, smoothing=0.1)

    def show(self, progress: TransferProgress) -> None:
        """Move it."""
        self._bar.total = progress.copied.bytes + progress.backlog.bytes
        self._bar.n = progress.copied.bytes
        self._bar.set_postfix_str(_objects(progress), refresh=True)

    def close(self) -> None:
        """Leave it as it is."""
        self._bar.close()


def _objects(progress: TransferProgress) -> str:
    failed = f", {progress.failed} failed" if progress.failed else ""
    return f"{progress.copied.objects} copied, {progress.equal} equal{failed}"


@contextmanager
def watched_transfer(
    hooks: TransferHooks, *, wanted: bool, stream: TextIO | None = None
) -> Iterator[TransferHooks]:
    """The hooks with a bar that moves, where there is a terminal."""
    shown = stream or sys.stderr
    if not wanted or not shown.isatty():
        yield hooks
        return
    bar = TransferBar(shown)
    try:
        yield replace(hooks, progress=bar.show)
    finally:
        bar.close()
