"""FacetSamples for a store that has other keys and classes than the samples name, or none. Pure."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from imagestore.api.samples import KMS_KEY
from imagestore.core.facet import Facet
from imagestore.core.fields import fields, outermost, used
from imagestore.core.reading import Support

FacetSamples = Mapping[str, Facet]


def keyed(samples: FacetSamples, key: str) -> FacetSamples:
    """The same with a key that the store knows."""
    return {name: type(v).model_validate(_replaced(v.to_json(), key)) for name, v in samples.items()}


def _replaced(told: Any, key: str) -> Any:
    return json.loads(json.dumps(told).replace(json.dumps(KMS_KEY), json.dumps(key)))


def untried(samples: FacetSamples) -> tuple[str, ...]:
    """The fields that only samples with a key have: without one they cannot be tried."""
    return only_in([v for v in samples.values() if _has_key(v)], samples)


def only_in(some: Collection[Facet], samples: FacetSamples) -> tuple[str, ...]:
    """The fields that only some of the samples have."""
    others = frozenset(f for v in samples.values() if v not in some for f in used(v))
    theirs = {f for v in some for f in used(v)} - others
    return outermost(theirs, others, fields(type(next(iter(some))))) if some else ()


def less(held: Support, missing: Collection[str], fix: str) -> Support:
    """The support without what could not be tried."""
    if not missing:
        return held
    reason = f"{', '.join(missing)} was not tried: {fix}"
    told = "; ".join(r for r in (held.reason, reason) if r)
    return replace(held, reason=told, lost=(*held.lost, *missing))


def _has_key(value: Facet) -> bool:
    return json.dumps(KMS_KEY) in json.dumps(value.to_json())
