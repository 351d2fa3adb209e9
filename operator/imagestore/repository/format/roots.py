"""Roots: what a backup is. Written last. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from imagestore.repository.format.leaves import LeafRef, ref_fields, ref_of

AHEAD = 15 * 60 * 1000  # how far two clocks may differ, milliseconds


@dataclass(frozen=True)
class SourceName:
    """Which bucket is backed up, as its owner names it."""

    backend: str
    bucket: str
    prefix: str = ""

    def __str__(self) -> str:
        return f"{self.backend}/{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")


class BackupState(StrEnum):
    """How a backup ended."""

    SUCCEEDED = "Succeeded"
    PARTIALLY_FAILED = "PartiallyFailed"


@dataclass(frozen=True)
class BackupCounts:
    """What a run did, in objects and bytes.

    ``objects`` and ``bytes``: what the backup holds. ``read``: objects whose bytes were read. ``duplicates``: of these, how many were
    in the repository already. ``stored_bytes``: what was uploaded. ``reread``: objects whose metadata alone was read. ``stale``: rows of an
    earlier backup, because the object could not be read. ``changing``: objects that changed between listing and reading.
    """

    objects: int = 0
    bytes: int = 0
    unchanged: int = 0
    read: int = 0
    read_bytes: int = 0
    duplicates: int = 0
    stored_bytes: int = 0
    reread: int = 0
    failed: int = 0
    stale: int = 0
    skipped: int = 0
    vanished: int = 0
    changing: int = 0


_COUNTS = {name: name for name in BackupCounts.__dataclass_fields__} | {
    "read_bytes": "readBytes",
    "stored_bytes": "storedBytes",
}


@dataclass(frozen=True)
class BackupFilter:
    """Which objects of the source: those below ``include`` (none: all) that are not below ``exclude``. Prefixes of keys."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def takes(self, key: str) -> bool:
        """Whether an object is backed up."""
        return (not self.include or key.startswith(self.include)) and not key.startswith(self.exclude)


@dataclass(frozen=True)
class BackupRoot:
    """A backup. Times are the store's own, in milliseconds. ``name``: <time>-<run>. ``sequence``: 1 for the first of its source.

    ``scheduled``: when a schedule wanted it; None: made by hand. ``report``: the leaf that lists every failed and skipped
    object; empty: there are none. ``label``: what asked for it, such as the uid of a Kubernetes object.
    """

    name: str
    run: str
    source: SourceName
    started: int
    finished: int
    leaves: tuple[LeafRef, ...]
    state: BackupState = BackupState.SUCCEEDED
    counts: BackupCounts = BackupCounts()
    sequence: int = 1
    base: str = ""
    scheduled: int | None = None
    filter: BackupFilter = field(default_factory=BackupFilter)
    report: str = ""
    label: str = ""

    @property
    def due(self) -> int:
        """The time that retention counts by. A scheduled time after the run itself is of a wrong clock, or of a person: it does not count."""
        scheduled = self.scheduled
        return self.started if scheduled is None or scheduled > self.started + AHEAD else scheduled

    @property
    def order(self) -> tuple[int, int, str]:
        """The later of two has the larger one, by the store's own times."""
        return self.started, self.sequence, self.name


def root_fields(root: BackupRoot) -> dict[str, Any]:
    """A root as JSON."""
    counts = {name: getattr(root.counts, field_name) for field_name, name in _COUNTS.items()}
    return {
        "backup": root.name,
        "run": root.run,
        "source": {
            "backend": root.source.backend,
            "bucket": root.source.bucket,
            "prefix": root.source.prefix,
        },
        "started": root.started,
        "finished": root.finished,
        "scheduled": root.scheduled,
        "state": root.state.value,
        "sequence": root.sequence,
        "base": root.base,
        "filter": {"include": list(root.filter.include), "exclude": list(root.filter.exclude)},
        "counts": counts,
        "report": root.report,
        "leaves": [ref_fields(ref) for ref in root.leaves],
    } | ({"label": root.label} if root.label else {})


def root_of(content: Mapping[str, Any]) -> BackupRoot:
    """What ``root_fields`` wrote. KeyError, TypeError or ValueError where it is none."""
    source, kept = content["source"], content["filter"]
    return BackupRoot(
        name=content["backup"],
        run=content["run"],
        source=SourceName(source["backend"], source["bucket"], source["prefix"]),
        started=content["started"],
        finished=content["finished"],
        leaves=tuple(map(ref_of, content["leaves"])),
        state=BackupState(content["state"]),
        counts=BackupCounts(**{f: content["counts"].get(name, 0) for f, name in _COUNTS.items()}),
        sequence=content["sequence"],
        base=content["base"],
        scheduled=content["scheduled"],
        filter=BackupFilter(tuple(kept["include"]), tuple(kept["exclude"])),
        report=content["report"],
        label=content.get("label", ""),
    )
