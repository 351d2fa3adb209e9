"""Request payment: which account pays for requests and downloads."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from imagestore.core.facet import Facet, Removal


class RequestPayment(Facet):
    """Request payment: which account pays for requests and downloads."""

    removal: ClassVar[Removal] = Removal.RETAIN

    payer: Annotated[
        Literal["BucketOwner", "Requester"],
        Field(
            description="Requester: the requesting account pays, and the store refuses anonymous"
            " requests. BucketOwner: the bucket's owner pays."
        ),
    ]

    def risk(self, before: Self | None) -> str | None:
        if before is None or before.payer != "Requester" or self.payer == "Requester":
            return None
        return "the bucket's owner would pay again, and public objects would be readable without an account again"
