"""What a reconcile hands back. The controller alone carries it out."""

from copy import copy
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Generic, TypeVar

from imagestore.core.fitting import fitted
from imagestore.core.model import Model, cut
from imagestore.core.reasons import Reason

S = TypeVar("S", bound=Model)


class Finalizer(StrEnum):
    """What happens to the operator's finalizer."""

    HOLD = auto()  # present; added before anything else is done
    RELEASE = auto()  # removed; Kubernetes may forget the object
    LEAVE = auto()  # as it is


@dataclass(frozen=True)
class Event:
    """An Event to post, and a line in the log. ``warning`` decides its type; equal ones are aggregated."""

    reason: Reason
    message: str
    action: str = "Reconcile"
    warning: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", cut(self.message, 1024))


@dataclass(frozen=True)
class Continue:
    """The same work goes on at once, after the status is written.

    ``progress`` is what this pass found out for the next one, and only for the next one: it becomes the ``progress`` of the
    next Situation. A restart loses it, and the next pass then finds it out again.
    """

    progress: object = None


@dataclass(frozen=True)
class Requeue:
    """Reconcile again after so many seconds, if no change comes first. More than 0."""

    seconds: float

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            raise ValueError("to go on at once is Continue")


@dataclass(frozen=True)
class OnChange:
    """Reconcile again only when something changes."""


Then = Continue | Requeue | OnChange


@dataclass(frozen=True)
class Signal:
    """Something that another object has to judge. It is reconciled soon, and its Situation has the ``subjects``."""

    kind: str
    namespace: str  # empty for an object of the cluster
    name: str
    subjects: tuple[str, ...]


@dataclass(frozen=True)
class Outcome(Generic[S]):
    """What to write, to post and to remember, and what comes then.

    ``status`` None leaves it as it is; it is made to fit. ``memo`` None leaves what is remembered as it is; otherwise the
    next Situation of the same object has it.
    """

    status: S | None
    events: tuple[Event, ...] = ()
    then: Then = OnChange()
    finalizer: Finalizer = Finalizer.HOLD
    memo: object = None
    signals: tuple[Signal, ...] = ()

    def __post_init__(self) -> None:
        if self.status is not None:
            object.__setattr__(self, "status", fitted(self.status))

    def remembering(self, memo: object) -> "Outcome[S]":
        """The same outcome with this memo. ``dataclasses.replace`` would fit the status again, and so serialize it once more."""
        found = copy(self)
        object.__setattr__(found, "memo", memo)
        return found
