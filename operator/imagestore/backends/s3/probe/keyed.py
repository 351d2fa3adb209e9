"""Samples for a store whose KMS has other keys than the samples name. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from imagestore.api.samples import KMS_KEY
from imagestore.core.facet import Facet
from imagestore.core.fields import fields, outermost, used

Samples = Mapping[str, Facet]


def keyed(samples: Samples, key: str) -> Samples:
    """The same with a key that the store knows."""
    return {name: type(v).model_validate(_replaced(v.to_json(), key)) for name, v in samples.items()}


def _replaced(told: Any, key: str) -> Any:
    return json.loads(json.dumps(told).replace(json.dumps(KMS_KEY), json.dumps(key)))


def untried(samples: Samples) -> tuple[str, ...]:
    """The fields that only samples with a key have: without one they cannot be tried."""
    need = [v for v in samples.values() if _has_key(v)]
    if not need:
        return ()
    tried = frozenset(f for v in samples.values() if v not in need for f in used(v))
    return outermost({f for v in need for f in used(v)} - tried, tried, fields(type(need[0])))


def _has_key(value: Facet) -> bool:
    return json.dumps(KMS_KEY) in json.dumps(value.to_json())
