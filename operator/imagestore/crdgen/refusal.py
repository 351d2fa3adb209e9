"""What the generator says instead of guessing."""

from typing import Never


class Refused(Exception):
    """A model holds something that a CRD cannot, or that nobody taught the generator."""


def refuse(where: str, why: str) -> Never:
    """Say at which field, and what to write instead."""
    raise Refused(f"{where}: {why}")
