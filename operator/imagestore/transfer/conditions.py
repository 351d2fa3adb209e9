"""Conditions of a write: by the store where it honours them, else by a look right before."""

from collections.abc import Callable
from dataclasses import dataclass

from imagestore.core.errors import Conflict
from imagestore.core.objects import UNCONDITIONAL, WriteCondition, WrittenObject
from imagestore.transfer.copies import CopyPair, present


@dataclass(frozen=True)
class Guarded:
    """A write to one key of the destination."""

    pair: CopyPair
    target: str
    condition: WriteCondition
    in_parts: bool

    def write(self, attempt: Callable[[WriteCondition], WrittenObject]) -> WrittenObject:
        """Write if the condition holds. Conflict: it does not."""
        pair = self.pair
        if pair.destination.traits.honour(self.condition, versioned=pair.versioned, in_parts=self.in_parts):
            return attempt(self.condition)
        self.check()
        return attempt(UNCONDITIONAL)

    def check(self) -> None:
        """Between this look and the write another program may write: the store has nothing better."""
        there = present(self.pair.destination, self.pair.bucket, self.target)
        wanted, found = self.condition.etag, there.etag if there else ""
        if (self.condition.absent and there) or (wanted and wanted != found):
            raise Conflict("the destination has changed", code="PreconditionFailed", operation="HeadObject")
