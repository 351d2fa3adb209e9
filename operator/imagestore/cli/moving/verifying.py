"""``transfer verify``: which keys are not equal, and what the number of those that were read proves."""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import SystemRandom

from imagestore.cli.moving.shown import json_line, key_as_json, shown_key
from imagestore.core.units import grouped
from imagestore.transfer.differences import differences
from imagestore.transfer.job import TransferHooks, TransferJob
from imagestore.transfer.parity import ByteVerdict, ComparedKey, compared


def show_verdicts(job: TransferJob, hooks: TransferHooks, sample: int | None, *, as_json: bool) -> int:
    """Print the keys that are not equal, and a sentence; return the exit code."""
    counts: Counter[ByteVerdict] = Counter()
    listed = _keys(job, hooks)
    asked = AskedKeys(listed if sample is None else iter(_sampled(listed, sample)))
    for found in compared(job, hooks, asked):
        counts[found.verdict] += 1
        if found.verdict is not ByteVerdict.EQUAL:
            sys.stdout.write(_line(found, as_json=as_json))
    wrong = counts.total() - counts[ByteVerdict.EQUAL]
    if not as_json:
        sys.stderr.write(f"{_sentence(counts.total(), wrong, sample)}\n")
    if why := _unproven(asked, counts.total()):
        sys.stderr.write(f"{why}\n")
    return 2 if wrong else 1 if why else 0


@dataclass
class AskedKeys:
    """Keys, and how many of them were taken. ``ended``: there are no more."""

    keys: Iterator[str]
    taken: int = 0
    ended: bool = False

    def __iter__(self) -> Iterator[str]:
        for key in self.keys:
            self.taken += 1
            yield key
        self.ended = True


def _unproven(asked: AskedKeys, read: int) -> str:
    """Why equal objects prove nothing; empty: they do. A job of a CI that was ended after 4 of 50 objects was a success."""
    if not asked.ended or read < asked.taken:
        return "it was stopped before the source's other objects were read: nothing is proven of them"
    return "" if read else "the source has no such objects: nothing was compared"


def _keys(job: TransferJob, hooks: TransferHooks) -> Iterator[str]:
    """The source's keys."""
    return (d.pair.key for d in differences(job, hooks) if d.pair.source is not None)


def _sampled(keys: Iterator[str], size: int) -> list[str]:
    """So many keys, each with the same chance, whatever their number."""
    random, kept = SystemRandom(), list[str]()
    for number, key in enumerate(keys):
        if number < size:
            kept.append(key)
        elif (place := random.randrange(number + 1)) < size:
            kept[place] = key
    return kept


def _line(found: ComparedKey, *, as_json: bool) -> str:
    if as_json:
        return json_line(key_as_json(found.key) | {"verdict": found.verdict})
    return f"{found.verdict:<10} {shown_key(found.key)}\n"


def _sentence(read: int, wrong: int, sample: int | None) -> str:
    if wrong or sample is None or not read:
        return f"{grouped(read)} objects were read on both sides, {grouped(wrong)} of them are not equal"
    most = 300 / read
    return f"{grouped(read)} objects were read on both sides and are equal; with 95 % at most {most:.2g} % of all differ"
