"""What a read of one setting of a bucket can find, and how far a backend supports a setting."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from imagestore.core.facet import Facet
from imagestore.core.losses import Limit
from imagestore.core.reasons import Reason

F = TypeVar("F", bound=Facet)


@dataclass(frozen=True)
class Found(Generic[F]):
    """The store holds this value."""

    value: F


@dataclass(frozen=True)
class Missing:
    """The store holds nothing for this setting."""


@dataclass(frozen=True)
class Unsupported:
    """The backend does not support this setting, or not all of the desired value; ``lost`` names paths."""

    reason: str
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unreadable:
    """The read failed: nothing may be concluded from it."""

    reason: Reason  # the error's
    message: str


@dataclass(frozen=True)
class NotRepresentable:
    """The store holds a value that no model can represent.

    It can be replaced, but neither kept in part nor compared.
    """

    message: str

    def is_empty(self) -> bool:
        """False: the value was observed and may be deleted."""
        return False


Reading = Found[Facet] | Missing | Unsupported | Unreadable | NotRepresentable


def reading_of(value: Facet | None) -> Reading:
    """A driver's answer as a reading."""
    return Missing() if value is None else Found(value)


class Level(StrEnum):
    """How far a backend supports a facet."""

    FULL = "Full"
    PARTIAL = "Partial"
    NONE = "None"


@dataclass(frozen=True)
class Support:
    """A backend's support for one facet.

    ``lost``: patterns of fields that the store would drop; a desired value that uses one is refused, never
    widened. ``limits``: values that it does not take, refused likewise. ``weak``: sentences on what is stored yet
    not enforced; the value is applied and the sentence shown. Patterns are paths with ``[]`` for any item:
    ``rules[].abortIncompleteMultipartUpload``.
    """

    level: Level
    reason: str = ""
    lost: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()

    def known(self, facet: str) -> str:
        """What may be wrong with a value that the store refuses with a bare 400 MalformedXML; empty if unknown."""
        return f"of {facet} in this store is known: {self.reason}; correct the spec" if self.reason else ""


FULL = Support(Level.FULL)
