"""Both sides' listings in one order, without prefixes, the next page of each asked for while this one is used."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from imagestore.core.errors import StoreError
from imagestore.core.keys import raw
from imagestore.core.objects import KeyOrder, ListedObject
from imagestore.transfer.job import TransferEnd, TransferHooks, TransferJob
from imagestore.transfer.order import common_order, rank_of
from imagestore.transfer.pairs import without_prefix
from imagestore.transfer.report import TransferSide
from imagestore.transfer.sorting import sorted_on_disk
from imagestore.transfer.walk import KeyListing, walk


class SideFailed(Exception):
    """A side could not be read or written. ``error`` is what its store said."""

    def __init__(self, side: TransferSide, error: StoreError) -> None:
        super().__init__(str(error))
        self.side: TransferSide = side
        self.error = error


@contextmanager
def at_side(side: TransferSide) -> Iterator[None]:
    """Say which side a StoreError comes from."""
    try:
        yield
    except StoreError as error:
        raise SideFailed(side, error) from error


@dataclass(frozen=True)
class KeyRange:
    """Keys behind ``after`` up to ``until``, without the ends' prefixes; empty: no bound."""

    after: str = ""
    until: str = ""


def order_of(job: TransferJob) -> KeyOrder:
    """The order in which the job's keys are compared."""
    return common_order(job.source.store.traits.order, job.destination.store.traits.order)


def range_digest(job: TransferJob, part: KeyRange) -> str:
    """A checkpoint holds for exactly this job and these keys."""
    bounds = f"{part.after}\0{part.until}" if part != KeyRange() else ""
    return job.digest() + (hashlib.sha256(raw(bounds)).hexdigest()[:16] if bounds else "")


@contextmanager
def listings(
    job: TransferJob, hooks: TransferHooks, part: KeyRange, read: dict[TransferSide, bool]
) -> Iterator[tuple[Iterator[ListedObject], Iterator[ListedObject]]]:
    """The source's and the destination's objects, whose names fit the filter. Each raises SideFailed.

    ``read`` tells which side was read to its end.
    """
    with ExitStack() as stack:
        ahead = stack.enter_context(ThreadPoolExecutor(2, "listing"))
        stack.callback(ahead.shutdown, wait=False, cancel_futures=True)
        sides: tuple[tuple[TransferSide, TransferEnd], ...] = (
            ("source", job.source),
            ("destination", job.destination),
        )
        source, destination = (
            _listing(stack, side, end, job, hooks, part, ahead, read) for side, end in sides
        )
        yield source, destination


def _listing(
    stack: ExitStack,
    side: TransferSide,
    end: TransferEnd,
    job: TransferJob,
    hooks: TransferHooks,
    part: KeyRange,
    ahead: Executor,
    read: dict[TransferSide, bool],
) -> Iterator[ListedObject]:
    order, chosen = order_of(job), job.options.filter
    prefixes = tuple(end.prefix + p for p in chosen.prefixes) or (end.prefix,)
    after, until = (end.prefix + key if key else "" for key in (part.after, part.until))
    if end.store.traits.order is order:
        found = _sided(side, read, walk(KeyListing(end.store, end.bucket, prefixes, after, until), ahead))
    else:
        listed = _sided(side, read, walk(KeyListing(end.store, end.bucket, prefixes), ahead))
        rank = rank_of(order)
        least, most = (rank(b) if b else None for b in (after, until))
        inside = (i for i in listed if _within(rank(i.key), least, most))
        found = stack.enter_context(sorted_on_disk(inside, rank, hooks.temporary))
    if not end.prefix and not chosen.suffixes:
        return found
    return (i for i in without_prefix(found, end.prefix) if i.key and i.key.endswith(chosen.suffixes or ""))


def _within(place: Any, after: Any, until: Any) -> bool:
    return bool((after is None or place > after) and (until is None or place <= until))


def _sided(
    side: TransferSide, read: dict[TransferSide, bool], items: Iterator[ListedObject]
) -> Iterator[ListedObject]:
    with at_side(side):
        yield from items
    read[side] = True
