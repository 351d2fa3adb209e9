"""What a restore is asked for, how it goes on, and how it ended."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random

from imagestore.core.errors import StoreError
from imagestore.core.objects import UNCONDITIONAL, ListedObject, WriteCondition
from imagestore.repository.restoring.outcomes import told_error
from imagestore.repository.restoring.selection import ExistingPolicy, RestoreSelection
from imagestore.transfer.copies import UploadLog
from imagestore.transfer.pace import MOVED_AT_ONCE

CHANGED = "Changed: it was written at the destination after the restore was counted; it was not overwritten"


class RestoreState(StrEnum):
    """How a restore ended. Stopped: it was asked to end, and goes on from its last checkpoint."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"


@dataclass(frozen=True)
class RestoreCounts:
    """``restored``: written, and found again in a listing. ``equal``: there already with the same content and attributes. ``kept``: there and
    left as it was. ``verified``: of what was restored, objects whose bytes were read back and hashed. ``mismatched``: those that were read back
    with other bytes; they count as failed.

    ``failed``: rows that are not at the destination. ``lost``: objects of which the destination does not take an attribute.
    """

    restored: int = 0
    bytes: int = 0
    equal: int = 0
    kept: int = 0
    failed: int = 0
    lost: int = 0
    stale: int = 0
    verified: int = 0
    mismatched: int = 0


@dataclass(frozen=True)
class PassCount:
    """Objects and bytes of one pass: of one priority, or of what has none."""

    objects: int = 0
    bytes: int = 0

    def __add__(self, other: "PassCount") -> "PassCount":
        return PassCount(self.objects + other.objects, self.bytes + other.bytes)


@dataclass(frozen=True)
class RestorePoint:
    """Where an interrupted restore goes on. ``checked``: no object was in the way when it began (Fail). ``began``: when that was, by the
    destination's clock, in milliseconds; 0: it is not known.

    ``counts`` and ``done``: of the rows before this point; ``done`` by pass. A restore that goes on has not succeeded if rows before this
    point have failed.
    """

    number: int = 0
    after: str = ""
    checked: bool = False
    counts: RestoreCounts = RestoreCounts()
    done: tuple[PassCount, ...] = ()
    began: int = 0


@dataclass(frozen=True)
class RestoreProgress:
    """``done``: by pass, objects that are settled in any way."""

    counts: RestoreCounts
    done: tuple[PassCount, ...]


def _keep_nothing(point: RestorePoint) -> None:
    """Save no checkpoint."""


def _tell_nothing(progress: RestoreProgress) -> None:
    """Tell no progress."""


def _note_nothing(key: str, why: str) -> None:
    """Note no problem."""


def _never() -> bool:
    """Go on to the end."""
    return False


class ForgottenUploads:
    """Uploads that are not remembered: those of a run that is killed stay."""

    def begun(self, key: str, upload: str) -> None:
        """Remember nothing."""

    def ended(self, key: str, upload: str) -> None:
        """Forget nothing."""


@dataclass(frozen=True)
class RestoreOptions:
    """``problem``: is told each key that could not be restored, and why: a word, a colon, and more. ``save``: is given each checkpoint;
    ``point``: the last one. ``uploads``: remembers uploads in parts.

    ``read_back``: which share of the written objects is read back and hashed, at least one of each batch; 0: none. ``stop``: asked between
    batches. ``at_once``: objects.

    ``until``: by the destination's clock, in milliseconds; objects that were written there later are not overwritten, since no person knew of
    them. None: whatever is there may be.

    ``locks``: whether retentions and legal holds come back, too.
    """

    selection: RestoreSelection = field(default_factory=RestoreSelection)
    existing: ExistingPolicy = ExistingPolicy.FAIL
    point: RestorePoint = field(default_factory=RestorePoint)
    save: Callable[[RestorePoint], None] = _keep_nothing
    problem: Callable[[str, str], None] = _note_nothing
    told: Callable[[RestoreProgress], None] = _tell_nothing
    clock: Callable[[], float] = time.monotonic
    uploads: UploadLog = field(default_factory=ForgottenUploads)
    read_back: float = 0.0
    random: Random = field(default_factory=Random)
    stop: Callable[[], bool] = _never
    at_once: int = MOVED_AT_ONCE
    until: int | None = None
    locks: bool = True

    def begun(self, now: int) -> "RestoreOptions":
        """The same of a restore that goes on, or that begins now. ``now``: by the destination's clock, in milliseconds."""
        return self if self.point.began else replace(self, point=replace(self.point, began=now))

    def may_be_ours(self, there: ListedObject) -> bool:
        """Whether an object was written since the restore began.

        It may lack what a killed run would have set behind its bytes: a lock, on Ceph tags.
        """
        return 0 < self.point.began <= there.modified

    def keeps(self, there: ListedObject) -> bool:
        """Whether Skip keeps an object without a look at its bytes."""
        return self.existing is ExistingPolicy.SKIP and not self.may_be_ours(there)

    def kept_because(self, there: ListedObject) -> str:
        """Why an object with other bytes stays at the destination; empty: it is overwritten."""
        if self.existing is ExistingPolicy.FAIL:
            return "Exists: another object is at this key; it was not overwritten"
        if self.until is not None and there.modified > self.until:
            return CHANGED
        return ""

    def met_because(self, error: StoreError) -> str:
        """Why an object was not written that another program wrote meanwhile."""
        return CHANGED if self.existing is ExistingPolicy.OVERWRITE else told_error(error)

    def condition(self, there: ListedObject | None) -> WriteCondition:
        """What has to be at a key still when it is written. ``there``: what was listed."""
        if self.existing is ExistingPolicy.OVERWRITE and self.until is None:
            return UNCONDITIONAL
        return WriteCondition(absent=True) if there is None else WriteCondition(etag=there.etag)


@dataclass(frozen=True)
class RestoreReport:
    """How it ended. ``seconds``: how long it took. ``why``: for a restore that wrote nothing."""

    state: RestoreState
    counts: RestoreCounts
    seconds: float
    why: str = ""
