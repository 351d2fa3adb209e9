"""What a restore is asked for, and how it ended."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from imagestore.repository.restoring.selection import ExistingPolicy, RestoreSelection


class RestoreState(StrEnum):
    """How a restore ended."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


@dataclass(frozen=True)
class RestoreCounts:
    """``restored``: written and read back. ``equal``: there already with the same content and attributes. ``kept``: there and left as it was.

    ``failed``: rows that are not at the destination. ``lost``: objects whose lock the destination does not take.
    """

    restored: int = 0
    bytes: int = 0
    equal: int = 0
    kept: int = 0
    failed: int = 0
    lost: int = 0
    stale: int = 0


@dataclass(frozen=True)
class RestorePoint:
    """Where an interrupted restore goes on. ``checked``: no object was in the way when it began (Fail).

    ``failed``: rows before this point that are not at the destination: a restore that goes on has not succeeded without them.
    """

    number: int = 0
    after: str = ""
    checked: bool = False
    failed: int = 0


def _keep_nothing(point: RestorePoint) -> None:
    """Save no checkpoint."""


def _tell_nothing(counts: RestoreCounts) -> None:
    """Tell no progress."""


def _note_nothing(key: str, why: str) -> None:
    """Note no problem."""


@dataclass(frozen=True)
class RestoreOptions:
    """``problem``: is told each key that could not be restored, and why. ``save``: is given each checkpoint; ``point``: the last one."""

    selection: RestoreSelection = field(default_factory=RestoreSelection)
    existing: ExistingPolicy = ExistingPolicy.FAIL
    point: RestorePoint = field(default_factory=RestorePoint)
    save: Callable[[RestorePoint], None] = _keep_nothing
    problem: Callable[[str, str], None] = _note_nothing
    told: Callable[[RestoreCounts], None] = _tell_nothing
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True)
class RestoreReport:
    """How it ended. ``seconds``: how long it took. ``why``: for a restore that wrote nothing."""

    state: RestoreState
    counts: RestoreCounts
    seconds: float
    why: str = ""
