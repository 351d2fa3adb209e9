"""A drill: restore a sample as a restore does, read it back, decode it, and say what that proves."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice, zip_longest
from math import log10
from random import Random
from time import gmtime

from imagestore.core.errors import StoreError
from imagestore.repository.checking.images import UNDECODABLE, Decoded, decode
from imagestore.repository.format.names import LARGE_BYTES
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.restoring.options import RestoreOptions, RestoreReport
from imagestore.repository.restoring.restore import restore
from imagestore.repository.restoring.selection import ExistingPolicy, RestoreSelection, restored_key
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.view import rows_of
from imagestore.transfer.job import TransferEnd

STRATA = 256
DRILL_FOLDER = ".imagestore-drill/"
_BATCH = 1000


@dataclass(frozen=True)
class DrillOptions:
    """``sample``: how many objects; 0: all. ``random``: chooses them. ``problem``: is told each key that failed, and why."""

    sample: int = 100
    random: Random = field(default_factory=Random)
    restore: RestoreOptions = field(default_factory=RestoreOptions)
    problem: Callable[[str, str], None] = lambda _key, _why: None


@dataclass(frozen=True)
class DrillReport:
    """``decoded``: images of which every pixel was decoded. ``undecodable``: images that do not decode though their bytes are those that were
    backed up, and of which the backup does not know that they were broken at the source. ``seconds`` and ``bytes``: of the restore of the sample.

    ``estimate``: seconds that a whole restore takes at this rate. ``finds``: the smallest damaged share that a drill of this size finds
    with 95 %. ``left``: objects of the drill that could not be removed again.
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

    @property
    def finds(self) -> float:
        """3/n."""
        return min(1.0, 3 / self.sampled) if self.sampled else 1.0

    @property
    def passed(self) -> bool:
        """Whether all of the sample came back whole. An empty sample proves nothing."""
        return self.failed == 0 and self.sampled > 0

    def __str__(self) -> str:
        verdict = "passed" if self.passed else f"FAILED: {self.failed} of them are damaged"
        return (
            f"{self.sampled} objects restored and hashed, {self.decoded} images decoded: {verdict};"
            f" a damage of {self.finds:.1%} of the objects would be found in 95 of 100 drills"
        )


def stratum(row: BackupRow) -> str:
    """Objects alike in prefix, size, age and pack; as a text."""
    prefix = row.key.partition("/")[0] if "/" in row.key else ""
    when = gmtime(row.time / 1000)
    return f"{prefix}|{int(log10(row.size + 1))}|{when.tm_year}-{when.tm_mon}|{row.container[:1]}"


def stratified_sample(rows: Iterable[BackupRow], size: int, random: Random) -> list[BackupRow]:
    """At most ``size`` rows in one pass, some of each stratum. Memory: at most 256 strata of size/16 rows, and ``size`` rows of any."""
    strata: dict[str, _Reservoir] = {}
    anywhere = _Reservoir(size, random)
    for row in rows:
        name = stratum(row)
        if name not in strata and len(strata) >= STRATA:
            name = "others"
        if name not in strata:
            strata[name] = _Reservoir(max(1, size // 16), random)
        strata[name].add(row)
        anywhere.add(row)
    chosen = {row.key: row for row in _in_turn([one.held for one in strata.values()], size, random)}
    for row in anywhere.held:
        if len(chosen) < size:
            chosen.setdefault(row.key, row)
    return list(chosen.values())


@dataclass
class _Reservoir:
    """A fair choice from as many rows as come."""

    most: int
    random: Random
    held: list[BackupRow] = field(default_factory=list)
    seen: int = 0

    def add(self, row: BackupRow) -> None:
        self.seen += 1
        if len(self.held) < self.most:
            self.held.append(row)
        elif (place := self.random.randrange(self.seen)) < self.most:
            self.held[place] = row


def _in_turn(strata: list[list[BackupRow]], size: int, random: Random) -> list[BackupRow]:
    """One of each stratum, then the next of each."""
    shuffled = [random.sample(held, len(held)) for held in strata]
    return list(islice((row for turn in zip_longest(*shuffled) for row in turn if row is not None), size))


def drill(
    repository: Repository, root: BackupRoot, scratch: TransferEnd, options: DrillOptions
) -> DrillReport:
    """Restore a sample to a folder of its own below a scratch prefix, which is emptied before and behind it. DamagedFile: a leaf is lost.

    Nothing else below the prefix is touched: a user may name one that holds images.

    The restore's own code, without a cache; open the repository with credentials that can only read.
    """
    if not scratch.prefix:
        raise ValueError("a drill needs a prefix of its own")
    scratch = replace(scratch, prefix=f"{scratch.prefix.rstrip('/')}/{DRILL_FOLDER}")
    rows = sorted(_sample(repository, root, options), key=lambda row: row.key)
    empty_below(scratch)
    failures: dict[str, str] = {}
    try:
        report = _restored(repository, root, scratch, rows, options, failures)
        read_back = [_read_back(scratch, root, row, failures) for row in rows if row.key not in failures]
    finally:
        left = empty_below(scratch)
    for key, why in failures.items():
        options.problem(key, why)
    estimate = _estimate(root, report, len(rows))
    sizes = sum(row.size for row in rows)
    return DrillReport(
        root.name,
        len(rows),
        len(failures),
        read_back.count(Decoded.WHOLE),
        read_back.count(Decoded.BROKEN),
        report.seconds,
        sizes,
        estimate,
        left,
    )


def _sample(repository: Repository, root: BackupRoot, options: DrillOptions) -> list[BackupRow]:
    rows = rows_of(repository, root)
    return list(rows) if options.sample == 0 else stratified_sample(rows, options.sample, options.random)


def _restored(
    repository: Repository,
    root: BackupRoot,
    scratch: TransferEnd,
    rows: list[BackupRow],
    options: DrillOptions,
    failures: dict[str, str],
) -> RestoreReport:
    selection = RestoreSelection(keys=frozenset(row.key for row in rows))
    wanted = replace(
        options.restore, selection=selection, existing=ExistingPolicy.OVERWRITE, problem=failures.__setitem__
    )
    return restore(repository, root, scratch, wanted)


def _read_back(scratch: TransferEnd, root: BackupRoot, row: BackupRow, failures: dict[str, str]) -> Decoded:
    """Read an object back, and decode it if it is an image of moderate size."""
    key = restored_key(row.key, root.source.prefix, scratch.prefix)
    digest, held = sha256(), bytearray()
    try:
        with scratch.store.read(scratch.bucket, key) as body:
            for block in body:
                digest.update(block)
                if row.size <= 4 * LARGE_BYTES:
                    held += block
    except StoreError as error:
        failures[row.key] = f"cannot be read back: {error.reason}"
        return Decoded.NO_IMAGE
    if digest.hexdigest() != row.sha256:
        failures[row.key] = "was read back with other bytes than were backed up"
        return Decoded.NO_IMAGE
    found = decode(row.key, bytes(held)) if held else Decoded.NO_IMAGE
    known = found is Decoded.BROKEN and row.note == UNDECODABLE
    return Decoded.NO_IMAGE if known else found


def _estimate(root: BackupRoot, report: RestoreReport, objects: int) -> float:
    """Seconds for the whole backup, by objects or by bytes, whichever is slower."""
    if not objects or not report.seconds:
        return 0.0
    by_objects = root.counts.objects / objects
    by_bytes = root.counts.bytes / report.counts.bytes if report.counts.bytes else 0.0
    return report.seconds * max(by_objects, by_bytes, 1.0)


def empty_below(scratch: TransferEnd) -> int:
    """Delete every version of every object below the scratch prefix; return how many stay."""
    store, bucket = scratch.store, scratch.bucket
    versioned = store.versioned(bucket)
    left = 0
    found = _below(scratch, versioned=versioned)
    while batch := list(islice(found, _BATCH)):
        left += len(store.delete_many(bucket, batch))
    for upload in store.uploads(bucket, prefix=scratch.prefix):
        store.abort(bucket, upload.key, upload.upload)
    return left


def _below(scratch: TransferEnd, *, versioned: bool) -> Iterator[tuple[str, str]]:
    """The first page again and again would never end where objects stay: all is listed before anything is deleted."""
    ask = scratch.store.versions if versioned else scratch.store.objects
    found: list[tuple[str, str]] = []
    page = ask(scratch.bucket, {}, prefix=scratch.prefix)
    while True:
        found += [(o.key, o.version if versioned else "") for o in page.items]
        if page.after is None:
            return iter(found)
        page = ask(scratch.bucket, page.after, prefix=scratch.prefix)
