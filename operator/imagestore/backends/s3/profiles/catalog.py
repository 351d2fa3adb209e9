"""What the generated pages say of the S3 stores: the support matrix and the least a store must grant."""

import json
from collections.abc import Mapping
from itertools import chain
from typing import Any

from imagestore.api.providers import Provider
from imagestore.backends.cloud import StorePage
from imagestore.backends.s3.profiles.servers import PROFILES
from imagestore.backends.s3.settings.table import SETTINGS
from imagestore.core.reading import Level

# What every bucket needs before any setting is read: check, create, the deletion policies, and counting what is in it.
OBJECT_TAGS = ("s3:GetObjectTagging", "s3:GetObjectVersionTagging")  # for rules that ask for tags
BUCKET_PERMISSIONS: Mapping[str, tuple[str, ...]] = {
    "probe": ("s3:ListAllMyBuckets",),
    "check": ("s3:ListBucket",),
    "create": ("s3:CreateBucket",),
    "DeleteIfEmpty": ("s3:DeleteBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"),
    "counting": ("s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads", *OBJECT_TAGS),
    "DeleteAll": ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload"),
}

# These act on objects; everything else acts on the bucket.
_ON_OBJECTS = frozenset((*BUCKET_PERMISSIONS["DeleteAll"], *OBJECT_TAGS))


def page(provider: Provider) -> StorePage:
    """Of one provider. Quota is as it is when spec.admin is given."""
    profile = PROFILES[provider]
    return StorePage(
        product=profile.product,
        support=dict(profile.support),
        settings=permissions(provider),
        buckets=BUCKET_PERMISSIONS,
        admin=profile.admin_permissions,
        tiers=profile.remote_tiers,
        stand_in=profile.stand_in,
        documents=profile.documents,
        example=iam_section() if provider == "AWS" else "",
        objects=profile.objects.traits,
    )


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


def iam_section() -> str:
    """A policy to paste, as the documentation has it."""
    return (
        "## An IAM policy for Amazon S3\n\nFor buckets whose names begin with `acme-`; with KMS keys the role that"
        " writes objects also needs the key.\n\n```json\n"
        + json.dumps(iam_policy("acme-*"), indent=2)
        + "\n```"
    )


def iam_policy(buckets: str) -> dict[str, Any]:
    """All settings and all deletion policies on Amazon S3, for buckets of this name."""
    needed = sorted(set(chain(*permissions("AWS").values(), *BUCKET_PERMISSIONS.values())))
    account = [a for a in needed if a in BUCKET_PERMISSIONS["probe"]]
    objects = [a for a in needed if a in _ON_OBJECTS]
    roles = [a for a in needed if a.startswith("iam:")]
    bucket = [a for a in needed if a not in (*account, *objects, *roles)]
    return {
        "Version": "2012-10-17",
        "Statement": [
            _statement("Probe", account, "*"),
            _statement("Buckets", bucket, f"arn:aws:s3:::{buckets}"),
            _statement("Objects", objects, f"arn:aws:s3:::{buckets}/*"),
            _statement("ReplicationRole", roles, "arn:aws:iam::123456789012:role/replication"),
        ],
    }


def _statement(sid: str, actions: list[str], resource: str) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
