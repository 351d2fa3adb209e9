"""What is remembered of one object: little, since there may be many thousands.

Spec and status are kept as compact JSON (about 1 KB each instead of 8 KB as dicts); what indexes and metrics
need is taken out once: what every object has is in the envelope, what only its kind has is in ``extra``.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from sys import intern
from typing import Any, Generic, NamedTuple

from pydantic import ValidationError
from typing_extensions import TypeVar

from imagestore.api.kinds import Kind
from imagestore.core.model import Model
from imagestore.core.salvage import salvaged

Json = Any
S = TypeVar("S", bound=Model)
E = TypeVar("E", default=Any)


class Key(NamedTuple):
    """One object; the namespace of a cluster-scoped one is empty."""

    kind: str
    namespace: str
    name: str

    @property
    def label(self) -> str:
        """``shop/photos``, or ``eu`` where there are no namespaces."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def __str__(self) -> str:
        return f"{self.kind} {self.label}"


@dataclass(frozen=True, slots=True)
class Stored(Generic[E]):
    """One object as last seen. ``extra`` is what its kind's record remembers of it besides."""

    key: Key
    uid: str
    resource_version: str
    generation: int
    created: datetime
    deleting: bool
    finalizers: tuple[str, ...]
    spec: bytes
    status: bytes
    finalizer: str | None  # ours; None: its kind has none
    ready: str  # of its Ready condition, empty while there is none
    settled: bool  # its status says that this generation is done and as desired
    conditions: tuple[tuple[str, str], ...]  # those that metrics show, with their status
    labels: tuple[tuple[str, str], ...]
    extra: E

    @property
    def finalized(self) -> bool:
        """Whether our finalizer is on it."""
        return self.finalizer in self.finalizers

    @property
    def released(self) -> bool:
        """Whether our finalizer is missing where there should be one, as after an uninstall: deleted now, it is gone
        before anything was done for it.
        """
        return self.finalizer is not None and not self.finalized

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
