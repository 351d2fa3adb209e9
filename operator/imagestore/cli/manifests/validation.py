"""What pydantic finds wrong, as sentences that say the fix."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from imagestore.cli.manifests.problems import Steps
from imagestore.cli.manifests.shape import Finding
from imagestore.cli.manifests.typed_values import Spot
from imagestore.core.model import Form
from imagestore.core.render import quote

_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "literal_error": lambda c: f"must be {c['expected'].replace(chr(39), '')}",
    "string_pattern_mismatch": lambda c: f"must match {c['pattern']}",
    "string_too_short": lambda c: f"must have at least {c['min_length']} characters",
    "string_too_long": lambda c: f"must have at most {c['max_length']} characters",
    "too_short": lambda c: f"must have at least {c['min_length']} items",
    "too_long": lambda c: f"must have at most {c['max_length']} items",
    "greater_than_equal": lambda c: f"must be at least {c['ge']}",
    "less_than_equal": lambda c: f"must be at most {c['le']}",
    "datetime_from_date_parsing": lambda _: "must be a time such as 2027-01-31T12:00:00Z",
    "datetime_parsing": lambda _: "must be a time such as 2027-01-31T12:00:00Z",
}


def findings(error: ValidationError, spots: Iterable[Spot], steps: Steps) -> Iterator[Finding]:
    """One for each thing pydantic complains of; ``steps`` lead to what was validated."""
    by_steps: dict[Steps, list[Spot]] = {}
    for spot in spots:
        by_steps.setdefault(spot.steps, []).append(spot)
    for one in error.errors(include_url=False, include_context=True):
        yield _finding(one, by_steps, steps)


def _finding(error: Any, spots: Mapping[Steps, list[Spot]], start: Steps) -> Finding:
    where = _steps(error["loc"], spots, start)
    parent = spots.get(where[:-1], [])
    label = spots[where][0].label if where in spots else f"{parent[0].label if parent else ''}.{where[-1]}"
    return Finding(where, label, _say(error, spots.get(where, [])))


def _steps(location: Iterable[Any], spots: Mapping[Steps, list[Spot]], start: Steps) -> Steps:
    """Without the field of an inline model, which no user writes, and without pydantic's own marks."""
    here = start
    for step in location:
        inline = any(s.model and s.model.inline == step for s in spots.get(here, []))
        if not inline and step != "[key]":
            here = (*here, step)
    return here


def _say(error: Any, spots: Iterable[Spot]) -> str:
    if error["type"] == "missing":
        return "is required; add it"
    form = next((m for s in spots for m in s.marks if isinstance(m, Form)), None)
    if form and error["type"] == "string_pattern_mismatch":
        return f"{form.message}, not {quote(error['input'], 60)}"
    word = _WORDS.get(error["type"])
    if word is None:
        return f"{error['msg'][:1].lower()}{error['msg'][1:]}".replace("input should", "must")
    return f"{word(error.get('ctx', {}))}, not {quote(error['input'], 60)}"
