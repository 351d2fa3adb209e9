"""What is remembered of an ImageBucket besides the envelope, for indexes, metrics and other objects."""

from dataclasses import dataclass
from sys import intern
from typing import Any

from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.controller.state.raw import RawObject, mapping, mappings, moment, states
from imagestore.core.references import names
from imagestore.core.units import byte_count

Json = Any


@dataclass(frozen=True, slots=True)
class BucketFacts:
    """Of one ImageBucket."""

    backend: str  # the StorageBackend that it names
    bucket: str  # the bucket that it claims
    incumbent: bool  # its status says that the bucket was seen, its own or given to it to observe
    remade: bool  # it would be created again if it were missing
    facets: tuple[tuple[str, str], ...]  # name and state
    drift_since: float | None
    drift_over: float | None  # when the last one ended: in mode Enforce none lasts until a scrape
    asking: bool  # all that keeps it from being Ready waits for a person's token
    usage: tuple[int, int] | None  # objects and bytes, as its status has them
    quota: int | None  # bytes
    interval: str  # between two checks, as its spec has it
    references: tuple[tuple[str, str], ...]  # settings, and the ImageBucket of its namespace that each names
    inputs: str  # the hash of what decided besides the spec, as its status has it
    endpoint: str  # where it was last seen


def facts(raw: RawObject) -> BucketFacts:
    """What is remembered of it."""
    spec, status, drift = raw.spec, raw.status, mapping(raw.status.get("drift"))
    return BucketFacts(
        backend=intern(str(mapping(spec.get("backendRef")).get("name", ""))),
        bucket=str(spec.get("bucketName", "")),
        incumbent="endpoint" in status,
        remade="created" in status and spec.get("mode") != "Observe" and not spec.get("suspend"),
        facets=states(status.get("facets"), "name"),
        drift_since=moment(drift.get("since")),
        drift_over=moment(next(iter(mappings(drift.get("history"))), {}).get("until")),
        asking=raw.conditions.get("Ready") != "True" and _asking(status),
        usage=_usage(status.get("usage")),
        quota=_bytes(mapping(spec.get("quota")).get("hard")),
        interval=intern(str(mapping(spec.get("drift")).get("interval") or "")),
        references=tuple(sorted({(intern(s), intern(n)) for s, n in names(ImageBucketSpec, spec)})),
        inputs=intern(str(status.get("inputsHash", ""))),
        endpoint=intern(str(status.get("endpoint") or "")),
    )


def _asking(status: Json) -> bool:
    """Whether something is held, and nothing besides is wrong. A lost content is told of by itself."""
    held = {str(h.get("facet")) for h in mappings(mapping(status.get("plan")).get("held"))} - {"content"}
    wrong = {str(f.get("name")) for f in mappings(status.get("facets")) if f.get("state") != "InSync"}
    return bool(held) and wrong <= held


def _usage(told: Json) -> tuple[int, int] | None:
    objects, held = mapping(told).get("objects"), mapping(told).get("bytes")
    return (objects, held) if isinstance(objects, int) and isinstance(held, int) else None


def _bytes(quantity: Json) -> int | None:
    try:
        return byte_count(str(quantity)) if quantity else None
    except ValueError:
        return None
