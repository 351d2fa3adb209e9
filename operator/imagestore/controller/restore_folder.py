"""What a Restore keeps below a reserved prefix of its destination: what was chosen, where it goes on, and which objects failed."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from hashlib import md5
from threading import Lock
from typing import Any

from imagestore.controller.key_lists import kept_list, list_digest, of_kept_list
from imagestore.core.errors import NotFound
from imagestore.core.keys import RESERVED_PREFIX
from imagestore.core.objects import ObjectAttributes, ObjectUpload
from imagestore.reconcile.restore.runs import RestoreFound, RestoreTotals
from imagestore.repository.checking.scratch import empty_below
from imagestore.repository.errors import DamagedFile
from imagestore.repository.format.rows import key_fields
from imagestore.repository.history.choosing import MomentSource
from imagestore.repository.restoring.checkpoint import OtherCheckpoint, RestoreCheckpoint
from imagestore.repository.restoring.options import RestoreCounts, RestorePoint
from imagestore.repository.restoring.plain import NOT_OURS, plain_value, plain_values
from imagestore.repository.restoring.planning import PlannedPass
from imagestore.repository.store.files import bounded
from imagestore.transfer.job import TransferEnd
from imagestore.transfer.walk import listed_items

RESTORE_FOLDERS = f"{RESERVED_PREFIX}restore/"
MOST_LISTED = 100_000  # failed objects that a report names; the others are counted
MOST_BYTES = 32 * 1024**2  # of a file here; another program may put one of 5 TiB in its place
_PART_BYTES = 4 * 1024**2  # of the report, as it is written
REPORT_BYTES = 64 * 1024**2
_WORKING = ("chosen.json", "keys.txt", "checkpoint.json", "failed/", "job.json", "trouble.json", "ended.json")
_TOLD = ("source", "source_reason", "backup", "report", "why")
_JSON = ObjectAttributes({"content-type": "application/json"})
_TEXT = ObjectAttributes({"content-type": "text/plain"})
_LINES = ObjectAttributes({"content-type": "application/x-ndjson"})


@dataclass(frozen=True)
class ChosenRestore:
    """What was decided before the first write, and holds until the end: a newer backup, or versions that are deleted meanwhile, change
    nothing.

    ``keys``: the list of keys that the Restore names, as it was then; empty: it names none. ``token``: of what was approved to be overwritten;
    empty: nothing had to be. ``until``: when the last object was written that may be overwritten, by the destination's clock; 0: none may.
    """

    source: MomentSource
    why: str
    backup: str
    plan: tuple[PlannedPass, ...]
    keys: frozenset[str] = frozenset()
    token: str = ""
    until: int = 0


@dataclass(frozen=True)
class RestoreFolder:
    """``run``: names the parts of the report that this run writes."""

    end: TransferEnd
    uid: str
    run: str

    @property
    def place(self) -> str:
        """The prefix of everything in it."""
        return f"{RESTORE_FOLDERS}{self.uid}/"

    @staticmethod
    def is_working_file(name: str) -> bool:
        """Whether a file of a folder is deleted when its Restore is over, as all but the report."""
        return name.startswith("failed/") or name in _WORKING

    def chosen(self) -> ChosenRestore | None:
        """What an earlier run of this Restore chose. Its spec is immutable, so that this holds whatever can be read today."""
        held = self._read("chosen.json")
        try:
            return self.chosen_of(json.loads(held or b"{}"))
        except NOT_OURS:
            return None

    def chosen_of(self, content: Mapping[str, Any]) -> ChosenRestore:
        """What ``chosen_content`` wrote, with the list of keys that is kept here. Raises one of NOT_OURS."""
        why, backup, token = (plain_value(content[name], str) for name in ("why", "backup", "token"))
        plan = tuple(plain_values(PlannedPass, one) for one in content["plan"])
        keys, until = self._listed(content["keys"]), plain_value(content["until"], int)
        return ChosenRestore(MomentSource(content["source"]), why, backup, plan, keys, token, until)

    def _listed(self, digest: str) -> frozenset[str]:
        """The keys that were chosen. ValueError: what is kept is another list."""
        keys = of_kept_list(self._read("keys.txt")) if digest else frozenset[str]()
        if list_digest(keys) != digest:
            raise ValueError(digest)
        return keys

    def choose(self, chosen: ChosenRestore) -> None:
        """Write what was chosen. The list of keys is written before what needs it."""
        if chosen.keys:
            self._write("keys.txt", kept_list(chosen.keys), _TEXT)
        self._write("chosen.json", json.dumps(chosen_content(chosen)).encode(), _JSON)

    def mark_job(self) -> None:
        """A Job is about to be made, whose pod writes here."""
        self._write("job.json", b"{}", _JSON)

    def may_have_job(self) -> bool:
        """Whether a Job was made for this Restore, whose pod may still write here."""
        return self._read("job.json") is not None

    def leave_word(self, word: Mapping[str, Any]) -> None:
        """Write down why a pod ended early."""
        self._write("trouble.json", json.dumps(word).encode(), _JSON)

    def word(self) -> Mapping[str, Any] | None:
        """Why the last pod ended early; None: it left no word."""
        try:
            found = json.loads(self._read("trouble.json") or b"{}")
        except NOT_OURS:
            return None
        return found if isinstance(found, dict) and found else None

    def checkpoint(self) -> RestoreCheckpoint:
        """Where to go on. One that cannot be read is begun anew: what is there is found equal."""

        def write(data: bytes) -> None:
            self._write("checkpoint.json", data, _JSON)

        try:
            return RestoreCheckpoint(self.uid, self._read("checkpoint.json"), write)
        except OtherCheckpoint:
            return RestoreCheckpoint(self.uid, None, write)

    def keep(self, number: int, lines: bytes) -> None:
        """A part of the report."""
        self._write(f"failed/{self.run}-{number:06}.jsonl", lines, _LINES)

    def parts(self) -> Iterator[bytes]:
        """All parts of the report, of this run and earlier ones."""
        below, store = f"{self.place}failed/", self.end.store
        found = listed_items(lambda after: store.objects(self.end.bucket, after, prefix=below))
        for listed in sorted(found, key=lambda o: o.key):
            yield self._read(listed.key.removeprefix(self.place)) or b""

    def reported(self, failed: Mapping[str, int]) -> str:
        """Put the report together; return its key, empty where nothing failed."""
        report = b"".join(_at_first(self.parts(), REPORT_BYTES)) if failed else b""
        if report:
            self._write("failed.jsonl", report, _LINES)
        return f"{self.place}failed.jsonl" if report else ""

    def finish(self, found: RestoreFound) -> None:
        """Write what was found. A status that could not be written is written from it, and nothing is restored again."""
        told = {name: getattr(found, name) for name in _TOLD}
        content = {
            **told,
            "failed": dict(found.failed),
            "unread": found.unread,
            "seconds": float(found.ended - found.began),
            "totals": asdict(found.totals) if found.totals else None,
            "counts": asdict(found.counts),
        }
        self._write("ended.json", json.dumps(content).encode(), _JSON)

    def ended(self, now: float) -> RestoreFound | None:
        """What a run found that ended and whose report may be lost; None: there is none. ``now``: by the clock of reports."""
        held = self._read("ended.json")
        try:
            content = json.loads(held or b"{}")
            totals = plain_values(RestoreTotals, content["totals"]) if content["totals"] else None
            told: dict[str, Any] = {name: plain_value(content[name], str) for name in _TOLD}
            counts, unread = (
                plain_values(RestoreCounts, content["counts"]),
                plain_value(content["unread"], int),
            )
            failed = {
                plain_value(reason, str): plain_value(n, int) for reason, n in content["failed"].items()
            }
            began = now - plain_value(content["seconds"], float)
            return RestoreFound(
                began, now, totals=totals, counts=counts, failed=failed, unread=unread, **told
            )
        except NOT_OURS:
            return None

    def empty(self) -> None:
        """Delete all but the report; what was found goes last. Only once the status has it."""
        for name in _WORKING:
            empty_below(TransferEnd(self.end.store, self.end.bucket, self.place + name))

    def _read(self, name: str) -> bytes | None:
        try:
            with self.end.store.read(self.end.bucket, self.place + name) as body:
                return bounded(body, MOST_BYTES, name)
        except (NotFound, DamagedFile):
            return None

    def _write(self, name: str, data: bytes, attributes: ObjectAttributes) -> None:
        upload = ObjectUpload(data, len(data), md5(data, usedforsecurity=False).hexdigest())
        self.end.store.write(self.end.bucket, self.place + name, upload, attributes)


def chosen_content(chosen: ChosenRestore) -> dict[str, Any]:
    """For ``RestoreFolder.chosen_of``: of the list of keys its digest."""
    return {**asdict(chosen), "keys": list_digest(chosen.keys)}


@dataclass
class FailedRows:
    """Counts what failed by reason, and keeps it in parts: before each checkpoint, so that a killed run loses none."""

    folder: RestoreFolder
    reasons: Counter[str] = field(default_factory=Counter)
    _lines: list[bytes] = field(default_factory=list)
    _listed: int = 0
    _parts: int = 0
    _lock: Lock = field(default_factory=Lock)

    def resume(self) -> None:
        """Count what earlier runs kept."""
        for part in self.folder.parts():
            for line in part.splitlines():
                with suppress(*NOT_OURS):
                    self.reasons[_reason(json.loads(line)["why"])] += 1
                    self._listed += 1

    def tell(self, key: str, why: str) -> None:
        """A key that was not restored."""
        with self._lock:
            self.reasons[_reason(why)] += 1
            if self._listed < MOST_LISTED:
                self._listed += 1
                self._lines.append(json.dumps({**key_fields(key), "why": why}).encode() + b"\n")

    def flush(self) -> None:
        """Keep what was told since the last time."""
        with self._lock:
            lines, self._lines = self._lines, []
        for part in _joined(lines, _PART_BYTES):
            self._parts += 1
            self.folder.keep(self._parts, part)

    def saving(self, checkpoint: RestoreCheckpoint, point: RestorePoint) -> None:
        """A checkpoint, behind the report of what is before it."""
        self.flush()
        checkpoint.save(point)


def _at_first(parts: Iterator[bytes], most: int) -> Iterator[bytes]:
    """Whole parts of at most so many bytes together."""
    for part in parts:
        most -= len(part)
        if most < 0:
            return
        yield part


def _joined(lines: list[bytes], most: int) -> Iterator[bytes]:
    """The lines in parts of about so many bytes."""
    held, size = list[bytes](), 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= most:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def _reason(why: str) -> str:
    """The first word: ``Damaged: packs/...`` is Damaged."""
    return why.partition(":")[0].partition(" ")[0][:64] or "Unknown"
