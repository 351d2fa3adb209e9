"""Inventory: lists of what a bucket holds, delivered into another bucket day by day or week by week."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from imagestore.core.model import Cel, KmsKey, ListMap, ListSet, Model, Prefix, Reference
from imagestore.core.references import BucketRef
from imagestore.facets.configurations import BY_NAME, Configuration, Configurations, Exclusive

OptionalField = Literal[
    "Size",
    "LastModifiedDate",
    "StorageClass",
    "ETag",
    "IsMultipartUploaded",
    "ReplicationStatus",
    "EncryptionStatus",
    "ObjectLockRetainUntilDate",
    "ObjectLockMode",
    "ObjectLockLegalHoldStatus",
    "IntelligentTieringAccessTier",
    "BucketKeyStatus",
    "ChecksumAlgorithm",
    "ObjectAccessControlList",
    "ObjectOwner",
    "LifecycleExpirationDate",
]


class Under(Model):
    """Which objects."""

    prefix: Annotated[Prefix, Field(description="Keys that begin with this.")]


class ListEncryption(Model):
    """How the lists are encrypted."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "(self.algorithm == 'SSE-KMS') == has(self.keyId)",
            "algorithm: SSE-KMS needs a keyId, and SSE-S3 has none; give or remove keyId",
        ),
    )

    algorithm: Annotated[
        Literal["SSE-S3", "SSE-KMS"],
        Field(description="SSE-S3: the store's own keys. SSE-KMS: a key of its key management service."),
    ]
    key_id: Annotated[
        str | None, KmsKey(), Field(min_length=1, max_length=2048, description="The key's ARN.")
    ] = None


class Destination(Model):
    """Where the lists go."""

    bucket_ref: Annotated[
        BucketRef,
        Reference("each list would name the lists before it, and the bucket would never be done growing"),
        Field(description="The ImageBucket that takes the lists."),
    ]
    prefix: Annotated[
        str | None, Field(min_length=1, max_length=512, description="What their keys begin with.")
    ] = None
    format: Annotated[Literal["CSV", "ORC", "Parquet"], Field(description="Of the lists.")]
    encryption: Annotated[
        ListEncryption | None, Field(description="Absent: as the other bucket has it by default.")
    ] = None


class InventoryConfiguration(Configuration):
    """One list."""

    state: Annotated[
        Literal["Enabled", "Disabled"] | None, Field(description="A disabled one is kept and does nothing.")
    ] = None
    schedule: Annotated[Literal["Daily", "Weekly"], Field(description="How often; weekly is on Sundays.")]
    included_versions: Annotated[
        Literal["All", "Current"], Field(description="Every version, or only what a reader sees.")
    ]
    filter: Annotated[Under | None, Field(description="Which objects; absent: every object.")] = None
    optional_fields: Annotated[
        tuple[OptionalField, ...],
        ListSet(),
        Field(max_length=16, description="What is said besides the key."),
    ] = ()
    destination: Annotated[Destination, Field(description="Where the lists go.")]

    def canonical(self) -> Self:
        """The state is said; the order of the fields means nothing."""
        update = {"state": self.state or "Enabled", "optional_fields": tuple(sorted(self.optional_fields))}
        return super().canonical().model_copy(update=update)


class Inventory(Configurations):
    """Lists of what the bucket holds. Configurations that are not listed are left alone."""

    configurations: Annotated[
        tuple[InventoryConfiguration, ...],
        ListMap("name"),
        Field(max_length=100, description=BY_NAME),
    ] = ()
    exclusive: Exclusive = None
