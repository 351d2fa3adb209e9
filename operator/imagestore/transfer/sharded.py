"""A run in shards as it is kept in the destination, so that whoever goes on with it has the same ranges.

``shards.json`` is written before the first shard begins and removed after the end of all. A shard that ends early leaves a word why:
the process that carries out the run may have no other way to tell.
"""

import json
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

from imagestore.core.census import NOTHING, Amount
from imagestore.core.errors import (
    Conflict,
    Denied,
    NotFound,
    Rejected,
    StoreError,
    Throttled,
    Unavailable,
)
from imagestore.core.keys import unquoted, url_encoded
from imagestore.core.objects import KeyOrder
from imagestore.transfer.checkpoint import CheckpointObject
from imagestore.transfer.job import TransferHooks, TransferJob
from imagestore.transfer.listings import KeyRange, at_side, order_of, range_digest
from imagestore.transfer.order import rank_of
from imagestore.transfer.report import NO_SIDE, BothSides, TransferSide, TransferTrouble
from imagestore.transfer.run import CHECKPOINT
from imagestore.transfer.sampling import estimated
from imagestore.transfer.segments import JournalMark, journal_now, open_journal
from imagestore.transfer.shards import SHARDS, TROUBLE, boundaries, ranges, shard_name
from imagestore.transfer.state import StateObjects

KEPT_SHARDS = f"{SHARDS}s.json"
_FORM = 2
SHARD_OBJECTS, SHARD_BYTES = 100_000, 100 * 1024**3  # what one shard is worth
MOST_SHARDS = 16  # unless more are asked for
_MOST_BOUNDARIES = 63  # as many as spec.limits.shards can ask for
SHARDS_LAST = 7 * 86_400_000  # ms; ranges of older runs fit the keys no more
PODS_LAST = 86_400_000  # ms; the deadline of a Job


@dataclass(frozen=True)
class KeptShards:
    """``job``: the digest for which it holds. ``run``: the id that all shards share. ``began``: ms since 1970.

    ``backlog``: about what all of them are to copy; nothing: it is not known. ``journal``: the one that they begin from.
    """

    job: str
    run: str
    began: int
    boundaries: tuple[str, ...]
    backlog: Amount = NOTHING
    journal: JournalMark = (0, "")

    @property
    def parts(self) -> list[KeyRange]:
        """The ranges of the shards."""
        return ranges(self.boundaries)

    def to_bytes(self) -> bytes:
        """As it is stored."""
        backlog = [self.backlog.objects, self.backlog.bytes]
        told = {"form": _FORM, "job": self.job, "run": self.run, "began": self.began, "backlog": backlog}
        told["journal"] = list(self.journal)
        return json.dumps({**told, "boundaries": [url_encoded(k) for k in self.boundaries]}).encode()


def kept_of(data: bytes) -> KeptShards | None:
    """What ``to_bytes`` wrote; None: it is cut off, or of another program or version."""
    try:
        told = json.loads(data)
        if told["form"] != _FORM:
            return None
        boundaries = tuple(map(unquoted, told["boundaries"]))
        backlog, journal = Amount(*map(int, told["backlog"])), told["journal"]
        mark = int(journal[0]), str(journal[1])
        return KeptShards(str(told["job"]), str(told["run"]), int(told["began"]), boundaries, backlog, mark)
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError):
        return None


def is_split(keys: Sequence[str], order: KeyOrder) -> bool:
    """Whether these can be boundaries. They lie in a tenant's bucket, and each is a pod more."""
    ranks = [rank_of(order)(key) for key in keys]
    return len(keys) <= _MOST_BOUNDARIES and all(a < b for a, b in pairwise(ranks))


@dataclass(frozen=True)
class ShardSeen:
    """Where one shard stands, by its checkpoint. ``trouble``: why it ended early when it last did. ``listed``: objects of both sides."""

    ended: bool = False
    copied: Amount = NOTHING
    trouble: TransferTrouble | None = None
    listed: BothSides = NO_SIDE


def shard_count(asked: int | None, backlog: Amount | None) -> int:
    """Into how many shards a run goes. ``asked`` None: as the backlog is worth; ``backlog`` None: it is not known."""
    if asked is not None:
        return asked
    if backlog is None:
        return 1
    worth = max(backlog.objects / SHARD_OBJECTS, backlog.bytes / SHARD_BYTES)
    return min(MOST_SHARDS, max(1, math.ceil(worth)))


def expected_backlog(job: TransferJob, hooks: TransferHooks) -> Amount | None:
    """About how much the source has that the journal has not; None: it is not known. Raises SideFailed.

    A policy that is made anew has another uid, and no journal: what is at the destination was most likely copied by the one before.
    """
    order = order_of(job)
    with at_side("destination"):
        manifest = open_journal(_state(job, hooks), job.ends_digest(), order).manifest
    if order is not KeyOrder.BYTES or job.source.store.traits.order is not order:
        return None
    with at_side("source"):
        there = estimated(job.source)
    known = manifest.count if manifest is not None else _at_destination(job)
    new = max(0, there.objects - known)
    return Amount(new, there.bytes * new // max(1, there.objects))


def _at_destination(job: TransferJob) -> int:
    """About how many objects are there; 0 where its store lists in an order of its own, and is not sampled."""
    if job.destination.store.traits.order is not KeyOrder.BYTES:
        return 0
    with at_side("destination"):
        return estimated(job.destination).objects


def kept_shards(job: TransferJob, hooks: TransferHooks) -> KeptShards | None:
    """The shards of this very job that have begun and are not finished, if no other run has ended since. Raises SideFailed.

    What they listed is older than what another run has copied and deleted: with it, deleted objects would come back.
    """
    with at_side("destination"):
        state = _state(job, hooks)
        found = _kept(state)
        if found is None or found.job != job.digest() or hooks.now() - found.began > SHARDS_LAST:
            return None
        now = journal_now(state)
    return found if now == found.journal and is_split(found.boundaries, order_of(job)) else None


def may_have_pods(job: TransferJob, hooks: TransferHooks) -> bool:
    """Whether pods of a Job of this name, whatever it was to copy, may still write: nothing says that it was finished.

    Raises SideFailed.
    """
    with at_side("destination"):
        found = _kept(_state(job, hooks))
    return found is not None and hooks.now() - found.began <= SHARDS_LAST + PODS_LAST


def _kept(state: StateObjects) -> KeptShards | None:
    content = state.read(KEPT_SHARDS)
    return kept_of(content.data) if content else None


def begin_shards(
    job: TransferJob, hooks: TransferHooks, shards: int, backlog: Amount | None = None
) -> KeptShards | None:
    """Split the job and keep how; None: it cannot be split, or a run without shards is to go on. Raises SideFailed."""
    found = boundaries(job, hooks, shards)
    with at_side("destination"):
        state = _state(job, hooks)
        checkpoint = CheckpointObject(state, CHECKPOINT).load()
        if not found or (checkpoint is not None and checkpoint.job == range_digest(job, KeyRange())):
            return None
        mark = journal_now(state)
        kept = KeptShards(job.digest(), hooks.run, hooks.now(), tuple(found), backlog or NOTHING, mark)
        state.remove_all(SHARDS)
        state.write(KEPT_SHARDS, kept.to_bytes())
    return kept


def forget_shards(job: TransferJob, hooks: TransferHooks) -> None:
    """Delete what was kept of shards, if anything. Raises SideFailed."""
    with at_side("destination"):
        state = _state(job, hooks)
        if state.read(KEPT_SHARDS) is not None:
            state.remove_all(SHARDS)


def shards_seen(job: TransferJob, hooks: TransferHooks, kept: KeptShards) -> list[ShardSeen]:
    """Where all shards stand. Raises SideFailed."""
    with at_side("destination"):
        state = _state(job, hooks)
        digests = [range_digest(job, part) for part in kept.parts]
        return [_seen(state, kept.run, digest, number) for number, digest in enumerate(digests)]


def _seen(state: StateObjects, run: str, digest: str, number: int) -> ShardSeen:
    name = shard_name(number)
    found = CheckpointObject(state, name).load()
    if found is None or (found.job, found.run) != (digest, run):
        return ShardSeen(trouble=_trouble(state, name))
    trouble = None if found.ended else _trouble(state, name)
    return ShardSeen(found.ended, found.tally.done, trouble, found.tally.seen)


def _trouble(state: StateObjects, name: str) -> TransferTrouble | None:
    content = state.read(name + TROUBLE)
    if content is None:
        return None
    with suppress(ValueError, TypeError, KeyError):
        told = json.loads(content.data)
        side: TransferSide = "source" if told["side"] == "source" else "destination"
        return TransferTrouble(side, _error(str(told["reason"]), str(told["message"])))
    return None


def _error(reason: str, message: str) -> StoreError:
    """Of the class that the shard's error was of, as far as its reason tells."""
    classes = (Throttled, Unavailable, Conflict, Denied, NotFound, Rejected)
    found: type[StoreError] = next((c for c in classes if c.reason == reason), StoreError)
    return found(message)


def _state(job: TransferJob, hooks: TransferHooks) -> StateObjects:
    end = job.destination
    return StateObjects(end.store, end.bucket, job.place, hooks.permit)
