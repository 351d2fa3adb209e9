"""The CEL rules of a schema: those in the models, and those that follow from markers."""

import re
from collections.abc import Iterable
from typing import Any

from imagestore.core.model import Cel, Form, Immutable, Schema
from imagestore.crdgen.annotations import Hint
from imagestore.crdgen.refusal import refuse

# What RE2 does not know, as Python writes it: look-around, backreferences, atomic groups, possessive repeats.
_NOT_RE2 = re.compile(r"\(\?(=|!|<=|<!|>|P=|\()|\\[1-9]|[*+?}]\+|\\Z")
_RESERVED = frozenset(
    {"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if"}
    | {"import", "let", "loop", "package", "namespace", "return", "var", "void", "while"}
)
_CLASS = re.compile(r"\[\^?\]?(?:[^\]\\]|\\.)*\]")  # in brackets these characters mean themselves
_KEY = "x-kubernetes-validations"


def add(schema: dict[str, Any], more: Iterable[Cel]) -> None:
    """Append rules to a schema."""
    made = [*schema.pop(_KEY, []), *(_validation(r) for r in more)]
    schema |= {_KEY: made} if made else {}


def _validation(rule: Cel) -> dict[str, str]:
    made = {"rule": rule.rule, "message": rule.message}
    return made | ({"fieldPath": rule.field_path} if rule.field_path else {})


def of_hint(hint: Hint, where: str) -> list[Cel]:
    """The rules of the field itself."""
    own = hint.all(Cel)
    frozen = [Cel("self == oldSelf", f"immutable: {i.message}") for i in hint.all(Immutable)]
    return [*frozen, *_form(hint, where), *own]


def _form(hint: Hint, where: str) -> list[Cel]:
    pattern, form = hint.bounds.get("pattern"), hint.marker(Form)
    if (pattern is None) != (form is None):
        refuse(where, "a pattern and a Form that says it in words belong together")
    if pattern is None or form is None:
        return []
    check_pattern(pattern, where)
    return [Cel(f"self.matches({_quoted(pattern, where)})", form.message)]


def check_pattern(pattern: str, where: str) -> None:
    """Refuse a pattern that Go's RE2 does not support, or that would match a part of the value."""
    found = _NOT_RE2.search(_CLASS.sub("x", pattern))
    if found:
        refuse(where, f"RE2 does not support {found[0]!r} in the pattern {pattern!r}; write a Cel rule")
    if not (pattern.startswith("^") and pattern.endswith("$")):
        refuse(where, f"the pattern {pattern!r} would match a part of the value; begin with ^ and end with $")


def _quoted(pattern: str, where: str) -> str:
    quote = next((q for q in "'\"" if q not in pattern), None)
    return f"r{quote}{pattern}{quote}" if quote else refuse(where, "a pattern with both kinds of quotes")


def presence(alias: str, message: str) -> Cel:
    """The rule on the parent of an optional immutable field: the field may be neither added nor removed."""
    name = cel_name(alias)
    return Cel(f"has(self.{name}) == has(oldSelf.{name})", f"{alias} is immutable: {message}")


def cel_name(alias: str) -> str:
    """A field's name as CEL wants it."""
    return f"__{alias}__" if alias in _RESERVED else alias


def merged(hint: Hint, made: dict[str, Any], where: str) -> dict[str, Any]:
    """The keys of a Schema marker. Refuses a key that contradicts the type."""
    keys: dict[str, Any] = {}
    for found in hint.all(Schema):
        clash = sorted(set(found.keys) & set(made))
        if clash:
            refuse(where, f"the Schema marker contradicts the type in {', '.join(clash)}")
        keys |= found.keys
    return keys
