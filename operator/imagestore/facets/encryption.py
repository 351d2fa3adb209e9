"""Default encryption at rest."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from imagestore.core.facet import Facet, Removal
from imagestore.core.model import Cel, KmsKey


class Encryption(Facet):
    """Default encryption of new objects at rest, for writers that request none."""

    removal: ClassVar[Removal] = Removal.RETAIN
    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "self.algorithm == 'SSE-KMS' || (!has(self.keyId) && !has(self.bucketKey))",
            "keyId and bucketKey belong to algorithm: SSE-KMS; remove them or change the algorithm",
        ),
    )

    algorithm: Annotated[
        Literal["SSE-S3", "SSE-KMS"],
        Field(
            description="SSE-S3 uses the store's own keys. SSE-KMS uses a key of the store's key management service."
        ),
    ]
    key_id: Annotated[
        str | None,
        KmsKey(),
        Field(
            min_length=1,
            max_length=2048,
            description="Id or ARN of the KMS key. Absent: the store's default key.",
        ),
    ] = None
    bucket_key: Annotated[
        bool | None,
        Field(
            description="Whether to derive object keys from a bucket key, which needs fewer calls to the KMS (AWS)."
        ),
    ] = None

    def filled(self, observed: Self | None) -> Self:
        """Fill in the observed key only where the algorithm is the same."""
        same = observed is not None and observed.algorithm == self.algorithm
        return super().filled(observed) if same else self

    def risk(self, before: Self | None) -> str | None:
        if before is None or before.algorithm != "SSE-KMS":
            return None
        if self.algorithm != "SSE-KMS":
            return "from a KMS key to the store's own keys: new objects are no longer protected by that key"
        if before.key_id and self.key_id and not _same_key(before.key_id, self.key_id):
            return f"new objects would be protected by {self.key_id} instead of {before.key_id}"
        return None


def _same_key(one: str, other: str) -> bool:
    """Whether two names mean the same key: an id and the ARN that ends with it do.

    Only the store can resolve an alias.
    """
    return one == other or one.endswith(f"/{other}") or other.endswith(f"/{one}")
