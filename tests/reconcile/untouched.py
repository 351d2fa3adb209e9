"""A reconcile decides from a Situation, and changes nothing in it."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

S = TypeVar("S")
T = TypeVar("T")
LIVE = {"backend", "token", "surveys", "neighbours"}  # asked during the reconcile, and no data


def content(value: Any) -> Any:
    """A copy of all data in a situation, to compare."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: content(getattr(value, f.name)) for f in fields(value) if f.name not in LIVE}
    return deepcopy(value)


def untouched(reconcile: Callable[[S], T]) -> Callable[[S], T]:
    """The reconcile, with the proof that its Situation is afterwards what it was before."""

    def checked(situation: S) -> T:
        before = content(situation)
        outcome = reconcile(situation)
        assert content(situation) == before, "the reconcile has changed its Situation"
        return outcome

    return checked
