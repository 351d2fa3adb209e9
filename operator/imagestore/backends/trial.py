"""What a store holds, found out by trying it on a bucket that may break."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from imagestore.core.facet import Facet
from imagestore.core.reading import Support

Samples = Mapping[str, Mapping[str, Facet]]
"""Values to try, by facet and by a name of their own."""


class TrialError(Exception):
    """Why a trial cannot go on, as a sentence. Its notes say what could not be tidied up."""


@dataclass(frozen=True)
class TrialRequest:
    """``bucket`` is written to and may be lost; with ``create`` it is made, and removed at the end.

    ``say`` is told which setting's turn it is.
    """

    bucket: str
    samples: Samples
    create: bool = False
    kms_key: str | None = None
    say: Callable[[str], None] = lambda _: None


@dataclass
class TrialReport:
    """``unasked``: facets of which the store was not asked. ``alarms``: what the administrator must hear. ``left``: what could
    not be tidied up.
    """

    support: dict[str, Support] = field(default_factory=dict)
    unasked: Collection[str] = ()
    alarms: list[str] = field(default_factory=list)
    left: str = ""


@runtime_checkable
class Triable(Protocol):
    """A backend of which a trial finds out what its store holds."""

    @property
    def declared_at(self) -> str:
        """Where a StorageBackend of this provider takes what was found, such as spec.s3; empty: it takes nothing."""

    def trial(self, request: TrialRequest) -> TrialReport:
        """Write, read back, compare and remove every sample. Raises TrialError, StoreError."""

    def declaration(self, found: Mapping[str, Support]) -> dict[str, Any]:
        """What was found, as the StorageBackend takes it."""
