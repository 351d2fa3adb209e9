"""A drill: restore a sample as a restore does, read it back, decode it, and say what that proves."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice
from random import Random
from secrets import token_hex

from imagestore.core.errors import StoreError
from imagestore.core.keys import raw
from imagestore.repository.checking.images import UNDECODABLE, Decoded, decode
from imagestore.repository.checking.intact import intact
from imagestore.repository.checking.scratch import (
    empty_abandoned,
    empty_below,
    refuse_locking,
    scratch_of,
)
from imagestore.repository.checking.strata import stratified_sample
from imagestore.repository.errors import DamagedFile, RepositoryProblem
from imagestore.repository.format.names import LARGE_BYTES
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.restoring.options import RestoreCounts, RestoreOptions, RestoreReport, RestoreState
from imagestore.repository.restoring.restore import restore
from imagestore.repository.restoring.selection import ExistingPolicy, RestoreSelection, restored_key
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.view import rows_of
from imagestore.transfer.job import TransferEnd

READ_BACK_AT_ONCE = 4
CHUNK = 64
_NOTHING_RESTORED = RestoreReport(RestoreState.SUCCEEDED, RestoreCounts(), 0.0)


class ScratchRefused(RepositoryProblem):
    """The scratch store refused one object after the other, all of which the repository has whole."""


@dataclass(frozen=True)
class DrillOptions:
    """``sample``: how many objects; 0: all. ``random``: chooses them. ``problem``: is told each key that failed, and why.

    ``decode``: whether images are decoded. ``name``: of the folder that it restores to, so that a drill that was killed finds its leftovers
    when it runs again; no other drill has this name.
    """

    sample: int = 100
    random: Random = field(default_factory=Random)
    restore: RestoreOptions = field(default_factory=RestoreOptions)
    problem: Callable[[str, str], None] = lambda _key, _why: None
    decode: bool = True
    name: str = field(default_factory=lambda: token_hex(8))


@dataclass(frozen=True)
class DrillReport:
    """``decoded``: images of which every pixel was decoded. ``undecodable``: images that do not decode though their bytes are those that were
    backed up, and of which the backup does not know that they were broken at the source. ``seconds`` and ``bytes``: of the restore of the sample.

    ``intact``: of those that failed, how many the repository has whole: the scratch store did not take them, or did not give them back.
    ``estimate``: seconds that a whole restore takes at this rate. ``finds``: the smallest damaged share that a drill of this size finds
    with 95 %. ``left``: objects of the drill that could not be removed again. ``stopped``: it was asked to end, and proves nothing.
    """

    backup: str
    sampled: int
    failed: int
    decoded: int
    undecodable: int
    seconds: float
    bytes: int
    estimate: float
    left: int = 0
    stopped: bool = False
    intact: int = 0

    @property
    def finds(self) -> float:
        """3/n."""
        return min(1.0, 3 / self.sampled) if self.sampled else 1.0

    @property
    def passed(self) -> bool:
        """Whether all of the sample came back whole. An empty sample proves nothing."""
        return self.failed == 0 and self.sampled > 0 and not self.stopped

    def __str__(self) -> str:
        verdict = "passed" if self.passed else f"FAILED: {self.failed - self.intact} of them are damaged"
        return (
            f"{self.sampled} objects restored and hashed, {self.decoded} images decoded: {verdict};"
            f" a damage of {self.finds:.1%} of the objects would be found in 95 of 100 drills"
        )


def drill(
    repository: Repository, root: BackupRoot, scratch: TransferEnd, options: DrillOptions
) -> DrillReport:
    """Restore a sample to a folder of its own below a scratch prefix, which is emptied before and behind it.

    DamagedFile: a leaf is lost. ScratchRefused: the scratch store takes nothing. ScratchLocks: it would keep everything.

    Nothing else below the prefix is touched, but for what drills left there that ended long ago: a user may name one that holds images.
    No lock or legal hold of the backup is set, because what has one cannot be removed.

    The restore's own code, without a cache; open the repository with credentials that can only read.
    """
    if not scratch.prefix:
        raise ValueError("a drill needs a prefix of its own")
    refuse_locking(scratch)
    below, scratch = scratch, scratch_of(scratch, options.name)
    chosen = _chosen(repository, root, options)
    empty_below(scratch)
    empty_abandoned(below)
    work = _Drill(repository, root, scratch, options, chosen)
    try:
        work.run()
    finally:
        left = empty_below(scratch)
    return work.report(left)


def _chosen(repository: Repository, root: BackupRoot, options: DrillOptions) -> list[BackupRow] | None:
    """The sample in the order of keys; None: all, which would not fit into memory."""
    if options.sample == 0:
        return None
    rows = stratified_sample(rows_of(repository, root), options.sample, options.random)
    return sorted(rows, key=lambda row: raw(row.key))


@dataclass
class _Drill:
    """``chosen`` None: every object. Memory: the sample and the keys that failed."""

    repository: Repository
    root: BackupRoot
    scratch: TransferEnd
    options: DrillOptions
    chosen: list[BackupRow] | None
    failed: set[str] = field(default_factory=set)
    decoded: Counter[Decoded] = field(default_factory=Counter)
    sampled: int = 0
    bytes: int = 0
    restored: RestoreReport = _NOTHING_RESTORED
    intact: int = 0

    def run(self) -> None:
        """Restore, then read all of it back. DamagedFile: a leaf is lost."""
        keys = frozenset[str]() if self.chosen is None else frozenset(row.key for row in self.chosen)
        wanted = replace(
            self.options.restore,
            selection=RestoreSelection(keys=keys),
            existing=ExistingPolicy.OVERWRITE,
            problem=self._fail,
            locks=False,
        )
        if self.chosen is None or self.chosen:
            self._restore(wanted)
        if not self._stopped:
            self._all_read_back()
            self._judge()

    def _restore(self, wanted: RestoreOptions) -> None:
        try:
            self.restored = restore(self.repository, self.root, self.scratch, wanted)
        except DamagedFile:
            raise
        except RepositoryProblem as problem:
            self._judge()
            if self.intact < max(1, len(self.failed)):
                raise
            raise ScratchRefused(str(problem)) from problem

    def _judge(self) -> None:
        """A scratch store that is full or denies is not a damage of the backup."""
        if self.failed:
            rows = (row for row in self._rows() if row.key in self.failed)
            self.intact = sum(1 for _ in intact(self.repository, rows))

    def _rows(self) -> Iterator[BackupRow]:
        return rows_of(self.repository, self.root) if self.chosen is None else iter(self.chosen)

    @property
    def _stopped(self) -> bool:
        return self.restored.state is RestoreState.STOPPED

    def _all_read_back(self) -> None:
        rows = self._rows()
        with ThreadPoolExecutor(min(READ_BACK_AT_ONCE, self.options.restore.at_once)) as pool:
            while chunk := list(islice(rows, CHUNK)):
                self.sampled, self.bytes = self.sampled + len(chunk), self.bytes + sum(r.size for r in chunk)
                there = [row for row in chunk if row.key not in self.failed]
                small = {
                    row.key: pool.submit(self._read_back, row) for row in there if row.size <= LARGE_BYTES
                }
                for row in there:
                    decoded, why = small[row.key].result() if row.key in small else self._read_back(row)
                    self.decoded[decoded] += 1
                    if why:
                        self._fail(row.key, why)

    def _fail(self, key: str, why: str) -> None:
        self.failed.add(key)
        self.options.problem(key, why)

    def report(self, left: int) -> DrillReport:
        """How it ended. ``left``: objects that could not be deleted."""
        return DrillReport(
            self.root.name,
            self.sampled,
            len(self.failed),
            self.decoded[Decoded.WHOLE],
            self.decoded[Decoded.BROKEN],
            self.restored.seconds,
            self.bytes,
            _estimate(self.root, self.restored, self.sampled),
            left,
            self._stopped,
            self.intact,
        )

    def _read_back(self, row: BackupRow) -> tuple[Decoded, str]:
        """Read an object back, and decode it if it is an image of moderate size. What is wrong with its bytes; empty: nothing."""
        key = restored_key(row.key, self.root.source.prefix, self.scratch.prefix)
        digest, held = sha256(), bytearray()
        try:
            with self.scratch.store.read(self.scratch.bucket, key) as body:
                for block in body:
                    digest.update(block)
                    if self.options.decode and row.size <= 4 * LARGE_BYTES:
                        held += block
        except StoreError as error:
            return Decoded.NO_IMAGE, f"cannot be read back: {error.reason}"
        if digest.hexdigest() != row.sha256:
            return Decoded.NO_IMAGE, "was read back with other bytes than were backed up"
        found = decode(row.key, bytes(held)) if held else Decoded.NO_IMAGE
        known = found is Decoded.BROKEN and row.note == UNDECODABLE
        return (Decoded.NO_IMAGE if known else found), ""


def _estimate(root: BackupRoot, report: RestoreReport, objects: int) -> float:
    """Seconds for the whole backup, by objects or by bytes, whichever is slower."""
    if not objects or not report.seconds:
        return 0.0
    by_objects = root.counts.objects / objects
    by_bytes = root.counts.bytes / report.counts.bytes if report.counts.bytes else 0.0
    return report.seconds * max(by_objects, by_bytes, 1.0)
