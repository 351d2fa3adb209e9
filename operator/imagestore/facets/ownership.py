"""Object ownership: whether ACLs apply, and which account owns objects that other accounts upload."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from imagestore.core.facet import Facet, Removal


class Ownership(Facet):
    """Object ownership: which account owns objects that other accounts upload, and whether ACLs apply."""

    removal: ClassVar[Removal] = Removal.RETAIN

    object_ownership: Annotated[
        Literal["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"],
        Field(
            description="BucketOwnerEnforced: the bucket's owner owns all objects, and the store ignores"
            " ACLs. BucketOwnerPreferred: the bucket's owner owns an object if the upload has"
            " the ACL bucket-owner-full-control. ObjectWriter: the uploading account owns the"
            " object."
        ),
    ]

    def risk(self, before: Self | None) -> str | None:
        if before is None or before.object_ownership != "BucketOwnerEnforced" or self == before:
            return None
        return "ACLs would apply again: the grants of old ACLs take effect from then on"
