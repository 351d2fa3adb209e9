"""Colour on a terminal, unless NO_COLOR is set."""

import os
import sys
from typing import TextIO

from imagestore.core.render import Paint, plain

_CODES = {"add": "32", "change": "33", "remove": "31", "hold": "35", "faint": "2", "strong": "1"}


def paint(stream: TextIO = sys.stdout) -> Paint:
    """How to colour text on this stream. Only a terminal gets colour."""
    wanted = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return _ansi if wanted else plain


def _ansi(style: str, text: str) -> str:
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m"
