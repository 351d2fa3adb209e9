"""The description of a run in shards, as JSON: what each shard's process is told. It holds no credentials."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from imagestore.backends.objects import ObjectStore
from imagestore.core.keys import raw, unquoted
from imagestore.transfer.job import (
    DeleteGuard,
    DeleteMode,
    Direction,
    TransferEnd,
    TransferFilter,
    TransferJob,
    TransferLimits,
    TransferOptions,
)
from imagestore.transfer.listings import KeyRange
from imagestore.transfer.shards import ranges

DESCRIPTION_FORM = 1
StoreNamed = Callable[[str], ObjectStore]


class WrongDescription(ValueError):
    """It is not a description of this version. Trying again does not help."""


@dataclass(frozen=True)
class ShardedRun:
    """A job and the ranges of its shards. ``run``: its id, equal in all processes."""

    job: TransferJob
    run: str
    parts: Sequence[KeyRange]


def described(job: TransferJob, run: str, boundaries: Sequence[str], classes: Mapping[str, str]) -> str:
    """The description. ``classes``: from the source's storage classes to the destination's."""
    options, chosen = job.options, job.options.filter
    told = {
        "form": DESCRIPTION_FORM,
        "run": run,
        "name": job.name,
        "source": _end(job.source),
        "destination": _end(job.destination),
        "direction": options.direction,
        "deletes": options.deletes,
        "guard": {
            "maxPercent": options.guard.max_percent,
            "maxDeletes": options.guard.max_deletes,
            "approved": sorted(options.guard.approved),
            "refused": options.guard.refused,
        },
        "filter": {
            "prefixes": [_quoted(p) for p in chosen.prefixes],
            "suffixes": [_quoted(s) for s in chosen.suffixes],
            "tags": dict(chosen.tags),
        },
        "since": options.since,
        "reread": options.reread,
        "storageClasses": dict(classes),
        "limits": {
            "workers": job.limits.workers,
            "memory": job.limits.memory,
            "segment": job.limits.segment,
            "bytesPerSecond": job.limits.bytes_per_second,
            "requestsPerSecond": job.limits.requests_per_second,
        },
        "boundaries": [_quoted(k) for k in boundaries],
    }
    return json.dumps(told, indent=1) + "\n"


def _end(end: TransferEnd) -> dict[str, str]:
    return {"backend": end.store.name, "bucket": end.bucket, "prefix": _quoted(end.prefix)}


def _quoted(key: str) -> str:
    return quote(raw(key))


def backends_of(text: str) -> tuple[str, str]:
    """The names of both StorageBackends. Raises WrongDescription."""
    told = _parsed(text)
    return told["source"]["backend"], told["destination"]["backend"]


def run_of(text: str, store: StoreNamed) -> ShardedRun:
    """What ``described`` wrote, with the stores. Raises WrongDescription."""
    told = _parsed(text)
    try:
        classes: dict[str, str] = told["storageClasses"]
        source, destination = (
            TransferEnd(store(e["backend"]), e["bucket"], unquoted(e["prefix"]))
            for e in (told["source"], told["destination"])
        )
        job = TransferJob(told["name"], source, destination, _options(told, classes), _limits(told["limits"]))
        return ShardedRun(job, told["run"], ranges([unquoted(k) for k in told["boundaries"]]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WrongDescription(
            f"the description of the run is not whole: {type(error).__name__} {error}"
        ) from None


def _parsed(text: str) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(text)
        if told["form"] != DESCRIPTION_FORM:
            raise WrongDescription(
                f"the description has form {told['form']}, and this version reads {DESCRIPTION_FORM}"
            )
    except (KeyError, TypeError, json.JSONDecodeError):
        raise WrongDescription("the file is not the description of a run") from None
    return told


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
        (lambda name: classes.get(name, "")) if classes else None,
        told["reread"],
    )


def _limits(told: Mapping[str, Any]) -> TransferLimits:
    return TransferLimits(
        told["workers"], told["segment"], told["memory"], told["bytesPerSecond"], told["requestsPerSecond"]
    )
