"""Reasons: one enum, all of it used and documented, and nothing is told with a word outside of it.

mypy holds the last for ``Note``, ``Change`` and the helpers of ``core.conditions``; pydantic's constructors it does not
check, so a condition is made at one place.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagestore.core import errors, reasons
from imagestore.core.conditions import Condition, condition
from imagestore.core.reasons import Reason
from imagestore.crdgen.reasons import documented, page
from imagestore.crdgen.refusal import Refused

PACKAGE = Path(__file__).resolve().parents[2] / "operator" / "imagestore"
ENUM = PACKAGE / "core" / "reasons.py"
SOURCES = {path: path.read_text() for path in PACKAGE.rglob("*.py") if path != ENUM}


def calls(name: str, imported: str) -> Iterator[Path]:
    """The files that call what they import by this name."""
    module = re.compile(rf"from {re.escape(imported)} import .*\b{name}\b")
    for path, text in SOURCES.items():
        if (path.stem == imported.rpartition(".")[2] or module.search(text)) and any(
            isinstance(n, ast.Call) and getattr(n.func, "id", "") == name for n in ast.walk(ast.parse(text))
        ):
            yield path


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_given_somewhere(reason: Reason) -> None:
    assert any(f"Reason.{reason.name}" in text for text in SOURCES.values())


def test_a_condition_is_made_at_one_place_whose_reason_is_typed() -> None:
    assert {path.name for path in calls("Condition", "imagestore.core.conditions")} == {"conditions.py"}


def test_no_reason_is_made_of_a_string() -> None:
    assert set(calls("Reason", "imagestore.core.reasons")) == set()


def test_every_error_of_a_store_has_a_reason_of_its_own() -> None:
    leaves = [c for c in vars(errors).values() if isinstance(c, type) and not c.__subclasses__()]
    told = {c.__name__: c.reason for c in leaves if issubclass(c, errors.StoreError)}
    assert told == {name: Reason[reason.name] for name, reason in told.items()}
    assert [name for name, reason in told.items() if reason != name] == []


def test_every_reason_is_documented_and_says_what_carries_it() -> None:
    assert [d.reason for d in documented()] == list(Reason)
    assert all(f"| `{reason}` |" in page() for reason in Reason)


def test_a_reason_without_documentation_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    source = ENUM.read_text().replace("On an Event: the bucket was created.", "the bucket was created")
    monkeypatch.setattr("inspect.getsource", lambda _: source)
    with pytest.raises(Refused, match=r"Reason\.CREATED: write 'On"):
        list(documented())


def test_a_word_of_another_version_is_kept() -> None:
    told = {"type": "Ready", "status": "False", "reason": "Foretold"}
    assert Condition.model_validate(told).to_json() == {**told, "message": ""}
    assert "Foretold" not in Reason.__members__


def test_a_reason_that_is_known_is_the_member() -> None:
    made = condition("Ready", Reason.IN_SYNC)
    assert Condition.model_validate(made.to_json()).reason is Reason.IN_SYNC
    assert reasons.Reason("InSync") is Reason.IN_SYNC
