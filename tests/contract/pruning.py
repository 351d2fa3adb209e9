"""A sample less what a store would lose of it."""

from collections.abc import Iterable, Sequence
from typing import Any

from imagestore.core.facet import Facet
from imagestore.core.paths import ANY, Step, parse


def without(value: Facet, lost: Iterable[str]) -> Facet:
    """``value`` without what these patterns name; a rule that then does nothing goes, too."""
    json = value.to_json()
    for pattern in lost:
        json = _pruned(json, parse(pattern))
    if "rules" in json:
        json["rules"] = [rule for rule in json["rules"] if set(rule) - {"name", "state", "match"}]
    return type(value).model_validate(json)


def _pruned(json: Any, steps: Sequence[Step]) -> Any:
    if steps[0] == ANY:
        return [_pruned(item, steps[1:]) for item in json]
    if steps[0] not in json:
        return json
    rest = {k: v for k, v in json.items() if k != steps[0]}
    left = _pruned(json[steps[0]], steps[1:]) if len(steps) > 1 else None
    return rest | ({steps[0]: left} if left else {})
