"""A facet: one independently manageable setting of a bucket.

The same type holds the desired value (from the spec) and the observed one (from a store), so comparing is
written once. ``None`` in a field is no opinion: not compared, and filled from the observed value when
written. A facet whose parts have owners of their own (a tag, a policy statement, a lifecycle rule)
says so in ``parts``: foreign parts are neither compared nor changed.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any, ClassVar, Self

from imagestore.core.model import ByHand, Model, marker
from imagestore.core.reasons import Reason

Parts = frozenset[str]
WHOLE: Parts = frozenset()


class Removal(StrEnum):
    """What happens to a managed setting when the spec stops mentioning it."""

    CLEAR = auto()  # harmless: CORS, tags, lifecycle
    RETAIN = auto()  # clearing would weaken protection: encryption, versioning, lock, quota
    HOLD = auto()  # either may be meant: policy
    LEAVE = auto()  # nothing was ever written: observe-only settings


@dataclass(frozen=True)
class Finding:
    """An observed state that the spec allows but that needs attention.

    ``name``: the type of its condition and the reason of its Event. ``message``: what it means and what to do.
    """

    name: Reason
    message: str


class Facet(Model):
    """One setting. Subclasses are values; the class variables tell the planner how to treat them."""

    removal: ClassVar[Removal]
    after: ClassVar[tuple[str, ...]] = ()  # facets (by spec name) that must be applied before this one
    at_creation: ClassVar[bool] = False  # must be set when the bucket is created
    finds: ClassVar[tuple[Reason, ...]] = ()  # the names of all findings that it may report

    def canonical(self) -> Self:
        """Return the value in the one form of its meaning, so that equal meanings are equal values. Idempotent."""
        return self

    def is_empty(self) -> bool:
        """Whether this is the value of a bucket without the setting."""
        return not self.to_json()

    def clears(self) -> bool:
        """Whether this desired value, by being empty, clears the setting: ``website: {}``."""
        return False

    def risk(self, before: Self | None) -> str | None:
        """Return why a change from ``before`` to this needs approval, or None. Pure."""
        return None

    def removing(self, before: Self | None) -> Parts:
        """Return the parts with which the store would delete content that it keeps now. Pure."""
        return WHOLE

    def findings(self, observed: Self) -> tuple[Finding, ...]:
        """Return the findings in an observed value; what this desired value lists is intended. Pure."""
        return ()

    @classmethod
    def by_hand(cls) -> Mapping[str, str]:
        """Return the fields (by alias) that are never written, each with how a person fixes a difference."""
        marked = ((i.alias or n, marker(i.metadata, ByHand)) for n, i in cls.model_fields.items())
        return {alias: found.remedy for alias, found in marked if found}

    def writable(self, observed: Self | None) -> Self:
        """Return this value with the fields that are never written as they were observed."""
        fields = [n for n, i in type(self).model_fields.items() if marker(i.metadata, ByHand)]
        update = {n: getattr(observed, n) if observed is not None else None for n in fields}
        return self.model_copy(update=update) if fields else self

    @classmethod
    def whole(cls) -> bool:
        """Whether the setting has one owner: a desired value replaces whatever is observed."""
        return cls.parts is Facet.parts and cls.removal is not Removal.LEAVE

    def parts(self) -> Parts | None:
        """Return the names of the separately managed parts in this value, or None if it has one owner."""
        return None

    def keeps(self, name: str) -> bool:
        """Whether this desired value leaves an observed part unchanged, whichever object it is from."""
        return False

    @classmethod
    def temporary(cls, name: str) -> bool:  # noqa: ARG003 - a facet with such parts asks it
        """Whether the operator sets this part for a time only, so that to remove it needs no approval."""
        return False

    def owned(self) -> Parts:
        """Return the parts of an observed value that identify themselves as the operator's, whatever status remembers."""
        return WHOLE

    def remembered_as(self, name: str) -> str:
        """Return the name under which status remembers an observed part: its own, unless it was altered beyond
        recognition.
        """
        return name

    def claims(self, observed: Self | None) -> Parts:
        """Return the parts that this desired value makes the operator's.

        An exclusive one claims all observed parts.
        """
        return self.parts() or WHOLE

    def restrict(self, parts: Set[str]) -> Self:
        """Return an observed value reduced to these parts; all of it if the setting has one owner."""
        return self

    def merge(self, observed: Self | None, parts: Set[str]) -> Self:
        """Return exactly what will be written: this desired value on top of the observed one.

        ``parts`` are the operator's parts, declared now or managed before. Other observed parts stay.
        """
        return self.filled(observed)

    def filled(self, observed: Self | None) -> Self:
        """Return this value with its absent fields filled from ``observed``. A value that clears is not filled."""
        if observed is None or self.clears():
            return self
        gaps: dict[str, Any] = {}
        for name in type(self).model_fields:
            mine, theirs = getattr(self, name), getattr(observed, name)
            if mine is None and theirs is not None:
                gaps[name] = theirs
        return self.model_copy(update=gaps) if gaps else self
