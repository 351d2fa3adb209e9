"""Default encryption at rest."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from imagestore.core.facet import Facet, Removal
from imagestore.core.model import Cel, KmsKey


class Encryption(Facet):
    """How objects are encrypted at rest when the writer does not say."""

    removal: ClassVar[Removal] = Removal.RETAIN
    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "self.algorithm == 'SSE-KMS' || (!has(self.keyId) && !has(self.bucketKey))",
            "keyId and bucketKey belong to algorithm: SSE-KMS; remove them or change the algorithm",
        ),
    )

    algorithm: Annotated[
        Literal["SSE-S3", "SSE-KMS"],
        Field(description="SSE-S3: the store's own keys. SSE-KMS: a key of its key management service."),
    ]
    key_id: Annotated[
        str | None,
        KmsKey(),
        Field(
            min_length=1, max_length=2048, description="The key's id or ARN; absent: the store's default key."
        ),
    ] = None
    bucket_key: Annotated[
        bool | None, Field(description="Derive object keys from a bucket key: fewer calls to the KMS (AWS).")
    ] = None

    def filled(self, observed: Self | None) -> Self:
        """A key belongs to its algorithm: nothing is taken over from another one."""
        same = observed is not None and observed.algorithm == self.algorithm
        return super().filled(observed) if same else self

    def risk(self, before: Self | None) -> str | None:
        if before is not None and before.algorithm == "SSE-KMS" and self.algorithm == "SSE-S3":
            return "from a KMS key to the store's own keys: new objects are no longer protected by that key"
        return None
