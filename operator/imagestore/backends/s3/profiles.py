"""What each S3 store holds, as data. Every line is proven by ``tests/contract`` on the server it names.

A facet that is not supported has no driver: nothing of it is ever sent. ``reason`` is the store's own answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from imagestore.api.storagebackend import Provider
from imagestore.api.tiers import AMAZON_CLASSES
from imagestore.backends.s3.listing import UploadKeys
from imagestore.backends.s3.tiers import MOVES, NO_TIERS, Tiering
from imagestore.core.losses import Limit
from imagestore.core.reading import FULL, Level, Support


class Location(StrEnum):
    """What CreateBucket's location constraint may be."""

    REGION = "the region; nothing in us-east-1"  # AWS
    NONE = "never sent"


@dataclass(frozen=True)
class Profile:
    """One store's dialect.

    ``lifecycle_lossless``: rules need not be tried out disabled before they are written. ``tiering``: what lifecycle
    rules may move objects to. ``permissions`` replaces a row's where the store has its own words.
    """

    product: str
    support: Mapping[str, Support]
    location: Location = Location.NONE
    lifecycle_lossless: bool = False
    tiering: Tiering = NO_TIERS
    upload_keys: UploadKeys = "Declared"
    permissions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _none(reason: str) -> Support:
    return Support(Level.NONE, reason)


def _partial(
    reason: str, *, lost: tuple[str, ...] = (), weak: tuple[str, ...] = (), limits: tuple[Limit, ...] = ()
) -> Support:
    return Support(Level.PARTIAL, reason, lost, weak, limits)


# Amazon's limit, which the others have taken over.
_RULES = Limit("rules", "a bucket holds at most 1000 rules; declare fewer", most=1000)


AWS = Profile(
    product="Amazon S3",
    support={
        "versioning": FULL,
        "objectLock": FULL,
        "encryption": FULL,
        "tags": FULL,
        "publicAccessBlock": FULL,
        "policy": FULL,
        "cors": FULL,
        "lifecycle": Support(
            Level.FULL,
            weak=(
                "objects below 128 KiB stay where they are, unless a rule's match.minSize or the bucket's"
                " TransitionDefaultMinimumObjectSize says otherwise",
            ),
            limits=(_RULES,),
        ),
        "quota": _none("Amazon S3 has no quota on a bucket"),
        "ownership": FULL,
        "requestPayment": FULL,
        "transferAcceleration": FULL,
        "website": FULL,
        "intelligentTiering": FULL,
        "requestMetrics": FULL,
        "storageClassAnalysis": FULL,
    },
    location=Location.REGION,
    # After a PUT, S3 may answer with the old rules for half a minute: a trial would refuse what it keeps.
    lifecycle_lossless=True,
    tiering=Tiering(
        defaults={"Cool": "STANDARD_IA", "Cold": "GLACIER_IR", "Archive": "DEEP_ARCHIVE"},
        least_days={"STANDARD_IA": 30, "ONEZONE_IA": 30},
        ladder=AMAZON_CLASSES,
        smallest=128 * 1024,
    ),
)

MINIO = Profile(
    product="MinIO",
    support={
        "versioning": FULL,
        "objectLock": _partial("only a bucket created with object lock can have it"),
        "encryption": _partial("there are no bucket keys", lost=("bucketKey",)),
        "tags": _partial("keys and values take ASCII letters, digits and + - . _ : / @ = only"),
        "publicAccessBlock": _none("PutPublicAccessBlock: 400 MalformedXML"),
        "policy": _partial(
            "requireTls is not enforced",
            weak=("requireTls is stored, but MinIO answers plain HTTP all the same: serve TLS only",),
        ),
        "cors": _none("PutBucketCors: 501 NotImplemented; CORS is a setting of the whole server"),
        "lifecycle": _partial(
            "MinIO drops unfinished uploads by a setting of the whole server, and moves an object once only",
            lost=("rules[].abortIncompleteMultipartUpload", "rules[].noncurrent.transitions[].keepNewest"),
            limits=(
                _RULES,
                *(
                    Limit(
                        moves,
                        "MinIO never moves an object again that it has moved; keep one transition",
                        most=1,
                    )
                    for moves in MOVES
                ),
            ),
        ),
        "quota": FULL,
        "ownership": _none("PutBucketOwnershipControls: 400 MalformedXML"),
        "requestPayment": _none("PutBucketRequestPayment: 400 MalformedXML; a read answers a dummy"),
        "transferAcceleration": _none(
            "PutBucketAccelerateConfiguration: 400 MalformedXML; a read answers a dummy"
        ),
        "website": _none("PutBucketWebsite: 400 MalformedXML"),
        "intelligentTiering": _none("PutBucketIntelligentTieringConfiguration: 400 MalformedXML"),
        "requestMetrics": _none("PutBucketMetricsConfiguration: 400 MalformedXML"),
        "storageClassAnalysis": _none("PutBucketAnalyticsConfiguration: 400 MalformedXML"),
    },
    tiering=Tiering(once=True),
)

CEPH = Profile(
    product="Ceph Object Gateway",
    support={
        "versioning": FULL,
        "objectLock": _partial("only a bucket created with object lock can have it"),
        "encryption": _none("PutBucketEncryption: 400 InvalidArgument (16.2)"),
        "tags": FULL,
        "publicAccessBlock": _partial(
            "blockPublicAcls blocks uploads (16.2)",
            weak=("with blockPublicAcls RGW 16.2 answers every PutObject with 403, private ones too",),
        ),
        "policy": _partial(
            "requireTls is not enforced (16.2)",
            weak=("requireTls is stored, but RGW 16.2 answers plain HTTP all the same: serve TLS only",),
        ),
        "cors": FULL,
        "lifecycle": _partial(
            "size filters and keepNewest are dropped, which would expire far more (16.2)",
            lost=(
                "rules[].match.minSize",
                "rules[].match.maxSize",
                "rules[].noncurrent.expire.keepNewest",
                "rules[].noncurrent.transitions[].keepNewest",
            ),
            weak=(
                "a class in spec.tiers that the bucket's placement has not is stored all the same, and nothing moves",
            ),
            limits=(_RULES,),
        ),
        "quota": _partial("whole KiB only"),
        "ownership": _none("PutBucketOwnershipControls: 400 InvalidArgument (16.2)"),
        "requestPayment": FULL,
        "transferAcceleration": _none(
            "PutBucketAccelerateConfiguration: 400 InvalidArgument (16.2); a read answers a dummy"
        ),
        "website": _none("PutBucketWebsite: 405 MethodNotAllowed, unless rgw_enable_static_website is set"),
        "intelligentTiering": _none("PutBucketIntelligentTieringConfiguration: 400 InvalidArgument (16.2)"),
        "requestMetrics": _none("PutBucketMetricsConfiguration: 400 InvalidArgument (16.2)"),
        "storageClassAnalysis": _none("PutBucketAnalyticsConfiguration: 400 InvalidArgument (16.2)"),
    },
    permissions={"quota": ("caps buckets=*",)},
    upload_keys="Encoded",
)

SEAWEEDFS = Profile(
    product="SeaweedFS",
    support={
        "versioning": FULL,
        "objectLock": FULL,
        "encryption": _partial(
            "SSE-KMS needs a KMS",
            weak=("SSE-KMS is stored without a KMS, too: every upload then fails with 500 InternalError",),
        ),
        "tags": _partial("at most 10 tags, the owner's mark among them: 400 InvalidTag"),
        "publicAccessBlock": _none("PutPublicAccessBlock: 501 NotImplemented"),
        "policy": FULL,
        "cors": FULL,
        "lifecycle": _partial(
            "there are no tiers for single objects: a rule that moves them is answered with 501 NotImplemented",
            lost=MOVES,
            limits=(_RULES,),
        ),
        "quota": _none("SeaweedFS sets quotas in its shell only (s3.bucket.quota)"),
        "ownership": FULL,
        "requestPayment": _none("PutBucketRequestPayment: 400 MalformedXML; a read answers a dummy"),
        "transferAcceleration": _none(
            "PutBucketAccelerateConfiguration: 409 BucketAlreadyOwnedByYou; a read answers a dummy"
        ),
        "website": _none("PutBucketWebsite: 409 BucketAlreadyOwnedByYou"),
        "intelligentTiering": _none("PutBucketIntelligentTieringConfiguration: 409 BucketAlreadyOwnedByYou"),
        "requestMetrics": _none("PutBucketMetricsConfiguration: 409 BucketAlreadyOwnedByYou"),
        "storageClassAnalysis": _none("PutBucketAnalyticsConfiguration: 409 BucketAlreadyOwnedByYou"),
    },
    upload_keys="Literal",
)

_UNPROVEN = _none(
    "not proven for a server of unknown make: one that does not know a setting may take the request for"
    " another one, up to deleting the bucket"
)

GENERIC = Profile(
    product="S3",
    support={
        "versioning": FULL,
        "objectLock": _UNPROVEN,
        "encryption": _UNPROVEN,
        "tags": _UNPROVEN,
        "publicAccessBlock": _UNPROVEN,
        "policy": _UNPROVEN,
        "cors": _UNPROVEN,
        "lifecycle": _UNPROVEN,
        "quota": _UNPROVEN,
        "ownership": _UNPROVEN,
        "requestPayment": _UNPROVEN,
        "transferAcceleration": _UNPROVEN,
        "website": _UNPROVEN,
        "intelligentTiering": _UNPROVEN,
        "requestMetrics": _UNPROVEN,
        "storageClassAnalysis": _UNPROVEN,
    },
)

PROFILES: Mapping[Provider, Profile] = {
    "AWS": AWS,
    "MinIO": MINIO,
    "Ceph": CEPH,
    "SeaweedFS": SEAWEEDFS,
    "S3": GENERIC,
}
