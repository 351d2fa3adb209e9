"""The page of reasons, from the documentation that stands below each member of ``Reason``."""

import ast
import inspect
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from imagestore.core import reasons
from imagestore.core.reasons import Reason
from imagestore.crdgen.formats import table
from imagestore.crdgen.refusal import refuse

_FORM = re.compile(r"On (?P<carriers>[^:]+): (?P<means>.+?)(?: Fix: (?P<fix>.+))?")
_HEAD = """# Reasons

The operator gives a reason, one word for programs, with every condition, with each setting in `status.facets` and with
every Event. `kubectl describe` shows them.

- A setting that keeps an object from being Ready lends its reason to the condition Ready, and to Stalled (a person has to
  act) or Reconciling (the operator goes on by itself).
- When an object becomes Stalled, an Event carries the reason of Ready.
- A store's error keeps its reason wherever it is reported: on a setting, on Ready, on TierNotReady."""


class Documented(NamedTuple):
    """``carriers``: what carries the reason. ``fix`` is empty where there is nothing to do."""

    reason: Reason
    carriers: str
    means: str
    fix: str


def documented() -> Iterator[Documented]:
    """Every reason with its documentation, in the order of the enum. Refuses a member without any."""
    texts = _texts()
    for reason in Reason:
        found = _FORM.fullmatch(texts.get(reason.name, ""))
        if found is None:
            refuse(f"Reason.{reason.name}", "write 'On <carriers>: <meaning>. Fix: <what to do>' below it")
        yield Documented(reason, found["carriers"], found["means"], found["fix"] or "")


def _texts() -> dict[str, str]:
    """The string below each member, on one line, by the member's name."""
    tree = ast.parse(inspect.getsource(reasons))
    body = next(n.body for n in tree.body if isinstance(n, ast.ClassDef) and n.name == Reason.__name__)
    return {
        member.targets[0].id: " ".join(text.value.value.split())
        for member, text in pairwise(body)
        if isinstance(member, ast.Assign)
        and isinstance(member.targets[0], ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def page() -> str:
    """docs/reference/reasons.md."""
    rows = [[f"`{d.reason}`", *map(_capitalized, d[1:])] for d in documented()]
    return f"{_HEAD}\n\n{table(['reason', 'on', 'means', 'what to do'], rows)}\n"


def _capitalized(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
