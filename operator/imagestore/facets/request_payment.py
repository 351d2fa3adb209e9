"""Request payment: whose account pays for requests and for what is downloaded."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from imagestore.core.facet import Facet, Removal


class RequestPayment(Facet):
    """Who pays for requests and downloads. Where the requester pays, nobody gets in without an account."""

    removal: ClassVar[Removal] = Removal.RETAIN

    payer: Annotated[
        Literal["BucketOwner", "Requester"],
        Field(description="Requester: whoever asks pays, and requests without an account are refused."),
    ]

    def risk(self, before: Self | None) -> str | None:
        if before is None or before.payer != "Requester" or self.payer == "Requester":
            return None
        return "the bucket's owner would pay again, and what is public would again be open without an account"
