"""What each S3 store holds, as data. Every line is proven by ``tests/contract`` on the server it names, unless the
profile says that it is known by the store's documentation only: then what is not certain is not supported.

A facet that is not supported has no driver: nothing of it is ever sent. ``reason`` is the store's own answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from imagestore.api.imagebucket import FACETS
from imagestore.api.storagebackend import Provider
from imagestore.backends.s3.emptying import UploadKeys
from imagestore.backends.s3.notifications import ONE_BY_ONE
from imagestore.backends.s3.setting import Setting
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
    rules may move objects to. ``permissions`` replaces a row's where the store has its own words, ``rows`` a whole
    row where it has its own ways. ``documents``: where what is said here was read, of a store that nobody here
    could ask.
    """

    product: str
    support: Mapping[str, Support]
    location: Location = Location.NONE
    lifecycle_lossless: bool = False
    tiering: Tiering = NO_TIERS
    upload_keys: UploadKeys = "Declared"
    permissions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rows: Mapping[str, Setting[Any]] = field(default_factory=dict)
    documents: tuple[str, ...] = ()

    def row(self, usual: Setting[Any]) -> Setting[Any]:
        """The store's own row of a setting, or the usual one."""
        return self.rows.get(usual.facet, usual)


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
        "logging": FULL,
        "inventory": FULL,
        "notifications": FULL,
        "acl": FULL,
    },
    location=Location.REGION,
    # After a PUT, S3 may answer with the old rules for half a minute: a trial would refuse what it keeps.
    lifecycle_lossless=True,
    tiering=Tiering(
        defaults={"Cool": "STANDARD_IA", "Cold": "GLACIER_IR", "Archive": "DEEP_ARCHIVE"},
        least_days={"STANDARD_IA": 30, "ONEZONE_IA": 30},
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
        "cors": _none(
            "PutBucketCors: 501 NotImplemented; CORS is a setting of the whole server, for its administrator:"
            " mc admin config set ALIAS api cors_allow_origin=https://shop.example"
        ),
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
        "logging": _none("PutBucketLogging: 400 MalformedXML; a read answers a dummy"),
        "inventory": _none(
            "PutBucketInventoryConfiguration: 400 MalformedXML; a removal removes the bucket, if it is empty"
        ),
        "notifications": _partial(
            "targets of the server's configuration (webhook, Kafka and others), as queues",
            lost=("topics[]", "functions[]", "eventBridge"),
        ),
        "acl": _none("PutBucketAcl: 501 NotImplemented; a read answers a dummy"),
    },
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
        "logging": _none("PutBucketLogging: 405 MethodNotAllowed (16.2); a read answers a dummy"),
        "inventory": _none(
            "PutBucketInventoryConfiguration: 400 InvalidArgument (16.2); a removal removes the bucket, if it is empty"
        ),
        "notifications": _partial(
            "topics only, made through the gateway's SNS API",
            lost=("queues[]", "functions[]", "eventBridge"),
        ),
        "acl": FULL,
    },
    permissions={"quota": ("caps buckets=*",)},
    rows={"notifications": ONE_BY_ONE},
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
        "logging": _none("PutBucketLogging: 409 BucketAlreadyOwnedByYou; a read answers a dummy"),
        "inventory": _none(
            "PutBucketInventoryConfiguration: 409 BucketAlreadyOwnedByYou; a read answers a dummy, and a removal"
            " removes the bucket with all that is in it"
        ),
        "notifications": _none("PutBucketNotificationConfiguration: 409 BucketAlreadyOwnedByYou"),
        "acl": FULL,
    },
    upload_keys="Literal",
)

_IBM_SILENT = _none("IBM's description of its S3 API does not have it, or not for certain")

IBM = Profile(
    product="IBM Cloud Object Storage",
    support=dict.fromkeys(FACETS, _IBM_SILENT)
    | {
        "versioning": FULL,
        "cors": FULL,
        "lifecycle": _partial(
            "IBM describes expiry after days by prefix, and unfinished uploads",
            lost=(
                "rules[].expire.date",
                "rules[].transitions",
                "rules[].match.tags",
                "rules[].match.minSize",
                "rules[].match.maxSize",
                "rules[].noncurrent",
                "rules[].removeExpiredDeleteMarkers",
            ),
        ),
        "tags": _none("IBM describes bucket tags for systems in vault mode only, not for its cloud"),
        "objectLock": _none(
            "IBM describes a lock that nobody can lift; not proven here, and a mistake could never be undone"
        ),
        "publicAccessBlock": _none("IBM describes it for its systems on premises, not for its cloud"),
        "website": _none("IBM describes websites, but not for certain by these calls"),
        "policy": _none("access is a matter of IBM's IAM; its S3 API has no bucket policy"),
        "quota": _none("a quota is set through IBM's Resource Configuration API"),
    },
    documents=(
        "https://cloud.ibm.com/docs/cloud-object-storage?topic=cloud-object-storage-compatibility-api",
        "https://cloud.ibm.com/docs/cloud-object-storage?topic=cloud-object-storage-versioning",
        "https://cloud.ibm.com/docs/cloud-object-storage?topic=cloud-object-storage-expiry",
        "https://cloud.ibm.com/docs/cloud-object-storage?topic=cloud-object-storage-lifecycle-cleanup-mpu",
    ),
)

_ORACLE_BUCKETS_ONLY = _none(
    "Oracle's S3 compatibility has calls for buckets, objects and uploads only; this is set through Oracle's own API"
)

ORACLE = Profile(
    product="Oracle Cloud Object Storage",
    support=dict.fromkeys(FACETS, _ORACLE_BUCKETS_ONLY),
    documents=(
        "https://docs.oracle.com/en-us/iaas/Content/Object/Tasks/s3compatibleapi.htm",
        "https://docs.public.content.oci.oraclecloud.com/en-us/iaas/Content/Object/Tasks/"
        "s3compatibleapi_topic-Amazon_S3_Compatibility_API_Support.htm",
    ),
)

_UNPROVEN = _none(
    "not proven for a server of unknown make: one that does not know a setting may take the request for"
    " another one, up to deleting the bucket"
)

GENERIC = Profile(product="S3", support=dict.fromkeys(FACETS, _UNPROVEN) | {"versioning": FULL})

PROFILES: Mapping[Provider, Profile] = {
    "AWS": AWS,
    "MinIO": MINIO,
    "Ceph": CEPH,
    "SeaweedFS": SEAWEEDFS,
    "IBM": IBM,
    "Oracle": ORACLE,
    "S3": GENERIC,
}
