"""A run in shards: ranges of keys, each of which a process of its own lists and copies, and one end for all of them.

Every boundary is a key that exists: fixed alphabets split the keys of others badly (ClickHouse#107567). They come from the journal's
segments or, where there is none, from a sample of the source.
"""

from collections.abc import Sequence

from imagestore.core.objects import KeyOrder
from imagestore.transfer.checkpoint import CheckpointObject, RunCheckpoint
from imagestore.transfer.job import TransferHooks, TransferJob
from imagestore.transfer.listings import KeyRange, at_side, order_of, range_digest
from imagestore.transfer.report import TransferReport
from imagestore.transfer.run import CopierMaker, TransferRun
from imagestore.transfer.sampling import sampled_boundaries
from imagestore.transfer.segments import open_journal, quantiles
from imagestore.transfer.state import StateObjects
from imagestore.transfer.tally import Tally


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
    return f"shard-{number:06}"


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
    return run.report()


def finish_shards(
    job: TransferJob, hooks: TransferHooks, copier: CopierMaker, parts: Sequence[KeyRange]
) -> TransferReport:
    """Once all shards are done: deletes, the new journal, and one report of them all. Raises as ``transfer``."""
    run = TransferRun(job, hooks, copier)
    with run.noting_trouble():
        run.open()
        with at_side("destination"):
            files = [CheckpointObject(run.state, shard_name(n)) for n in range(len(parts))]
            found = [f.load() for f in files]
        whole = [
            c for c, p in zip(found, parts, strict=True) if c is not None and c.job == range_digest(job, p)
        ]
        _join(run.saver.now, whole, len(parts))
        run.settle()
        if run.complete:
            with at_side("destination"):
                for file in files:
                    file.remove()
    return run.report()


def _join(now: RunCheckpoint, shards: Sequence[RunCheckpoint], expected: int) -> None:
    """As if one run had gone over all ranges; it has ended only if each of them has."""
    now.segments, now.tally = [], Tally()  # those of an end that was stopped are the shards'
    for shard in shards:
        now.segments.extend(shard.segments)
        now.tally.add(shard.tally)
        now.listed_at = min(now.listed_at, shard.listed_at)
    now.ended = len(shards) == expected and all(s.ended for s in shards)
