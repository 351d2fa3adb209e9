"""A facet: one independently manageable setting of a bucket.

The same type holds the wish (from the spec) and what was observed (from a store), so comparing is
written once. ``None`` in a field is no opinion: not compared, and filled from the observed value when
written. A facet whose parts have owners of their own (a tag, a policy statement, a lifecycle rule)
says so in ``parts``: parts that nobody here declared are neither compared nor changed.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self

from imagestore.core.model import ByHand, Model, marker
from imagestore.core.reasons import Reason

Parts = frozenset[str]
WHOLE: Parts = frozenset()


class Removal(StrEnum):
    """What becomes of a managed setting when the spec stops mentioning it."""

    CLEAR = "Clear"  # harmless: CORS, tags, lifecycle
    RETAIN = "Retain"  # clearing would weaken protection: encryption, versioning, lock, quota
    HOLD = "Hold"  # either may be meant: policy
    LEAVE = "Leave"  # nothing was ever written: what is only looked at


@dataclass(frozen=True)
class Finding:
    """What somebody should know of what was observed, though the spec does not forbid it.

    ``name``: the type of its condition and the reason of its Event. ``message``: what it means and what to do.
    """

    name: Reason
    message: str


class Facet(Model):
    """One setting. Subclasses are values; the class variables tell the planner how to treat them."""

    removal: ClassVar[Removal]
    after: ClassVar[tuple[str, ...]] = ()  # facets (by spec name) that must be applied before this one
    at_creation: ClassVar[bool] = False  # must be asked for when the bucket is created
    finds: ClassVar[tuple[Reason, ...]] = ()  # the names of all findings that it may report

    def canonical(self) -> Self:
        """The same meaning in one form, so that equal meanings are equal values. Idempotent."""
        return self

    def is_empty(self) -> bool:
        """Whether this is the value of a bucket on which nothing is set."""
        return not self.to_json()

    def clears(self) -> bool:
        """Whether this wish, by saying nothing, asks that nothing be set: ``website: {}``."""
        return False

    def risk(self, before: Self | None) -> str | None:
        """Why going from ``before`` to this needs a person's consent, or None. Pure."""
        return None

    def removing(self, before: Self | None) -> Parts:
        """The parts by which the store would remove content that it keeps as things are. Pure."""
        return WHOLE

    def findings(self, observed: Self) -> tuple[Finding, ...]:
        """What a person should know of an observed value; what this wish asks for is no news. Pure."""
        return ()

    @classmethod
    def by_hand(cls) -> Mapping[str, str]:
        """The fields (by alias) that are never written, each with what a person does about a difference."""
        marked = ((i.alias or n, marker(i.metadata, ByHand)) for n, i in cls.model_fields.items())
        return {alias: found.remedy for alias, found in marked if found}

    def writable(self, observed: Self | None) -> Self:
        """This value with what is never written as it was observed."""
        fields = [n for n, i in type(self).model_fields.items() if marker(i.metadata, ByHand)]
        update = {n: getattr(observed, n) if observed is not None else None for n in fields}
        return self.model_copy(update=update) if fields else self

    @classmethod
    def whole(cls) -> bool:
        """Whether it is owned as a whole: a wish replaces whatever is there."""
        return cls.parts is Facet.parts and cls.removal is not Removal.LEAVE

    def parts(self) -> Parts | None:
        """The names of the separately owned parts in this value, or None if it is owned as a whole."""
        return None

    def keeps(self, name: str) -> bool:
        """Whether this wish leaves an observed part as it is, whoever it was ours by."""
        return False

    def owned(self) -> Parts:
        """Of an observed value: the parts that say themselves that they are ours, whatever is remembered."""
        return WHOLE

    def remembered_as(self, name: str) -> str:
        """The name under which a status remembers an observed part: its own, unless it was altered beyond recognition."""
        return name

    def claims(self, observed: Self | None) -> Parts:
        """The parts that this wish makes ours; an exclusive wish claims observed ones too."""
        return self.parts() or WHOLE

    def restrict(self, parts: Set[str]) -> Self:
        """Of an observed value: only these parts (all of it, where parts are not owned separately)."""
        return self

    def merge(self, observed: Self | None, parts: Set[str]) -> Self:
        """Exactly what will be written: this wish on top of what was observed.

        ``parts`` are those that are ours, declared now or managed before; other observed parts stay.
        """
        return self.filled(observed)

    def filled(self, observed: Self | None) -> Self:
        """This value with its absent fields taken from ``observed``; one that clears takes nothing."""
        if observed is None or self.clears():
            return self
        gaps: dict[str, Any] = {}
        for name in type(self).model_fields:
            mine, theirs = getattr(self, name), getattr(observed, name)
            if mine is None and theirs is not None:
                gaps[name] = theirs
        return self.model_copy(update=gaps) if gaps else self
