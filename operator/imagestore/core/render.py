"""A plan in words: for terminals, pull requests and programs, and one sentence for logs and Events.

Pure. Values come from stores and from untrusted manifests, so nothing that a terminal would obey and
nothing that Markdown would interpret survives: see ``quote`` and the ``diff`` fences. A facet has no field
for a credential, hence a plan cannot hold one.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from imagestore.core.diff import FieldDiff
from imagestore.core.plan import Change, Op, Plan, changed

Paint = Callable[[str, str], str]  # (style, text) -> text; styles: add, change, remove, hold, faint, strong
Item = TypeVar("Item")

LONGEST_VALUE = 200  # characters of one value
MOST_FIELDS = 40  # fields of one change

_STYLES = {"+": "add", "~": "change", "-": "remove", "!": "hold", "x": "hold", " ": "faint"}


def plain(_style: str, text: str) -> str:
    """Return the text without colour."""
    return text


def quote(value: Any, longest: int = LONGEST_VALUE) -> str:
    """A value as JSON on one line, cut, with every character that does not print written as its escape."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
    return shown if len(shown) <= longest else f"{shown[:longest]}… ({len(shown)} characters)"


def printable(text: str) -> str:
    """A sentence on one line in which nothing steers a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def ellipsized(items: Sequence[Item], most: int) -> tuple[Sequence[Item], int]:
    """Return the first items and the number of those left out. A single further item is shown instead of counted."""
    return (items, 0) if len(items) <= most + 1 else (items[:most], len(items) - most)


def sign(change: Change) -> str:
    """``+`` new, ``~`` changed, ``-`` cleared, ``!`` held, ``x`` not possible here, blank: kept."""
    if change.op is Op.SET:
        new = change.opaque is None and (change.before is None or change.before.is_empty())
        return "+" if new else "~"
    return {Op.CLEAR: "-", Op.HOLD: "!", Op.SKIP: "x"}.get(change.op, " ")


def note(change: Change) -> str:
    """Return why it is so in words; empty for a change that needs no explanation."""
    if change.op is Op.HOLD:
        why = f"held ({change.reason}): {change.message}" if change.reason else f"held: {change.message}"
        return printable(f"{why} [approve: {change.token}]" if change.token else why)
    if change.op is Op.SKIP:
        return printable(f"not supported: {change.message}")
    return printable(f"risky: {change.risk}" if change.writes and change.risk else change.message)


def sentence(plan: Plan) -> str:
    """One line for a log or an Event: ``set versioning, clear cors; held: policy (NeedsApproval)``."""
    verbs = {Op.SET: "set", Op.CLEAR: "clear"}
    said = [f"{verbs[c.op]} {c.facet}" for c in plan.writes]
    parts = [", ".join(said)] if said else []
    for op, word in ((Op.HOLD, "held"), (Op.SKIP, "not supported")):
        names = [f"{c.facet} ({c.reason})" if c.reason else c.facet for c in plan.changes if c.op is op]
        parts += [f"{word}: {', '.join(names)}"] if names else []
    return "; ".join(parts) or "no changes"


def difference(field: FieldDiff) -> str:
    """``versioning.state: "Suspended" -> "Enabled"``; for a log or an Event."""
    before = "nothing" if field.before is None else quote(field.before)
    after = "nothing" if field.after is None else quote(field.after)
    return f"{printable(field.path)}: {before} -> {after}"


def as_text(plan: Plan, paint: Paint = plain, most: int = MOST_FIELDS) -> str:
    """Return the plan for a terminal: a line for each setting that does not simply stay, its fields below it."""
    return "\n".join(line for change in changed(plan) for line in _text(change, paint, most))


def _text(change: Change, paint: Paint, most: int) -> Iterator[str]:
    mark, why = sign(change), note(change)
    yield paint(_STYLES[mark], f"  {mark} {change.facet}" + (f"  {why}" if why else ""))
    fields, left = ellipsized(change.fields, most)
    yield from (f"      {_coloured(field, paint)}" for field in fields)
    if left:
        yield paint("faint", f"      … and {left} more fields")


def _coloured(field: FieldDiff, paint: Paint) -> str:
    path = printable(field.path)
    if field.before is None:
        return f"{path}: {paint('add', quote(field.after))}"
    if field.after is None:
        return f"{path}: {paint('remove', quote(field.before))} -> {paint('faint', 'nothing')}"
    return f"{path}: {paint('remove', quote(field.before))} -> {paint('add', quote(field.after))}"


def as_markdown(plan: Plan, most: int = MOST_FIELDS) -> str:
    """For a pull request: a ``diff`` fence. Each of its lines has a mark in front, so no value can end it."""
    lines = [line for change in changed(plan) for line in _markdown(change, most)]
    return "\n".join(["```diff", *lines, "```"]) if lines else ""


def _markdown(change: Change, most: int) -> Iterator[str]:
    why = note(change)
    yield f"# {change.facet}" + (f": {why}" if why else "")
    fields, left = ellipsized(change.fields, most)
    for field in fields:
        yield from _sides(field)
    if left:
        yield f"# … and {left} more fields"


def _sides(field: FieldDiff) -> Iterator[str]:
    if field.before is not None:
        yield f"- {printable(field.path)}: {quote(field.before)}"
    if field.after is not None:
        yield f"+ {printable(field.path)}: {quote(field.after)}"


def as_json(plan: Plan) -> dict[str, Any]:
    """For programs: every setting, kept ones too, nothing cut."""
    return {"digest": plan.digest, "changes": [change_as_json(c) for c in plan.changes]}


def change_as_json(change: Change) -> dict[str, Any]:
    """One change. Absent keys say nothing: no ``risk`` means no risk."""
    said = {"risk": change.risk, "reason": change.reason, "message": change.message, "token": change.token}
    return {
        "facet": change.facet,
        "op": str(change.op),
        "digest": change.digest,
        "before": change.before.to_json() if change.before else None,
        "after": change.after.to_json() if change.after else None,
        "fields": [{"path": f.path, "before": f.before, "after": f.after} for f in change.fields],
    } | {key: value for key, value in said.items() if value}
