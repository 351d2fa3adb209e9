"""What keeps a replica from writing that may no longer be the one that works."""

from collections.abc import Callable

Permit = Callable[[], None]
"""Raises ``Fenced`` where nothing may be written any more."""


class Fenced(Exception):
    """This replica may not write: another one may be at work. No StoreError: nothing may be made of it but to stop."""

    def __init__(self) -> None:
        super().__init__("this replica does not hold the Lease for certain, so it writes nothing")


def permitted() -> None:
    """Of whoever is the only writer for certain."""
