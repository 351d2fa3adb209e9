"""The description of a run in shards, as JSON: what each shard's process is told. It holds no credentials."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from imagestore.core.keys import unquoted, url_encoded
from imagestore.transfer.descriptions import (
    DescriptionKind,
    StoreNamed,
    described_place,
    end_of_place,
)
from imagestore.transfer.job import (
    DeleteGuard,
    DeleteMode,
    Direction,
    LateAfter,
    TransferEnd,
    TransferFilter,
    TransferJob,
    TransferLimits,
    TransferOptions,
)
from imagestore.transfer.listings import KeyRange
from imagestore.transfer.report import SIDES
from imagestore.transfer.segments import JournalMark
from imagestore.transfer.shards import ranges

RUN_DESCRIPTION = DescriptionKind("run", 1, ("source", "destination"))


@dataclass(frozen=True)
class ShardedRun:
    """A job and the ranges of its shards. ``run``: its id, equal in all processes. ``journal``: the one that they begin from; None: it
    is not told.
    """

    job: TransferJob
    run: str
    parts: Sequence[KeyRange]
    journal: JournalMark | None = None


def described(
    job: TransferJob,
    run: str,
    boundaries: Sequence[str],
    classes: Mapping[str, str],
    journal: JournalMark | None = None,
) -> str:
    """The description. ``journal``: see ``ShardedRun``. ``classes``: from the source's storage classes to the destination's; ``*`` stands for all others."""
    told = {
        "form": RUN_DESCRIPTION.form,
        "run": run,
        "name": job.name,
        "source": _place(job.source),
        "destination": _place(job.destination),
        **_told_options(job.options),
        "storageClasses": dict(classes),
        "limits": _told_limits(job.limits),
        "boundaries": [url_encoded(k) for k in boundaries],
        "journal": journal,
    }
    return json.dumps(told, indent=1) + "\n"


def _told_options(options: TransferOptions) -> dict[str, Any]:
    guard, chosen = options.guard, options.filter
    return {
        "direction": options.direction,
        "deletes": options.deletes,
        "guard": {
            "maxPercent": guard.max_percent,
            "maxDeletes": guard.max_deletes,
            "approved": sorted(guard.approved),
            "refused": guard.refused,
        },
        "filter": {
            "prefixes": [url_encoded(p) for p in chosen.prefixes],
            "suffixes": [url_encoded(s) for s in chosen.suffixes],
            "tags": dict(chosen.tags),
        },
        "since": options.since,
        "lost": sorted(options.lost),
        "reread": options.reread,
        "named": sorted(map(url_encoded, options.named)),
        "late": options.late,
    }


def _told_limits(limits: TransferLimits) -> dict[str, Any]:
    return {
        "workers": limits.workers,
        "memory": limits.memory,
        "segment": limits.segment,
        "bytesPerSecond": limits.bytes_per_second,
        "requestsPerSecond": limits.requests_per_second,
    }


def _place(end: TransferEnd) -> dict[str, str]:
    return described_place(end.store, end.bucket, end.prefix)


def run_of(text: str, store: StoreNamed) -> ShardedRun:
    """What ``described`` wrote, with the stores. Raises WrongDescription."""
    told = RUN_DESCRIPTION.parsed(text)
    with RUN_DESCRIPTION.whole():
        classes: dict[str, str] = told["storageClasses"]
        source, destination = (end_of_place(told[name], store) for name in RUN_DESCRIPTION.places)
        job = TransferJob(told["name"], source, destination, _options(told, classes), _limits(told["limits"]))
        parts, mark = ranges([unquoted(k) for k in told["boundaries"]]), told.get("journal")
        return ShardedRun(job, told["run"], parts, (int(mark[0]), str(mark[1])) if mark else None)


def _options(told: Mapping[str, Any], classes: Mapping[str, str]) -> TransferOptions:
    guard, chosen = told["guard"], told["filter"]
    return TransferOptions(
        Direction(told["direction"]),
        DeleteMode(told["deletes"]),
        DeleteGuard(guard["maxPercent"], guard["maxDeletes"], frozenset(guard["approved"]), guard["refused"]),
        TransferFilter(
            tuple(map(unquoted, chosen["prefixes"])), tuple(map(unquoted, chosen["suffixes"])), chosen["tags"]
        ),
        told["since"],
        frozenset(side for side in SIDES if side in told["lost"]),
        (lambda name: classes.get(name, classes.get("*", ""))) if classes else None,
        told["reread"],
        frozenset(map(unquoted, told["named"])),
        late=_late(told.get("late")),
    )


def _late(told: Sequence[Any] | None) -> LateAfter | None:
    return next((LateAfter(side, int(told[1])) for side in SIDES if told and side == told[0]), None)


def _limits(told: Mapping[str, Any]) -> TransferLimits:
    return TransferLimits(
        told["workers"], told["segment"], told["memory"], told["bytesPerSecond"], told["requestsPerSecond"]
    )
