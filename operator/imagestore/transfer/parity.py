"""Both sides' bytes read and compared: the only proof. n samples without a difference say, with 95 %, that at most 3/n differ."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from random import Random
from typing import NamedTuple

from imagestore.core.errors import NotFound, StoreError
from imagestore.transfer.job import TransferEnd, TransferHooks, TransferJob
from imagestore.transfer.journal import EntryFlag, JournalEntry
from imagestore.transfer.listings import order_of
from imagestore.transfer.segments import (
    SEGMENTS,
    OldJournal,
    SegmentRef,
    open_journal,
    replace_journal,
    write_segment,
)
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
    """The verdict of one key, also where a store does not answer."""
    try:
        return byte_verdict(job, key)
    except StoreError:
        return ByteVerdict.UNREADABLE


def _unlimited(_size: int) -> None:
    pass


def byte_verdict(job: TransferJob, key: str, spend: Callable[[int], None] = _unlimited) -> ByteVerdict:
    """Read one key on both sides. A difference that a write in between explains is none. Raises StoreError.

    ``spend``: told of bytes before the next ones are read; may block.
    """
    before = _digests(job, key, spend)
    if before[0] is None and (before[1] is None or not job.two_way):
        return ByteVerdict.GONE
    if before[0] == before[1]:
        return ByteVerdict.EQUAL
    if None in before:
        return ByteVerdict.MISSING
    return ByteVerdict.DIFFERENT if _digests(job, key, spend) == before else ByteVerdict.CHANGING


def _digests(job: TransferJob, key: str, spend: Callable[[int], None]) -> tuple[str | None, str | None]:
    return _digest_at(job.source, key, spend), _digest_at(job.destination, key, spend)


def _digest_at(end: TransferEnd, key: str, spend: Callable[[int], None]) -> str | None:
    try:
        with end.store.read(end.bucket, end.prefix + key) as body:
            seen = hashlib.sha256()
            for block in body:
                spend(len(block))
                seen.update(block)
            return seen.hexdigest()
    except NotFound:
        return None


def parity_sample(job: TransferJob, hooks: TransferHooks, size: int, random: Random) -> ParityResult:
    """Compare so many objects by chance, first those that are equal by size and time only.

    The journal notes which differ, so that the next run copies them. Raises StoreError and Superseded.
    """
    end = job.destination
    state = StateObjects(end.store, end.bucket, job.place, hooks.permit)
    journal = open_journal(state, job.ends_digest(), order_of(job))
    chosen = _chosen(journal, size, random)
    found = list(compared(job, hooks, chosen))
    different = {f.key: chosen[f.key] for f in found if f.verdict is ByteVerdict.DIFFERENT}
    if different and not job.options.dry_run:
        _note_different(journal, hooks, different)
    wrong = (ByteVerdict.DIFFERENT, ByteVerdict.MISSING)
    return ParityResult(
        sum(f.verdict in (ByteVerdict.EQUAL, *wrong) for f in found),
        sum(f.verdict in wrong for f in found),
        sum(f.verdict is ByteVerdict.UNREADABLE for f in found),
    )


def _note_different(journal: OldJournal, hooks: TransferHooks, keys: Mapping[str, SegmentRef]) -> None:
    """They were known to differ, and no run copied them: size, time and ETags were as the journal has them."""
    manifest, state = journal.manifest, journal.state
    if manifest is None:
        return
    segments = list(manifest.segments)
    for number, ref in enumerate(segments):
        if ref in keys.values():
            noted = [
                e._replace(flags=e.flags | EntryFlag.DIFFERENT) if e.key in keys else e
                for e in journal.segment(ref)
            ]
            if noted:
                segments[number] = write_segment(state, f"{SEGMENTS}{hooks.run}-different-{number}", noted)
    new = replace(manifest, generation=manifest.generation + 1, segments=tuple(segments))
    replace_journal(state, journal, new, hooks.permit)


def _chosen(journal: OldJournal, size: int, random: Random) -> dict[str, SegmentRef]:
    """Keys that the journal has on both sides, from segments by chance, with their segments."""
    refs = list(journal.manifest.segments) if journal.manifest else []
    random.shuffle(refs)
    pool: list[tuple[JournalEntry, SegmentRef]] = []
    for ref in refs:
        pool.extend((e, ref) for e in journal.segment(ref) if not e.flags & ~_BOTH)
        if len(pool) >= POOL * size:
            break
    random.shuffle(pool)
    pool.sort(key=lambda one: not one[0].has(EntryFlag.UNVERIFIED))
    return {e.key: ref for e, ref in pool[:size]}


_BOTH = EntryFlag.OURS | EntryFlag.UNVERIFIED
