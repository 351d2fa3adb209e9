"""Both sides' bytes read and compared: the only proof. n samples without a difference say, with 95 %, that at most 3/n differ."""

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from random import Random
from typing import NamedTuple

from imagestore.core.errors import NotFound, StoreError
from imagestore.transfer.job import TransferEnd, TransferHooks, TransferJob
from imagestore.transfer.journal import EntryFlag, JournalEntry
from imagestore.transfer.listings import order_of
from imagestore.transfer.segments import OldJournal, open_journal
from imagestore.transfer.state import StateObjects

POOL = 20  # entries of a sample are drawn from so many times its size


class ByteVerdict(StrEnum):
    """What reading both sides of a key told."""

    EQUAL = "Equal"
    DIFFERENT = "Different"
    MISSING = "Missing"  # on one side
    GONE = "Gone"  # on both sides; or, one way, at the source, while the destination keeps it
    CHANGING = "Changing"  # written while it was read
    UNREADABLE = "Unreadable"


class ComparedKey(NamedTuple):
    """A key, without the ends' prefixes, and what was found."""

    key: str
    verdict: ByteVerdict


@dataclass(frozen=True)
class ParityResult:
    """Counts of a sample. ``mismatched``: other bytes, or missing on one side."""

    sampled: int = 0
    mismatched: int = 0
    unreadable: int = 0


def compared(job: TransferJob, hooks: TransferHooks, keys: Iterable[str]) -> Iterator[ComparedKey]:
    """Read both sides of each key, several at once, until ``hooks.stop``; in the keys' order."""
    waiting = iter(keys)
    with ThreadPoolExecutor(job.limits.workers, "verify") as pool:
        while (some := list(islice(waiting, 4 * job.limits.workers))) and not hooks.stop():
            hooks.yield_to()
            yield from pool.map(lambda key: ComparedKey(key, compare_bytes(job, key)), some)


def compare_bytes(job: TransferJob, key: str) -> ByteVerdict:
    """Read one key on both sides. A difference that a write in between explains is none."""
    try:
        before = _digests(job, key)
        if before[0] is None and (before[1] is None or not job.two_way):
            return ByteVerdict.GONE
        if before[0] == before[1]:
            return ByteVerdict.EQUAL
        if None in before:
            return ByteVerdict.MISSING
        return ByteVerdict.DIFFERENT if _digests(job, key) == before else ByteVerdict.CHANGING
    except StoreError:
        return ByteVerdict.UNREADABLE


def _digests(job: TransferJob, key: str) -> tuple[str | None, str | None]:
    return _digest_at(job.source, key), _digest_at(job.destination, key)


def _digest_at(end: TransferEnd, key: str) -> str | None:
    try:
        with end.store.read(end.bucket, end.prefix + key) as body:
            seen = hashlib.sha256()
            for block in body:
                seen.update(block)
            return seen.hexdigest()
    except NotFound:
        return None


def parity_sample(job: TransferJob, hooks: TransferHooks, size: int, random: Random) -> ParityResult:
    """Compare so many objects by chance, first those that are equal by size and time only. Raises StoreError."""
    end = job.destination
    state = StateObjects(end.store, end.bucket, job.place, hooks.permit)
    journal = open_journal(state, job.ends_digest(), order_of(job))
    found = list(compared(job, hooks, _chosen(journal, size, random)))
    wrong = (ByteVerdict.DIFFERENT, ByteVerdict.MISSING)
    return ParityResult(
        sum(f.verdict in (ByteVerdict.EQUAL, *wrong) for f in found),
        sum(f.verdict in wrong for f in found),
        sum(f.verdict is ByteVerdict.UNREADABLE for f in found),
    )


def _chosen(journal: OldJournal, size: int, random: Random) -> list[str]:
    """Keys that the journal has on both sides, from segments by chance."""
    refs = list(journal.manifest.segments) if journal.manifest else []
    random.shuffle(refs)
    pool: list[JournalEntry] = []
    for ref in refs:
        pool.extend(e for e in journal.segment(ref) if not e.flags & ~(EntryFlag.OURS | EntryFlag.UNVERIFIED))
        if len(pool) >= POOL * size:
            break
    random.shuffle(pool)
    pool.sort(key=lambda e: not e.has(EntryFlag.UNVERIFIED))
    return [e.key for e in pool[:size]]
