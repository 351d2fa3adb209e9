"""Keeps an operator from writing when another one may, or when it could not remember what it wrote."""

from collections.abc import Callable

Permit = Callable[[], None]
"""Raises ``Fenced`` where nothing may be written any more."""


class Fenced(Exception):
    """Nothing may be written any more. Its text says why, in the words of what forbids it.

    Not a StoreError, because the only reaction is to stop.
    """


def permitted() -> None:
    """The permit of a writer that has no rival, such as the command line."""
