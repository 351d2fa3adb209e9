"""Quota: the size at which the store refuses further writes."""

from typing import Annotated, ClassVar, Self

from pydantic import Field

from imagestore.core.facet import Facet, Removal
from imagestore.core.model import Cel, Quantity, SpecOnly
from imagestore.core.units import byte_count, quantity


class Quota(Facet):
    """Quota: the size at which the store refuses further writes.

    The operator sets it through the store's admin API.
    """

    removal: ClassVar[Removal] = Removal.RETAIN

    hard: Annotated[
        Quantity,
        Cel(
            "quantity(self).isGreaterThan(quantity('0')) && quantity(self).isLessThan(quantity('8192Pi'))",
            "a quota is more than 0 and less than 8192Pi; 0 would mean no limit on most stores",
        ),
        Field(description="Size limit, such as 500Gi."),
    ]
    warn_percent: Annotated[
        int | None,
        SpecOnly(),
        Field(
            ge=1,
            le=100,
            description="Percentage of the quota at which the operator warns with the condition"
            " QuotaNearlyFull. Absent: no warning.",
        ),
    ] = None

    def warns_of(self, held: int) -> bool:
        """Whether this many bytes reach ``warn_percent`` of the quota."""
        return self.warn_percent is not None and held * 100 >= byte_count(self.hard) * self.warn_percent

    def canonical(self) -> Self:
        return self.model_copy(update={"hard": quantity(byte_count(self.hard))})
