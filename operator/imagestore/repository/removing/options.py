"""What a removal is asked for, and what it did."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from imagestore.repository.removing.retention import Forgetting, RetentionPlan


@dataclass(frozen=True)
class PruneOptions:
    """``repack_below``: packs of which less is needed are emptied. ``repack_packs``: at most so many in a run.

    ``held``: why nothing may be deleted this time; empty: nothing speaks against it. Locks are extended all the same.
    ``stop``: asked before each step that deletes, and ends the run if it says so.
    """

    forgetting: Forgetting = field(default_factory=Forgetting)
    dry_run: bool = False
    repack_below: float = 0.5
    repack_packs: int = 200
    held: str = ""
    stop: Callable[[], bool] = lambda: False


class RemovalStopped(Exception):
    """``PruneOptions.stop`` said so. What was deleted before is gone; every backup that stays is whole."""


@dataclass
class FileTally:
    """A number of files and their bytes."""

    files: int = 0
    bytes: int = 0

    def add(self, size: int) -> None:
        """Count a file."""
        self.files += 1
        self.bytes += size


@dataclass
class PruneReport:
    """What a removal did, or in a dry run would do.

    ``held``: why it deleted nothing. ``missing``: the backup that was known and is not there. ``condemned``: files that were put on a list now. ``waiting``: those that are on one and not yet due.
    ``deleted``: files that are gone. ``retained``: files that stay, and why, such as "retained until 2026-12-01". ``refused``: files that
    the store refuses to delete, and its reason; once there is one, no file that backups refer to is deleted. ``needed_again``: files on a list
    that a backup needs. ``rejected``: files that look like a backup and do not count. ``dead_runs``: runs that were declared dead.
    """

    now: int = 0
    held: str = ""
    missing: str = ""
    retention: RetentionPlan = field(default_factory=RetentionPlan)
    condemned: FileTally = field(default_factory=FileTally)
    waiting: FileTally = field(default_factory=FileTally)
    deleted: FileTally = field(default_factory=FileTally)
    needed: FileTally = field(default_factory=FileTally)
    needed_again: int = 0
    repacked: int = 0
    damaged_packs: tuple[str, ...] = ()
    extended: int = 0
    aborted_uploads: int = 0
    dead_runs: tuple[str, ...] = ()
    retained: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    rejected: Mapping[str, str] = field(default_factory=dict)
