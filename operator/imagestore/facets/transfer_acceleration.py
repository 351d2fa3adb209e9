"""Transfer acceleration: uploads and downloads through the store's nearest edge location. Amazon charges for it."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from imagestore.core.facet import Facet, Removal


class TransferAcceleration(Facet):
    """Transfer acceleration: an additional endpoint for distant clients, which is faster and costs more."""

    removal: ClassVar[Removal] = Removal.CLEAR

    state: Annotated[
        Literal["Enabled", "Suspended"],
        Field(description="Enabled opens the accelerated endpoint. The regular endpoint stays open."),
    ]
