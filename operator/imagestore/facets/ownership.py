"""Object ownership: whether ACLs count, and whose an object is that another account uploads."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from imagestore.core.facet import Facet, Removal


class Ownership(Facet):
    """Who owns what others upload. ACLs count in every mode but BucketOwnerEnforced."""

    removal: ClassVar[Removal] = Removal.RETAIN

    object_ownership: Annotated[
        Literal["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"],
        Field(
            description="BucketOwnerEnforced: the bucket's owner owns every object and ACLs do not count."
            " BucketOwnerPreferred: so he does if the upload says so. ObjectWriter: whoever uploads owns."
        ),
    ]

    def risk(self, before: Self | None) -> str | None:
        if before is None or before.object_ownership != "BucketOwnerEnforced" or self == before:
            return None
        return "ACLs would count again: whatever old ACLs grant is open from then on"
