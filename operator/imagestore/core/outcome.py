"""What a reconcile hands back. The shell alone carries it out."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from imagestore.core.fitting import fitted
from imagestore.core.model import Model, cut
from imagestore.core.reasons import Reason

S = TypeVar("S", bound=Model)


class Finalizer(StrEnum):
    """What becomes of our finalizer."""

    HOLD = "Hold"  # present; added before anything else is done
    RELEASE = "Release"  # removed; Kubernetes may forget the object
    LEAVE = "Leave"  # as it is


@dataclass(frozen=True)
class Note:
    """An Event to emit, and a line in the log. ``warning`` decides its type; equal notes are aggregated."""

    reason: Reason
    message: str
    action: str = "Reconcile"
    warning: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", cut(self.message, 1024))


@dataclass(frozen=True)
class Outcome(Generic[S]):
    """``status`` None leaves it as it is; it is made to fit. ``requeue_after`` in seconds, None: only on a change.

    ``doubts``: buckets that were looked for, because the store may be another one; its backend has to judge.
    """

    status: S | None
    notes: tuple[Note, ...] = ()
    requeue_after: float | None = None
    finalizer: Finalizer = Finalizer.HOLD
    doubts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.status is not None:
            object.__setattr__(self, "status", fitted(self.status))
