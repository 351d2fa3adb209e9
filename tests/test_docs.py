"""Handwritten pages against the code: reasons, links and commands that exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from imagestore.core import errors
from imagestore.core.plan import ONLY_BY_HAND
from imagestore.reconcile import tiers
from imagestore.reconcile.filling import NEARLY_FULL
from imagestore.reconcile.ownership import UNPROVEN
from imagestore.reconcile.references import NOT_FOUND

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "operator" / "imagestore"
SOURCES = [
    *PACKAGE.glob("reconcile/*.py"),
    *(PACKAGE / f for f in ("core/plan.py", "core/policies.py", "k8s/failing.py")),
]
# Which argument of a call is a reason that a user can meet in a condition, a setting or an Event.
REASONS = {
    "stalled": 0, "reconciling": 0, "_blocked": 1, "_release": 0, "Refusal": 0, "Event": 0, "condition": 1,
    "_hold": 2, "Result": 2, "hold_everything": 0, "Judgement": 1, "_stalled": 1, "Why": 0,
}  # fmt: skip
CAMEL = re.compile(r"([A-Z][a-z]+)+")
# Put together from parts, or a constant.
BUILT = {
    "DriftCorrected", "DriftVanished", "AccessDenied", "Held", "Lossy", NOT_FOUND, ONLY_BY_HAND, NEARLY_FULL,
    UNPROVEN, tiers.NOT_READY, *tiers.REASONS.values(), *tiers.EVENTS.values(),
}  # fmt: skip


def said() -> set[str]:
    """Every reason in the code."""
    leaves = {c.__name__ for c in vars(errors).values() if isinstance(c, type) and not c.__subclasses__()}
    found = {r for path in SOURCES for node in ast.walk(ast.parse(path.read_text())) for r in _reasons(node)}
    return found | BUILT | (leaves - {"NotFound"})


def _reasons(node: ast.AST) -> Iterator[str]:
    if not isinstance(node, ast.Call):
        return
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    place = 1 if name == "_hold" and len(node.args) == 3 else REASONS.get(name)
    candidates = [k.value for k in node.keywords if k.arg == "reason"]
    candidates += [node.args[place]] if place is not None and len(node.args) > place else []
    for value in candidates:
        if isinstance(value, ast.Constant) and CAMEL.fullmatch(str(value.value)):
            yield str(value.value)


def documented() -> set[str]:
    """Every reason in the table of docs/operations.md."""
    text = (ROOT / "docs" / "operations.md").read_text()
    table = text.split("<!-- reasons -->")[1]
    return set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE))


def test_every_reason_has_a_way_out_in_the_manual() -> None:
    assert said() - documented() == set()


def test_the_manual_names_no_reason_that_is_never_said() -> None:
    assert documented() - said() == set()


def test_links_between_pages_lead_somewhere() -> None:
    pages = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#]+)", page.read_text())
        if "://" not in link and not (page.parent / link).exists()
    ]
    assert broken == []


def test_every_decision_has_a_number_of_its_own() -> None:
    """Two that were written side by side took the same number, and each page that cites one leads to either."""
    numbers = [page.name.partition("-")[0] for page in ROOT.glob("docs/adr/[0-9]*.md")]
    assert sorted(numbers) == [f"{n:04}" for n in range(1, len(numbers) + 1)]
