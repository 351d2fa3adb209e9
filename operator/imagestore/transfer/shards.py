"""A run in shards: ranges of keys, each of which a process of its own lists and copies, and one end for all of them.

Every boundary is a key that exists: fixed alphabets split the keys of others badly (ClickHouse#107567). They come from the journal's
segments or, where there is none, from a sample of the source.
"""

import json
from collections.abc import Sequence
from contextlib import suppress

from imagestore.core.errors import StoreError
from imagestore.core.objects import KeyOrder
from imagestore.transfer.checkpoint import CheckpointObject, RunCheckpoint
from imagestore.transfer.job import TransferHooks, TransferJob
from imagestore.transfer.listings import KeyRange, at_side, order_of, range_digest
from imagestore.transfer.report import TransferReport
from imagestore.transfer.run import CopierMaker, TransferRun
from imagestore.transfer.sampling import sampled_boundaries
from imagestore.transfer.segments import JournalMark, journal_mark, manifest_of, open_journal, quantiles
from imagestore.transfer.state import StateObjects, Superseded
from imagestore.transfer.tally import Tally

SHARDS = "shard"  # how the names begin of all that shards keep
TROUBLE = ".trouble"  # behind the name of a shard's checkpoint


def boundaries(job: TransferJob, hooks: TransferHooks, shards: int) -> list[str]:
    """At most ``shards`` - 1 keys that part the job into ranges of about one size. Raises SideFailed.

    None where a side has to be sorted: each shard would list all of it.
    """
    order = order_of(job)
    orders = {job.source.store.traits.order, job.destination.store.traits.order}
    if shards < 2 or orders != {order}:
        return []
    with at_side("destination"):
        end = job.destination
        state = StateObjects(end.store, end.bucket, job.place, hooks.permit)
        manifest = open_journal(state, job.ends_digest(), order).manifest
    if manifest is not None and manifest.count:
        return quantiles(manifest, shards)
    if order is not KeyOrder.BYTES:
        return []
    with at_side("source"):
        return sampled_boundaries(job.source, shards)


def ranges(keys: Sequence[str]) -> list[KeyRange]:
    """The ranges between the boundaries."""
    return [KeyRange(a, b) for a, b in zip(["", *keys], [*keys, ""], strict=True)]


def shard_name(number: int) -> str:
    """The name of a shard's checkpoint."""
    return f"{SHARDS}-{number:06}"


def run_shard(
    job: TransferJob, hooks: TransferHooks, copier: CopierMaker, part: KeyRange, number: int
) -> TransferReport:
    """List and copy one range. Its checkpoint stays for ``finish_shards``. Raises as ``transfer``."""
    run = TransferRun(job, hooks, copier, part, shard_name(number))
    with run.noting_trouble():
        run.open()
        run.copy()
        with at_side("destination"):
            run.saver.save()
    _note_trouble(run)
    return run.report()


def _note_trouble(run: TransferRun) -> None:
    """Leave a word at the destination why a shard ended early; where it cannot be written, there is none."""
    if run.trouble is None:
        return
    error, name = run.trouble.error, run.name + TROUBLE
    told = {"side": run.trouble.side, "reason": error.reason, "message": str(error)}
    with suppress(StoreError):
        run.state.write(name, json.dumps(told).encode(), run.state.read(name))


def finish_shards(
    job: TransferJob,
    hooks: TransferHooks,
    copier: CopierMaker,
    parts: Sequence[KeyRange],
    journal: JournalMark | None = None,
) -> TransferReport:
    """Once all shards are done: deletes, the new journal, and one report of them all. Raises as ``transfer``.

    ``journal``: the one that the shards begin from; Superseded if it is another by now. None: whichever is there.
    """
    run = TransferRun(job, hooks, copier)
    with run.noting_trouble():
        run.open()
        found_now = run.old.content
        if journal is not None and journal != journal_mark(
            manifest_of(found_now.data) if found_now else None
        ):
            raise Superseded
        with at_side("destination"):
            files = [CheckpointObject(run.state, shard_name(n)) for n in range(len(parts))]
            found = [f.load() for f in files]
        whole = [
            c
            for c, p in zip(found, parts, strict=True)
            if c is not None and (c.job, c.run) == (range_digest(job, p), hooks.run)
        ]
        _join(run.saver.now, whole, len(parts))
        run.old.lost |= run.saver.now.journal_lost
        run.settle()
        if run.complete:
            with at_side("destination"):
                for file in files:
                    file.remove()
    return run.report()


def _join(now: RunCheckpoint, shards: Sequence[RunCheckpoint], expected: int) -> None:
    """As if one run had gone over all ranges; it has ended only if each of them has."""
    now.segments, now.tally = [], Tally()  # those of an end that was stopped are the shards'
    now.journal_lost = any(s.journal_lost for s in shards)
    for shard in shards:
        now.segments.extend(shard.segments)
        now.tally.add(shard.tally)
        now.listed_at = min(now.listed_at, shard.listed_at)
        now.unread |= shard.unread or (shard.share, shard.turn) != (now.share, now.turn)
    now.ended = len(shards) == expected and all(s.ended for s in shards)
