"""Object lock: objects that cannot be deleted before a date (WORM)."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from imagestore.core.facet import Facet, Removal
from imagestore.core.model import Cel


class ObjectLock(Facet):
    """Object lock: write once, read many. Presence enables the lock; with a mode, new objects are locked by default.

    A lock cannot be removed from a bucket: stores have no call for that.
    """

    removal: ClassVar[Removal] = Removal.RETAIN
    after: ClassVar[tuple[str, ...]] = ("versioning",)
    at_creation: ClassVar[bool] = True
    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.mode) == (has(self.days) || has(self.years))",
            "mode needs days or years, and they need mode; give both, or neither to enable"
            " the lock without a default",
        ),
        Cel("!(has(self.days) && has(self.years))", "give days or years, not both"),
    )

    mode: Annotated[
        Literal["Governance", "Compliance"] | None,
        Field(
            description="Default retention mode. Governance can be lifted with a special permission,"
            " Compliance by no account."
        ),
    ] = None
    days: Annotated[
        int | None, Field(ge=1, le=36500, description="Days for which a new object is locked.")
    ] = None
    years: Annotated[
        int | None, Field(ge=1, le=100, description="Years for which a new object is locked.")
    ] = None

    @property
    def length(self) -> int:
        """The default retention in days, with 365 days a year. 0 without a default."""
        return self.days or 365 * (self.years or 0)

    def is_empty(self) -> bool:
        return False

    def filled(self, observed: Self | None) -> Self:
        """Without a mode, take over the observed default. With a mode, the value is complete."""
        return observed if observed is not None and self.mode is None else self

    def risk(self, before: Self | None) -> str | None:
        if before is None:
            return "enabling object lock on an existing bucket: it can never be switched off again"
        if self.mode is None:
            return None
        if self.mode == "Compliance" and before.mode != "Compliance":
            return "compliance mode: no account, not even the owner's, can delete locked objects from then on"
        if self.length < before.length or before.mode == "Compliance" != self.mode:
            return "a weaker default lock: objects written from then on are protected less"
        return None
