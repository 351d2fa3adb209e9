"""An object as an API server gives it. Nothing about its content is certain: what a record reads of it never raises."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from sys import intern
from typing import Any

from imagestore.core.conditions import STATUSES

Json = Any


@dataclass(frozen=True)
class RawObject:
    """One object. ``conditions`` are the status of each condition by its type."""

    meta: dict[str, Any]
    spec: dict[str, Any]
    status: dict[str, Any]
    conditions: Mapping[Any, Any]

    @staticmethod
    def of(body: Json) -> "RawObject":
        """From the whole object."""
        status = mapping(body.get("status"))
        conditions = {str(c.get("type")): c.get("status") for c in mappings(status.get("conditions"))}
        return RawObject(body["metadata"], mapping(body.get("spec")), status, conditions)

    def shown(self, types: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """The conditions of these types with their status. Only of known ones: a status can be forged, and each type is a
        label of its own.
        """
        known = self.conditions
        return _shared(tuple((t, _status(known[t])) for t in types if t in known))

    @property
    def settled(self) -> bool:
        """Nothing was asked for since the status was written, and nothing is under way."""
        return (
            self.status.get("observedGeneration") == self.meta.get("generation", 1)
            and self.conditions.get("Ready") == "True"
            and "deletionTimestamp" not in self.meta
            and self.spec.get("reconcileRequest") == self.status.get("reconcileRequest")
            and not self.status.get("intent")
        )


@lru_cache(maxsize=1024)
def _shared(conditions: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return conditions  # one tuple for all objects that have these


def _status(said: Json) -> str:
    return next((s for s in STATUSES if s == said), "Unknown")


def mapping(value: Json) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: Json) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def states(items: Json, key: str) -> tuple[tuple[str, str], ...]:
    """The name of each item, which stands under ``key``, and its state."""
    return tuple((intern(str(i.get(key))), intern(str(i.get("state")))) for i in mappings(items))


def pairs(labels: Json) -> tuple[tuple[str, str], ...]:
    """Labels, in order."""
    return tuple(sorted((intern(str(k)), intern(str(v))) for k, v in mapping(labels).items()))


def moment(value: Json) -> float | None:
    """Seconds since 1970 of a timestamp; None if it is none."""
    try:
        return datetime.fromisoformat(value).timestamp() if value else None
    except (TypeError, ValueError):
        return None
