"""What a run is asked to do, and what it is given to do it with."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from imagestore.backends.objects import ObjectStore
from imagestore.core.fencing import Permit, permitted
from imagestore.core.keys import RESERVED_PREFIX
from imagestore.transfer.report import TransferProgress, TransferSide

MEGABYTE = 1024**2


@dataclass(frozen=True)
class TransferEnd:
    """One side: the keys below ``prefix`` of a bucket. The prefix is not a part of the compared keys."""

    store: ObjectStore
    bucket: str
    prefix: str = ""


@dataclass(frozen=True)
class TransferFilter:
    """Which keys are meant, without the end's prefix. One of the prefixes, one of the suffixes, and all tags must match."""

    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    def matches_name(self, key: str) -> bool:
        """Whether the key fits. Its tags are not known from a listing."""
        return key.startswith(self.prefixes or "") and key.endswith(self.suffixes or "")

    def matches_tags(self, tags: Mapping[str, str]) -> bool:
        """Whether an object with these tags fits."""
        return self.tags.items() <= tags.items()


class Direction(StrEnum):
    """Which side follows which."""

    ONE_WAY = "OneWay"
    TWO_WAY = "TwoWay"


class DeleteMode(StrEnum):
    """What becomes of an object whose counterpart was deleted."""

    IGNORE = "Ignore"
    MARKERS = "Markers"  # deleted where the bucket keeps versions, so that the object can be brought back
    MIRROR = "Mirror"  # deleted; where the bucket keeps no versions, only on a store with conditional deletes


@dataclass(frozen=True)
class DeleteGuard:
    """When deletes are held. Above either number they need approval.

    ``approved``: digests of held deletes that may go in this run. ``refused``: why the caller allows none now.
    """

    max_percent: float = 5.0
    max_deletes: int = 1000
    approved: frozenset[str] = frozenset()
    refused: str = ""


@dataclass(frozen=True)
class TransferLimits:
    """``workers``: objects at once. ``memory``: bytes of bodies at once. ``segment``: keys of a part of the journal."""

    workers: int = 16
    segment: int = 10_000
    memory: int = 64 * MEGABYTE
    bytes_per_second: int | None = None
    requests_per_second: float | None = None


class LateAfter(NamedTuple):
    """What was written to ``side`` at or after ``moment`` (ms) of the clock of ``TransferHooks`` reached a side that is not written to any more."""

    side: TransferSide
    moment: int


@dataclass(frozen=True)
class TransferOptions:
    """``since``: only objects modified at or after this time (ms) of the clock of ``TransferHooks``, besides those copied before.

    ``lost``: two ways, what these sides do not have was lost with them, and is copied to them instead of counting as deleted there.
    ``storage_class``: from the source's class to the destination's; None: the destination's default. ``reread``: compare the
    attributes of one in so many keys, which listings do not show, of all of them in so many runs; 0: of none. ``named``: compare those of these keys. ``dry_run``: write and delete nothing.
    ``late``: what is counted and listed when it is brought over.
    """

    direction: Direction = Direction.ONE_WAY
    deletes: DeleteMode = DeleteMode.IGNORE
    guard: DeleteGuard = DeleteGuard()
    filter: TransferFilter = field(default_factory=TransferFilter)
    since: int | None = None
    lost: frozenset[TransferSide] = frozenset()
    storage_class: Callable[[str], str] | None = None
    reread: int = 0
    named: frozenset[str] = frozenset()
    dry_run: bool = False
    late: LateAfter | None = None


@dataclass(frozen=True)
class TransferJob:
    """One job. ``name``: its journal, checkpoint and report are below ``place`` in the destination's bucket."""

    name: str
    source: TransferEnd
    destination: TransferEnd
    options: TransferOptions = field(default_factory=TransferOptions)
    limits: TransferLimits = TransferLimits()

    @property
    def place(self) -> str:
        """The prefix of what the job keeps in the destination."""
        return f"{RESERVED_PREFIX}transfer/{self.name}/"

    @property
    def two_way(self) -> bool:
        """Whether either side follows the other."""
        return self.options.direction is Direction.TWO_WAY

    def ends_digest(self) -> str:
        """A journal of other ends says nothing of these. One of the other direction does: the pairs were equal then."""
        return _digest([(e.store.name, e.bucket, e.prefix) for e in (self.source, self.destination)])

    def filter_digest(self) -> str:
        """Changes with the filter. Deletes pause for a run then."""
        chosen = self.options.filter
        return _digest([chosen.prefixes, chosen.suffixes, dict(chosen.tags), self.options.since])

    def digest(self) -> str:
        """Of ends, filter and options: a checkpoint holds for exactly these."""
        options = self.options
        said = [self.ends_digest(), self.filter_digest(), options.direction, options.deletes]
        return _digest([*said, *sorted(options.lost)])


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class BegunUpload:
    """A multipart upload of ours that may be unfinished."""

    side: TransferSide
    key: str
    upload: str


def never() -> bool:
    """The stop of a run that goes to its end."""
    return False


def unhindered() -> None:
    """The pause of a run that gives way to nothing."""


def untold(_progress: TransferProgress) -> None:
    """The progress of a run that nothing watches."""


@dataclass(frozen=True)
class TransferHooks:
    """What a run is given. ``run``: an id that no other run has.

    ``stop``: asked before each object; then what is in flight ends and the checkpoint is saved. ``ready``: called when what a run
    does again each time it goes on is done: a side that is sorted on disk is listed to its end before the first object. ``permit``: asked before each
    write. ``yield_to``: called between steps, blocks while more important work waits. ``progress``: once a second at most.
    ``temporary``: where lists are sorted on disk; None: the system's place.
    """

    run: str
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    stop: Callable[[], bool] = never
    ready: Callable[[], None] = unhindered
    permit: Permit = permitted
    yield_to: Callable[[], None] = unhindered
    progress: Callable[[TransferProgress], None] = untold
    temporary: Path | None = None

    def now(self) -> int:
        """Milliseconds since 1970."""
        return int(self.clock() * 1000)
