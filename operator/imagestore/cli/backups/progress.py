"""A progress bar on a terminal, and nothing elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from tqdm import tqdm


class Bar(Protocol):
    """What is told of progress."""

    def to(self, objects: int, size: int) -> None:
        """So many objects and bytes are done."""


class _Silent:
    def to(self, objects: int, size: int) -> None:
        """Show nothing."""


class _Shown:
    def __init__(self, bar: Any) -> None:
        self._bar = bar

    def to(self, objects: int, size: int) -> None:
        """Show both."""
        self._bar.set_postfix_str(f"{size / 1e6:.0f} MB", refresh=False)
        self._bar.update(objects - self._bar.n)


@contextmanager
def progress_bar(what: str, total: int | None = None) -> Iterator[Bar]:
    """A bar of objects. ``total`` None: not known."""
    if not sys.stderr.isatty():
        yield _Silent()
        return
    with tqdm(desc=what, total=total, unit=" objects", file=sys.stderr) as bar:
        yield _Shown(bar)
