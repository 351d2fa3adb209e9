"""Public access block: overrides policies and ACLs that make a bucket public."""

from typing import Annotated, ClassVar, Self

from pydantic import Field

from imagestore.core.facet import Facet, Removal


class PublicAccessBlock(Facet):
    """Public access block: overrides policies and ACLs that make the bucket public."""

    removal: ClassVar[Removal] = Removal.RETAIN

    block_public_acls: Annotated[bool | None, Field(description="Reject requests that set a public ACL.")] = (
        None
    )
    ignore_public_acls: Annotated[bool | None, Field(description="Ignore existing public ACLs.")] = None
    block_public_policy: Annotated[
        bool | None, Field(description="Reject bucket policies that allow public access.")
    ] = None
    restrict_public_buckets: Annotated[
        bool | None,
        Field(
            description="Restrict access to a bucket with a public policy to the owner's account and to services."
        ),
    ] = None

    def is_empty(self) -> bool:
        return not any(self.to_json().values())

    def risk(self, before: Self | None) -> str | None:
        was = before.to_json() if before else {}
        lowered = sorted(k for k, v in self.to_json().items() if v is False and was.get(k))
        return f"switching off {', '.join(lowered)}: the bucket may become public" if lowered else None
