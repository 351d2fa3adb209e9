"""Object lock: objects that nobody may delete before their time (WORM)."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from imagestore.core.facet import Facet, Removal
from imagestore.core.model import Cel


class ObjectLock(Facet):
    """Write once, read many. Presence enables the lock; with a mode, new objects get it by default.

    Once a bucket has a lock it cannot lose it: stores offer no call for that.
    """

    removal: ClassVar[Removal] = Removal.RETAIN
    after: ClassVar[tuple[str, ...]] = ("versioning",)
    at_creation: ClassVar[bool] = True
    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.mode) == (has(self.days) || has(self.years))",
            "give mode together with days or years, or none of them to enable the lock without a default",
        ),
        Cel("!(has(self.days) && has(self.years))", "give days or years, not both"),
    )

    mode: Annotated[
        Literal["Governance", "Compliance"] | None,
        Field(description="Governance may be lifted with a special permission, Compliance by nobody."),
    ] = None
    days: Annotated[
        int | None, Field(ge=1, le=36500, description="How long a new object is locked, in days.")
    ] = None
    years: Annotated[
        int | None, Field(ge=1, le=100, description="How long a new object is locked, in years.")
    ] = None

    @property
    def length(self) -> int:
        """The default retention in days (a year counts 365); 0 without one."""
        return self.days or 365 * (self.years or 0)

    def is_empty(self) -> bool:
        return False

    def filled(self, observed: Self | None) -> Self:
        """A lock without a default has no opinion on one; with a mode, the wish is complete."""
        return observed if observed is not None and self.mode is None else self

    def risk(self, before: Self | None) -> str | None:
        if before is None:
            return "enabling object lock on an existing bucket: it can never be switched off again"
        if self.mode is None:
            return None
        if self.mode == "Compliance" and before.mode != "Compliance":
            return "compliance mode: nobody, not even the account's owner, can delete what is locked from then on"
        if self.length < before.length or before.mode == "Compliance" != self.mode:
            return "a weaker default lock: objects written from then on are protected less"
        return None
