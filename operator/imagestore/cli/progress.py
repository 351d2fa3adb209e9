"""A progress bar on a terminal, and none where there is no terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TextIO

from tqdm import tqdm

from imagestore.transfer.job import TransferHooks
from imagestore.transfer.report import TransferProgress

_BYTES = {"unit": "B", "unit_scale": True, "unit_divisor": 1024, "smoothing": 0.1}
_OBJECTS = {"unit": " objects"}


class ProgressBar:
    """What is told of progress. Without a bar it shows nothing."""

    def __init__(self, bar: Any = None) -> None:
        self._bar = bar

    def to(self, done: int, told: str, total: int | None = None) -> None:
        """So much is done, of so much where that is known by now. ``told``: what stands behind it."""
        if self._bar is None:
            return
        if total is not None:
            self._bar.total = total
        self._bar.set_postfix_str(told, refresh=False)
        self._bar.update(done - self._bar.n)

    def objects(self, done: int, size: int) -> None:
        """So many objects and bytes are done."""
        self.to(done, f"{size / 1e6:.0f} MB")

    def transfer(self, progress: TransferProgress) -> None:
        """Bytes as they are copied, out of those that are known to be copied."""
        failed = f", {progress.failed} failed" if progress.failed else ""
        told = f"{progress.copied.objects} copied, {progress.equal} equal{failed}"
        self.to(progress.copied.bytes, told, progress.copied.bytes + progress.backlog.bytes)


@contextmanager
def _shown(stream: TextIO | None, how: dict[str, Any]) -> Iterator[ProgressBar]:
    shown = stream or sys.stderr
    if not shown.isatty():
        yield ProgressBar()
        return
    with tqdm(file=shown, **how) as bar:
        yield ProgressBar(bar)


@contextmanager
def progress_bar(
    what: str, total: int | None = None, *, stream: TextIO | None = None
) -> Iterator[ProgressBar]:
    """A bar of objects. ``total`` None: not known."""
    with _shown(stream, {"desc": what, "total": total, **_OBJECTS}) as bar:
        yield bar


@contextmanager
def watched_transfer(
    hooks: TransferHooks, *, wanted: bool, stream: TextIO | None = None
) -> Iterator[TransferHooks]:
    """The hooks with a bar of bytes that moves, where there is a terminal."""
    if not wanted:
        yield hooks
        return
    with _shown(stream, {"total": 0, **_BYTES}) as bar:
        yield replace(hooks, progress=bar.transfer)
