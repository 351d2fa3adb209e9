"""What a look at one setting of a bucket can find, and what a backend says it can hold."""

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
    """The backend cannot hold this setting, or not all of what is wanted of it; ``lost`` names paths."""

    reason: str
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unreadable:
    """The store did not tell: nothing may be concluded from this."""

    reason: Reason  # the error's
    message: str


@dataclass(frozen=True)
class NotRepresentable:
    """The store holds something that no value can say: it can be replaced, and neither kept in part nor compared."""

    message: str

    def is_empty(self) -> bool:
        """It was seen to be there, and may be removed."""
        return False


Reading = Found[Facet] | Missing | Unsupported | Unreadable | NotRepresentable


class Level(StrEnum):
    """How much of a facet a backend holds."""

    FULL = "Full"
    PARTIAL = "Partial"
    NONE = "None"


@dataclass(frozen=True)
class Support:
    """A backend's support for one facet.

    ``lost``: patterns of fields that the store would drop; a wish that uses one is refused, never
    widened. ``limits``: values that it does not take, refused likewise. ``weak``: sentences on what is stored yet
    not enforced; the wish is applied and the sentence shown. Patterns are paths with ``[]`` for any item:
    ``rules[].abortIncompleteMultipartUpload``.
    """

    level: Level
    reason: str = ""
    lost: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()

    def known(self, facet: str) -> str:
        """What may be wrong with a value that the store refuses with a bare 400 MalformedXML; empty: nobody knows."""
        return f"of {facet} in this store is known: {self.reason}; correct the spec" if self.reason else ""


FULL = Support(Level.FULL)
