"""Transfer acceleration: uploads and downloads by way of the store's nearest edge, for a price."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from imagestore.core.facet import Facet, Removal


class TransferAcceleration(Facet):
    """A second, faster and dearer endpoint for callers far away."""

    removal: ClassVar[Removal] = Removal.CLEAR

    state: Annotated[
        Literal["Enabled", "Suspended"],
        Field(description="Enabled opens the accelerated endpoint; the usual one goes on."),
    ]
