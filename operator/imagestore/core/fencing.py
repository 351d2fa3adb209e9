"""Keeps a replica from writing when it may not hold the Lease any more."""

from collections.abc import Callable

Permit = Callable[[], None]
"""Raises ``Fenced`` where nothing may be written any more."""


class Fenced(Exception):
    """This replica may not write: another one may be working.

    Not a StoreError, because the only reaction is to stop.
    """

    def __init__(self) -> None:
        super().__init__("this replica does not hold the Lease for certain, so it writes nothing")


def permitted() -> None:
    """The permit of a writer that has no rival, such as the command line."""
