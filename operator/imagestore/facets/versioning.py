"""Versioning: whether overwritten and deleted objects are kept as noncurrent versions."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from imagestore.core.facet import Facet, Removal


class Versioning(Facet):
    """Keep overwritten and deleted objects as noncurrent versions.

    MFA delete is not managed: it needs the account's root and a code for each call.
    """

    removal: ClassVar[Removal] = Removal.RETAIN

    state: Annotated[
        Literal["Enabled", "Suspended"],
        Field(description="Enabled keeps old versions. Suspended stops making new ones; existing ones stay."),
    ]

    def risk(self, before: Self | None) -> str | None:
        if before is not None and before.state == "Enabled" and self.state == "Suspended":
            return (
                "suspending versioning: from then on an overwritten or deleted object cannot be brought back"
            )
        return None
