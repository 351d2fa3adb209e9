"""What the generated pages say of the S3 stores: the support matrix and the least a store must grant."""

from collections.abc import Mapping

from imagestore.api.storagebackend import Provider
from imagestore.backends.s3.profiles import PROFILES
from imagestore.backends.s3.settings import SETTINGS
from imagestore.core.reading import Level, Support

# What every bucket needs before any setting is read: look, create, the deletion policies, and counting what is in it.
OBJECT_TAGS = ("s3:GetObjectTagging", "s3:GetObjectVersionTagging")  # for rules that ask for tags
BUCKET_PERMISSIONS: Mapping[str, tuple[str, ...]] = {
    "probe": ("s3:ListAllMyBuckets",),
    "look": ("s3:ListBucket",),
    "create": ("s3:CreateBucket",),
    "DeleteIfEmpty": ("s3:DeleteBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"),
    "counting": ("s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads", *OBJECT_TAGS),
    "DeleteAll": ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload"),
}


def support_matrix() -> Mapping[Provider, Mapping[str, Support]]:
    """Per provider and facet, in the order of the spec. Quota is as it is when spec.admin is given."""
    return {provider: dict(profile.support) for provider, profile in PROFILES.items()}


def products() -> Mapping[Provider, str]:
    """The product's name for each provider."""
    return {provider: profile.product for provider, profile in PROFILES.items()}


def permissions(provider: Provider) -> Mapping[str, tuple[str, ...]]:
    """Per facet that the provider supports, what the store must grant the operator for it.

    Of provider S3: for all that its administrator may declare. Besides them: ``BUCKET_PERMISSIONS``. ``imagestore.dev/owner`` is a tag: where tags are supported, those
    permissions are always needed.
    """
    profile = PROFILES[provider]
    held = [
        row
        for row in SETTINGS
        if profile.support[row.facet].level is not Level.NONE
        or (provider == "S3" and not row.read.startswith("admin:"))
    ]
    return {row.facet: profile.permissions.get(row.facet, row.permissions) for row in held}


def tier_permissions(provider: Provider) -> tuple[str, ...]:
    """What the store must grant for the remote tiers of its StorageBackend; none: it has no such tiers."""
    return PROFILES[provider].remote_tiers


def admin_permissions(provider: Provider) -> Mapping[str, tuple[str, ...]]:
    """What the store's admin API must grant for what a status tells, by its field."""
    return PROFILES[provider].admin_permissions


def stand_in(provider: Provider) -> str:
    """On what the contract suite proved the profile, if not on the store itself."""
    return PROFILES[provider].stand_in


def documents(provider: Provider) -> tuple[str, ...]:
    """Where what is said of the store was read, if nobody here could ask it."""
    return PROFILES[provider].documents
