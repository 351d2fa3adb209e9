"""A sample of a backup's objects, some of each sort."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from math import log10
from random import Random
from time import gmtime

from imagestore.repository.format.rows import BackupRow

STRATA = 256


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
