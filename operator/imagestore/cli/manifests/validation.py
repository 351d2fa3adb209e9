"""pydantic's errors as sentences that say the fix."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from imagestore.cli.manifests.problems import Steps
from imagestore.cli.manifests.shape import Complaint
from imagestore.cli.manifests.typed_values import TypedValue
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


def complaints(error: ValidationError, values: Iterable[TypedValue], steps: Steps) -> Iterator[Complaint]:
    """A complaint for each of pydantic's errors. ``steps`` lead to the validated value."""
    by_steps: dict[Steps, list[TypedValue]] = {}
    for typed in values:
        by_steps.setdefault(typed.steps, []).append(typed)
    for one in error.errors(include_url=False, include_context=True):
        yield _finding(one, by_steps, steps)


def _finding(error: Any, values: Mapping[Steps, list[TypedValue]], start: Steps) -> Complaint:
    where = _steps(error["loc"], values, start)
    parent = values.get(where[:-1], [])
    label = values[where][0].label if where in values else f"{parent[0].label if parent else ''}.{where[-1]}"
    return Complaint(where, label, _say(error, values.get(where, [])))


def _steps(location: Iterable[Any], values: Mapping[Steps, list[TypedValue]], start: Steps) -> Steps:
    """The steps as a user writes them: without the field of an inline model, and without pydantic's own marks."""
    here = start
    for step in location:
        inline = any(s.model and s.model.inline == step for s in values.get(here, []))
        if not inline and step != "[key]":
            here = (*here, step)
    return here


def _say(error: Any, values: Iterable[TypedValue]) -> str:
    if error["type"] == "missing":
        return "is required; add it"
    form = next((m for s in values for m in s.marks if isinstance(m, Form)), None)
    if form and error["type"] == "string_pattern_mismatch":
        return f"{form.message}, not {quote(error['input'], 60)}"
    word = _WORDS.get(error["type"])
    if word is None:
        return f"{error['msg'][:1].lower()}{error['msg'][1:]}".replace("input should", "must")
    return f"{word(error.get('ctx', {}))}, not {quote(error['input'], 60)}"
