"""What a reconcile hands back. The shell alone carries it out."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from imagestore.core.model import Model

S = TypeVar("S", bound=Model)


class Finalizer(StrEnum):
    """What becomes of our finalizer."""

    HOLD = "Hold"  # present; added before anything else is done
    RELEASE = "Release"  # removed; Kubernetes may forget the object
    LEAVE = "Leave"  # as it is


@dataclass(frozen=True)
class Note:
    """An Event to emit. ``warning`` decides its type; equal notes are aggregated by the recorder."""

    reason: str
    message: str
    action: str = "Reconcile"
    warning: bool = False


@dataclass(frozen=True)
class Outcome(Generic[S]):
    """``status`` None leaves it as it is; ``requeue_after`` in seconds, None: only when something changes.

    ``doubts``: buckets that were looked for, because the store may be another one; its backend has to judge.
    """

    status: S | None
    notes: tuple[Note, ...] = ()
    requeue_after: float | None = None
    finalizer: Finalizer = Finalizer.HOLD
    doubts: tuple[str, ...] = ()
