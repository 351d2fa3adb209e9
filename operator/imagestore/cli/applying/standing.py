"""How an object stands, read from its status: the same from a state folder and from a cluster."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from imagestore.api.kinds import Kind
from imagestore.controller.logs import REDACTOR
from imagestore.controller.state.objects import Key, key_of
from imagestore.controller.state.raw import mapping, mappings
from imagestore.core.reasons import Reason

Json = Any
# What only a person can end.
PERSON = frozenset({
    Reason.HELD, Reason.UNSUPPORTED, Reason.NEEDS_APPROVAL, Reason.ADOPTION_NEEDS_APPROVAL, Reason.CONTENT_LOST,
    Reason.LOSSY, Reason.ONLY_BY_HAND, Reason.NOT_CONVERGING, Reason.NOT_EMPTY, Reason.OBJECT_LOCKED, Reason.IN_USE,
    Reason.ANOTHER_STORE, Reason.BUCKETS_MISSING, Reason.HELD_BY_BACKEND,
})  # fmt: skip


class Code(IntEnum):
    """Exit codes; an error outweighs what waits for a person."""

    READY = 0
    ERROR = 1
    PERSON = 2


@dataclass(frozen=True)
class Waiting:
    """A change that one token approves."""

    token: str
    what: str
    why: str


@dataclass(frozen=True)
class ObjectStanding:
    """One object. ``drift``: a line for each field that differs; ``deleting``: its deletion is under way.

    ``facts``: what its status tells besides, such as the method and the role of a ReplicationPolicy, by name.
    """

    key: Key
    ready: str
    reason: str
    message: str
    deleting: bool
    waits: tuple[Waiting, ...]
    drift: tuple[str, ...]
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def code(self) -> Code:
        """What it makes of the exit code."""
        if self.waits or self.reason in PERSON:
            return Code.PERSON
        return Code.READY if self.ready == "True" and not self.deleting else Code.ERROR


def standing_of(kind: Kind, obj: Json) -> ObjectStanding:
    """From an object as it is kept."""
    meta, status = obj["metadata"], mapping(obj.get("status"))
    conditions = {c.get("type"): c for c in mappings(status.get("conditions"))}
    ready = conditions.get("Ready", {})
    suspended = conditions.get("Suspended", {})
    if not ready and suspended:
        ready = {**suspended, "status": "True"}
    current = status.get("observedGeneration") == meta.get("generation", 1)
    return ObjectStanding(
        key_of(kind, obj),
        str(ready.get("status", "Unknown")) if current else "Unknown",
        str(ready.get("reason", "")) if current else "",
        REDACTOR.clean(str(ready.get("message", ""))) if current else "the spec has not been reconciled yet",
        "deletionTimestamp" in meta,
        tuple(_waits(status)),
        tuple(_drift(status)),
        dict(_facts(status)),
    )


def _facts(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if status.get("method"):
        yield "method", str(status["method"])
    failover = mapping(status.get("failover"))
    if failover.get("role"):
        yield "role", str(failover["role"])
        yield "settled", "true" if failover.get("settled") is True else "false"


def _waits(status: Mapping[str, Any]) -> Iterator[Waiting]:
    for held in mappings(mapping(status.get("plan")).get("held")):
        yield Waiting(str(held.get("token")), str(held.get("facet")), str(held.get("why")))
    for name in ("another", "missing"):
        found = mapping(status.get(name))
        if found.get("token") and not found.get("agreed"):
            yield Waiting(str(found["token"]), name, _why(found))

    deletes, failover = mapping(status.get("held")), mapping(status.get("failover"))
    if deletes.get("token"):
        yield Waiting(
            str(deletes["token"]), "deletes", f"{deletes.get('objects')} objects: {deletes.get('why')}"
        )
    if failover.get("returnToken"):
        yield Waiting(str(failover["returnToken"]), "failover", "the source is written to again")


def _why(found: Mapping[str, Any]) -> str:
    buckets = found.get("buckets")
    if isinstance(buckets, list):
        return f"buckets are missing: {', '.join(map(str, buckets[:5]))}"
    return f"another store answers: {found.get('identity')}"


def _drift(status: Mapping[str, Any]) -> Iterator[str]:
    for differs in mappings(mapping(status.get("drift")).get("fields")):
        before, after = differs.get("observed", "nothing"), differs.get("desired", "nothing")
        yield f"{differs.get('path')}: {before} -> {after}"


def overall_code(standings: Sequence[ObjectStanding], *, wrong: bool) -> Code:
    """Of all of them. ``wrong``: something else was."""
    codes = {s.code for s in standings}
    if wrong or Code.ERROR in codes:
        return Code.ERROR
    return Code.PERSON if Code.PERSON in codes else Code.READY
