"""The generator refuses what it cannot translate; it never guesses."""

from typing import Never


class Refused(Exception):
    """A model has something that a CRD cannot express, or that the generator does not know."""


def refuse(where: str, why: str) -> Never:
    """Raise Refused with the field, the reason and what to write instead."""
    raise Refused(f"{where}: {why}")
