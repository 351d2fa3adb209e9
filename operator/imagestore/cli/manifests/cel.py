"""Evaluates the schema's CEL rules as the API server does, so that a plan reports them before apply.

Optional: without the ``cli`` extra only the API server checks the rules, and a note says so.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from imagestore.cli.manifests.problems import Steps
from imagestore.cli.manifests.shape import Complaint
from imagestore.cli.manifests.typed_values import TypedValue
from imagestore.core.model import Cel

UNAVAILABLE = (
    "the CEL rules of the schema are checked by the API server only; to check them here:"
    " pip install 'imagestore-operator[cli]'"
)


def available() -> bool:
    """Whether the rules can be evaluated here."""
    try:
        import cel_expr_python  # noqa: F401
    except ImportError:
        return False
    return True


def broken_rules(values: Iterable[TypedValue], wrong: Iterable[Steps]) -> Iterator[Complaint]:
    """The rules that the values break. As on the API server, a value of the wrong shape is not checked further."""
    bad = {steps[:n] for steps in wrong for n in range(len(steps) + 1)}
    if not available():
        return
    for typed in values:
        if typed.value is not None and typed.steps not in bad:
            yield from _broken(typed)


def _broken(typed: TypedValue) -> Iterator[Complaint]:
    rules = [m for m in typed.marks if isinstance(m, Cel)]
    rules += typed.model.cel if typed.model else ()
    for rule in rules:
        if "oldSelf" not in rule.rule and not satisfies(rule.rule, typed.value):
            steps, label = typed.steps, typed.label
            if rule.field_path:
                field = rule.field_path.lstrip(".")
                steps, label = (*steps, *field.split(".")), f"{label}.{field}"
            yield Complaint(steps, label, rule.message)


def satisfies(rule: str, value: Any) -> bool:
    """Whether a rule holds. True if this runtime cannot evaluate it: then the API server decides."""
    program = _program(rule)
    if program is None:
        return True
    answer = program.eval(data={"self": value}).value()
    return answer is not False


@cache
def _program(rule: str) -> Any:
    try:
        return _environment().compile(rule)
    except RuntimeError:  # a function of Kubernetes' own, such as quantity()
        return None


@cache
def _environment() -> Any:
    from cel_expr_python import cel

    return cel.NewEnv(variables={"self": cel.Type.DYN})
