"""What is remembered of one object: little, since there may be many thousands.

Spec and status are kept as compact JSON (about 1 KB each instead of 8 KB as dicts); what indexes and metrics
need is taken out once.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from sys import intern
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from imagestore.api.imagebucket import FINDINGS, ImageBucketSpec
from imagestore.api.kinds import IMAGE_BUCKET, KINDS, LIFECYCLE_POLICY, STORAGE_BACKEND, Kind
from imagestore.core.conditions import ABNORMAL, READY, STATUSES
from imagestore.core.model import Model
from imagestore.core.references import names
from imagestore.core.salvage import salvaged
from imagestore.core.units import byte_count

Json = Any
S = TypeVar("S", bound=Model)
# A LifecyclePolicy has none: its buckets remember what they hold of it.
FINALIZERS = {IMAGE_BUCKET.name: "imagestore.dev/bucket", STORAGE_BACKEND.name: "imagestore.dev/backend"}
SHOWN = (READY, *ABNORMAL, *FINDINGS)
KIND: Mapping[str, Kind] = {k.name: k for k in KINDS}
__all__ = [
    "FINALIZERS",
    "IMAGE_BUCKET",
    "KIND",
    "LIFECYCLE_POLICY",
    "STORAGE_BACKEND",
    "Key",
    "NotUnderstood",
    "Stored",
    "compact",
    "key_of",
    "lenient",
    "older",
    "stored",
    "understood",
    "version",
]


class Key(NamedTuple):
    """One object; the namespace of a cluster-scoped one is empty."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Stored:
    """One object as last seen."""

    key: Key
    uid: str
    resource_version: str
    generation: int
    created: datetime
    deleting: bool
    finalizers: tuple[str, ...]
    spec: bytes
    status: bytes
    backend: str  # the StorageBackend that it names, or is
    bucket: str = ""  # the bucket that it claims
    ready: str = ""  # of its Ready condition, empty while there is none
    settled: bool = False  # its status says that this generation is done and as wished
    incumbent: bool = False  # its status says that the bucket was seen, its own or let to it to observe
    remade: bool = False  # it would be made again if it were missing
    facets: tuple[tuple[str, str], ...] = ()  # name and state
    drift_since: float | None = None
    drift_over: float | None = None  # when the last one ended: in mode Enforce none lasts until a scrape
    asking: bool = False  # all that keeps it from being Ready waits for a person's token
    conditions: tuple[tuple[str, str], ...] = ()  # those that metrics show, with their status
    usage: tuple[int, int] | None = None  # objects and bytes, as its status has them
    quota: int | None = None  # bytes
    interval: str = ""  # between two looks, as its spec has it
    secrets: tuple[str, ...] = ()  # that it refers to
    references: tuple[tuple[str, str], ...] = ()  # settings, and the ImageBucket that each names
    inputs: str = ""  # the hash of what decided besides the spec, as its status has it
    labels: tuple[tuple[str, str], ...] = ()  # of a bucket, which policies select by them
    counts: tuple[tuple[str, int], ...] = ()  # of a policy: buckets by state
    tiers: tuple[tuple[str, str], ...] = ()  # of a backend: its remote tiers by state
    endpoint: str = ""  # of a bucket: where it was last seen
    holds: str = ""  # of a backend: why nothing is made there, as its status has it

    @property
    def finalized(self) -> bool:
        """Whether our finalizer is on it."""
        return FINALIZERS.get(self.key.kind) in self.finalizers

    @property
    def let_go(self) -> bool:
        """Whether our finalizer is missing where there should be one, as after an uninstall: deleted now, it is gone
        before anything was done for it.
        """
        return self.key.kind in FINALIZERS and not self.finalized

    @property
    def age(self) -> tuple[datetime, str]:
        """What the older of two is told by; timestamps have whole seconds, so the uid decides a tie."""
        return self.created, self.uid


def compact(value: Json) -> bytes:
    """JSON whose equality is the equality of values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def key_of(kind: Kind, raw: Json) -> Key:
    """Which object this is, whole or only its metadata."""
    return Key(kind.name, intern(raw["metadata"].get("namespace", "")), raw["metadata"]["name"])


def stored(kind: Kind, raw: Json) -> Stored:
    """What is to be remembered of an object as the API server gives it. Never raises on its content."""
    meta, spec, status = raw["metadata"], _dict(raw.get("spec")), _dict(raw.get("status"))
    bucket = kind is IMAGE_BUCKET
    conditions = {c.get("type"): c.get("status") for c in _dicts(status.get("conditions"))}
    return Stored(
        key=key_of(kind, raw),
        uid=meta["uid"],
        resource_version=meta["resourceVersion"],
        generation=meta.get("generation", 1),
        created=datetime.fromisoformat(meta["creationTimestamp"]),
        deleting="deletionTimestamp" in meta,
        finalizers=tuple(intern(f) for f in meta.get("finalizers", ())),
        spec=compact(spec),
        status=compact(status),
        backend=intern(str(_dict(spec.get("backendRef")).get("name", "")) if bucket else meta["name"]),
        bucket=str(spec.get("bucketName", "")) if bucket else "",
        ready=intern(str(conditions.get("Ready", ""))),
        settled=_settled(meta, spec, status, conditions),
        incumbent="endpoint" in status,
        remade=bucket and "created" in status and _acts(spec),
        facets=_states(status.get("facets"), "name"),
        drift_since=_seconds(_dict(status.get("drift")).get("since")),
        drift_over=_seconds(next(iter(_dicts(_dict(status.get("drift")).get("history"))), {}).get("until")),
        asking=bucket and conditions.get("Ready") != "True" and _asking(status),
        conditions=_shown(conditions),
        usage=_usage(status.get("usage")) if bucket else None,
        quota=_bytes(_dict(spec.get("quota")).get("hard")) if bucket else None,
        interval=intern(str(_dict(spec.get("drift")).get("interval") or "")),
        inputs=intern(str(status.get("inputsHash", ""))),
        references=tuple(sorted({(intern(s), intern(n)) for s, n in names(ImageBucketSpec, spec)}))
        if bucket
        else (),
        secrets=tuple(sorted(set(_secrets(spec)))) if kind is STORAGE_BACKEND else (),
        labels=_pairs(meta.get("labels")) if bucket else (),
        counts=_counts(status) if kind is LIFECYCLE_POLICY else (),
        tiers=_states(status.get("tiers"), "storageClass") if kind is STORAGE_BACKEND else (),
        endpoint=intern(str(status.get("endpoint") or "")) if bucket else "",
        holds=_holds(status) if kind is STORAGE_BACKEND else "",
    )


def _states(items: Json, key: str) -> tuple[tuple[str, str], ...]:
    return tuple((intern(str(i.get(key))), intern(str(i.get("state")))) for i in _dicts(items))


def _shown(conditions: Mapping[Any, Any]) -> tuple[tuple[str, str], ...]:
    """Only known types: a status can be forged, and each type is a label of its own."""
    return _shared(tuple((c, _status(conditions[c])) for c in SHOWN if c in conditions))


def _status(said: Json) -> str:
    return next((s for s in STATUSES if s == said), "Unknown")


@lru_cache(maxsize=1024)
def _shared(conditions: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return conditions  # one tuple for all objects that have these


def _settled(meta: Json, spec: Json, status: Json, conditions: Mapping[Any, Any]) -> bool:
    """Nothing was asked for since the status was written, and nothing is under way."""
    return (
        status.get("observedGeneration") == meta.get("generation", 1)
        and conditions.get("Ready") == "True"
        and "deletionTimestamp" not in meta
        and spec.get("reconcileRequest") == status.get("reconcileRequest")
        and not status.get("intent")
    )


def _acts(spec: Json) -> bool:
    return spec.get("mode") != "Observe" and not spec.get("suspend")


def _holds(status: Json) -> str:
    """Another store answers, or many buckets are missing and nobody has agreed."""
    if "another" in status:
        return "another"
    missing = _dict(status.get("missing"))
    return "missing" if missing and not missing.get("agreed") else ""


def _asking(status: Json) -> bool:
    """Whether something is held, and nothing besides is wrong. A lost content is told of by itself."""
    held = {h.get("facet") for h in _dicts(_dict(status.get("plan")).get("held"))} - {"content"}
    wrong = {f.get("name") for f in _dicts(status.get("facets")) if f.get("state") != "InSync"}
    return bool(held) and wrong <= held


def _secrets(spec: Json) -> list[str]:
    """The names of all Secrets that a spec refers to, wherever it does."""
    found = []
    for name, value in spec.items():
        if name.lower().endswith("secretref") and isinstance(value, dict):
            found.append(str(value.get("name", "")))
        else:
            inside = [value] if isinstance(value, dict) else _dicts(value)
            found += [secret for each in inside for secret in _secrets(each)]
    return found


def _usage(told: Json) -> tuple[int, int] | None:
    objects, held = _dict(told).get("objects"), _dict(told).get("bytes")
    return (objects, held) if isinstance(objects, int) and isinstance(held, int) else None


def _bytes(quantity: Json) -> int | None:
    try:
        return byte_count(str(quantity)) if quantity else None
    except ValueError:
        return None


def _pairs(labels: Json) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((intern(str(k)), intern(str(v))) for k, v in _dict(labels).items()))


def _counts(status: Json) -> tuple[tuple[str, int], ...]:
    return tuple((intern(k), n) for k, n in _dict(status.get("counts")).items() if isinstance(n, int))


def _seconds(moment: Json) -> float | None:
    try:
        return datetime.fromisoformat(moment).timestamp() if moment else None
    except (TypeError, ValueError):
        return None


def _dict(value: Json) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Json) -> list[dict[str, Any]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def version(resource_version: str) -> int | None:
    """A resource version as a number, None where the API server does not use numbers."""
    return int(resource_version) if resource_version.isdecimal() else None


def newer(seen: str, known: str) -> bool:
    """Versions are numbers on every API server there is; where they are not, what comes later is newer."""
    mine, theirs = version(seen), version(known)
    return seen != known if mine is None or theirs is None else mine > theirs


def older(seen: str, known: str) -> bool:
    """Whether one version is certainly from before the other."""
    mine, theirs = version(seen), version(known)
    return mine is not None and theirs is not None and mine < theirs


class NotUnderstood(Exception):
    """A spec that this version's models refuse. Nothing else may be told as an error of the spec."""

    def __init__(self, error: ValidationError) -> None:
        super().__init__(str(error))
        self.error = error


def understood(kind: type[S], raw: bytes) -> S:
    """A spec, whole: what a newer version added must not be passed over, Ready would answer for it unread."""
    try:
        return kind.model_validate_json(raw, extra="forbid")
    except ValidationError as error:
        raise NotUnderstood(error) from error


def lenient(kind: type[S], raw: bytes) -> S:
    """A status, as far as this version understands it: what it does understand is not forgotten for the rest's sake."""
    try:
        return kind.model_validate_json(raw)
    except ValidationError:
        return salvaged(kind, json.loads(raw))
