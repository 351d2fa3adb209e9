"""Colour on a terminal or where FORCE_COLOR is set, and never where NO_COLOR is."""

import os
import sys
from typing import TextIO

from imagestore.core.render import Paint, plain

_CODES = {"add": "32", "change": "33", "remove": "31", "hold": "35", "faint": "2", "strong": "1"}


def paint(stream: TextIO = sys.stdout) -> Paint:
    """How to colour text on this stream. FORCE_COLOR is for CI systems that show colour and have no terminal."""
    if os.environ.get("NO_COLOR"):
        return plain
    terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
    return _ansi if terminal or os.environ.get("FORCE_COLOR") else plain


def _ansi(style: str, text: str) -> str:
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m"
