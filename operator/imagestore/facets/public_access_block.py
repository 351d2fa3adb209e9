"""Public access block: a switch above every policy and ACL."""

from typing import Annotated, ClassVar, Self

from pydantic import Field

from imagestore.core.facet import Facet, Removal


class PublicAccessBlock(Facet):
    """Refuse what would open the bucket to everybody, whatever policies and ACLs say."""

    removal: ClassVar[Removal] = Removal.RETAIN

    block_public_acls: Annotated[bool | None, Field(description="Refuse new public ACLs.")] = None
    ignore_public_acls: Annotated[bool | None, Field(description="Ignore public ACLs that exist.")] = None
    block_public_policy: Annotated[bool | None, Field(description="Refuse public bucket policies.")] = None
    restrict_public_buckets: Annotated[
        bool | None, Field(description="Only the owner's account may use a bucket with a public policy.")
    ] = None

    def is_empty(self) -> bool:
        return not any(self.to_json().values())

    def risk(self, before: Self | None) -> str | None:
        was = before.to_json() if before else {}
        lowered = sorted(k for k, v in self.to_json().items() if v is False and was.get(k))
        return f"switching off {', '.join(lowered)}: the bucket may become public" if lowered else None
