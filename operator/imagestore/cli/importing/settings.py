"""Observed settings as desired ones, for a manifest.

A bucket may hold more than the API can express. A part that the API cannot express exactly is left out and reported, never
approximated: the operator does not change what a manifest does not mention.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from imagestore.api.imagebucket import FACETS, ImageBucketSpec
from imagestore.cli.manifests import cel, validation
from imagestore.cli.manifests.shape import Complaint, shape_complaints
from imagestore.cli.manifests.typed_values import typed_values
from imagestore.core.facet import Facet
from imagestore.core.reading import Found, NotRepresentable, Reading, Unreadable
from imagestore.core.references import BucketRef, led, references
from imagestore.core.render import quote
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.notifications import FOREIGN, TARGET_KINDS, Notifications
from imagestore.facets.policy import BucketPolicy, Statement
from imagestore.facets.replication import Replication
from imagestore.facets.tags import RESERVED, Tags

_Json = Any


@dataclass(frozen=True)
class ImportedSetting:
    """One setting: its value (None: nothing can be expressed) and a sentence on each part that is left out."""

    value: _Json
    left_out: tuple[str, ...] = ()


def imported(name: str, reading: Reading, names: Mapping[str, str]) -> ImportedSetting | None:
    """The setting for a manifest; None if there is nothing to report. ``names``: of ImageBuckets, by ``place``."""
    if isinstance(reading, Unreadable):
        return ImportedSetting(None, (f"{name} could not be read: {reading.reason}: {reading.message}",))
    if isinstance(reading, NotRepresentable):
        return ImportedSetting(None, (f"left out: {reading.message}",))
    if not isinstance(reading, Found):
        return None
    found, left_out = _recognised(name, reading.value, names)
    if found is None:
        return ImportedSetting(None, left_out)
    desired, odd = _desirable(found)
    left_out += odd
    value, more = _valid(name, desired.to_json())
    empty = value is None or (desired.is_empty() and not left_out)
    if empty and not (left_out or more):
        return None
    return ImportedSetting(None if empty or not _says(name, value) else _tidy(value), (*left_out, *more))


def _recognised(name: str, value: Facet, names: Mapping[str, str]) -> tuple[Facet | None, tuple[str, ...]]:
    """Replace referenced buckets by ImageBuckets. A part that refers to an unknown bucket is left out, or the whole setting."""
    unknown = tuple(f"left out: {name}.{path} {_unknown(b)}" for path, b in _unnamed(value, names))
    parts = value.parts()
    if unknown and parts is None:
        return None, unknown
    known = {p for p in parts or () if not list(_unnamed(value.restrict({p}), names))}
    kept = value.restrict(known) if unknown else value
    return led(kept, lambda ref: type(ref)(name=names.get(place(ref)))), unknown


def _unnamed(value: Facet, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    refs = ((path, place(ref)) for path, ref, _ in references(value) if ref.bucket)
    return ((path, where) for path, where in refs if where not in names)


def place(ref: BucketRef) -> str:
    """A bucket as ``names`` has it: with its store where that may be another one."""
    return f"{ref.store}/{ref.bucket}" if ref.store else ref.bucket or ""


def _unknown(bucket: str) -> str:
    return (
        f"refers to the bucket {bucket}, which no known ImageBucket of this namespace manages there; import that"
        " bucket, and give its manifest with -f"
    )


def _tidy(value: _Json) -> _Json:
    """Remove the empty lists of what an item of a list does not mention."""
    if isinstance(value, list):
        return [_tidy({k: v for k, v in i.items() if v != []} if isinstance(i, dict) else i) for i in value]
    return {k: _tidy(v) for k, v in value.items()} if isinstance(value, dict) else value


def _says(name: str, value: _Json) -> bool:
    """Whether anything is left after parts were left out. An empty setting would clear the observed one."""
    return not FACETS[name].model_validate(value).is_empty()


def _desirable(value: Facet) -> tuple[Facet, tuple[str, ...]]:
    if isinstance(value, Tags):
        kept = {k: v for k, v in value.values.items() if not k.startswith((RESERVED, "aws:"))}
        return Tags.from_store(values=kept), ()
    if isinstance(value, Lifecycle | Replication):
        # A rule with an origin belongs to a policy, or is foreign.
        return _split(value, "rules", [r for r in value.rules if "/" in r.name], "rule")
    if isinstance(value, Notifications):
        return _without_foreign(value)
    if isinstance(value, BucketPolicy):
        return _split(value, "statements", [s for s in value.statements if not faithful(s)], "statement")
    return value, ()


def _foreign(items: tuple[Any, ...]) -> list[Any]:
    return [item for item in items if item.name.startswith(FOREIGN)]


def _without_foreign(value: Facet) -> tuple[Facet, tuple[str, ...]]:
    said: tuple[str, ...] = ()
    for kind in TARGET_KINDS:
        value, more = _split(value, kind, _foreign(getattr(value, kind)), "notification")
        said += more
    return value, said


def _split(value: Facet, field: str, odd: list[Any], what: str) -> tuple[Facet, tuple[str, ...]]:
    kept = tuple(item for item in getattr(value, field) if item not in odd)
    said = tuple(f"foreign {what}, which the operator does not change: {_raw(item)}" for item in odd)
    return value.model_copy(update={field: kept}), said


def _raw(item: Any) -> str:
    """The item as the store has it: JSON for a statement, XML for a rule or a notification."""
    if not item.raw:
        return quote(item.to_json(), 1000)
    return quote(json.loads(item.raw) if isinstance(item, Statement) else item.raw, 1000)


def faithful(statement: Statement) -> bool:
    """Whether the model expresses all of the store's own document."""
    raw = json.loads(statement.raw) if statement.raw else None
    return raw is None or (set(raw) <= _SAID and _principals_known(raw) and raw.get("Sid") == statement.sid)


_SAID = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}


def _principals_known(raw: Mapping[str, Any]) -> bool:
    principal = raw.get("Principal")
    return principal == "*" or (isinstance(principal, Mapping) and set(principal) <= {"AWS", "Service"})


def _valid(name: str, value: _Json) -> tuple[_Json, tuple[str, ...]]:
    """Leave out what the schema refuses: an item of a list, else the whole value."""
    said: list[str] = []
    while value is not None and (found := next(_findings(name, value), None)) is not None:
        said.append(f"left out, because the API refuses it ({found.label}: {found.message}): ")
        value, gone = _without(value, found.steps[2:])
        said[-1] += quote(gone, 1000)
    return value, tuple(said)


def _findings(name: str, value: _Json) -> Iterator[Complaint]:
    values = list(typed_values({name: value}, ImageBucketSpec, "spec", ("spec",)))
    found = list(shape_complaints(values))
    try:
        FACETS[name].model_validate_json(json.dumps(value))
    except ValidationError as error:
        found += validation.complaints(error, values, ("spec", name))
    yield from found
    yield from cel.broken_rules(values, [f.steps for f in found])


def _without(value: _Json, steps: tuple[Any, ...]) -> tuple[_Json, _Json]:
    """Leave out the item of the first list on the path; without a list, the whole value."""
    if isinstance(value, dict) and len(steps) >= 2 and isinstance(steps[1], int):
        items = value[steps[0]]
        left = [item for i, item in enumerate(items) if i != steps[1]]
        return {**value, steps[0]: left}, items[steps[1]]
    return None, value
