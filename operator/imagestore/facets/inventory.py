"""Inventory: lists of a bucket's objects that the store writes to another bucket daily or weekly."""

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
    """Selects objects."""

    prefix: Annotated[Prefix, Field(description="Selects objects whose keys begin with this.")]


class ListEncryption(Model):
    """Encryption of the lists."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "(self.algorithm == 'SSE-KMS') == has(self.keyId)",
            "algorithm: SSE-KMS needs a keyId, and SSE-S3 has none; give or remove keyId",
        ),
    )

    algorithm: Annotated[
        Literal["SSE-S3", "SSE-KMS"],
        Field(
            description="SSE-S3 uses the store's own keys. SSE-KMS uses a key of the store's key management service."
        ),
    ]
    key_id: Annotated[
        str | None, KmsKey(), Field(min_length=1, max_length=2048, description="ARN of the KMS key.")
    ] = None


class Destination(Model):
    """Where the store writes the lists."""

    bucket_ref: Annotated[
        BucketRef,
        Reference("each list would contain the lists before it, so the bucket would grow without end"),
        Field(
            description="ImageBucket that receives the lists, in the same namespace and on the same backend."
        ),
    ]
    prefix: Annotated[
        str | None, Field(min_length=1, max_length=512, description="Prefix of the lists' keys.")
    ] = None
    format: Annotated[Literal["CSV", "ORC", "Parquet"], Field(description="File format of the lists.")]
    encryption: Annotated[
        ListEncryption | None,
        Field(
            description="Encryption of the lists. Absent: the default encryption of the bucket that receives them."
        ),
    ] = None


class InventoryConfiguration(Configuration):
    """One list."""

    state: Annotated[
        Literal["Enabled", "Disabled"] | None,
        Field(description="Disabled keeps the configuration without effect. Defaults to Enabled."),
    ] = None
    schedule: Annotated[
        Literal["Daily", "Weekly"],
        Field(description="How often the store writes the list. Weekly is on Sundays."),
    ]
    included_versions: Annotated[
        Literal["All", "Current"],
        Field(description="Whether the list has all versions of each object or only the current one."),
    ]
    filter: Annotated[Under | None, Field(description="Selects objects. Absent: all objects.")] = None
    optional_fields: Annotated[
        tuple[OptionalField, ...],
        ListSet(),
        Field(max_length=16, description="Fields of each entry besides the key."),
    ] = ()
    destination: Annotated[Destination, Field(description="Where the store writes the lists.")]

    def canonical(self) -> Self:
        """Return the configuration with an explicit state and sorted fields."""
        update = {"state": self.state or "Enabled", "optional_fields": tuple(sorted(self.optional_fields))}
        return super().canonical().model_copy(update=update)


class Inventory(Configurations):
    """Lists of the bucket's objects that the store writes to another bucket.

    Configurations that are not listed are left unchanged.
    """

    configurations: Annotated[
        tuple[InventoryConfiguration, ...],
        ListMap("name"),
        Field(max_length=100, description=BY_NAME),
    ] = ()
    exclusive: Exclusive = None
