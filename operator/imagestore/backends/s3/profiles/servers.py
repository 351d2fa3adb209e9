"""What each S3 store holds, as data. Every line is proven by ``tests/contract`` on the server it names, unless the
profile names a stand-in, or says that it is known by the store's documentation only: then what is not certain is not
supported.

A facet that is not supported has no driver: nothing of it is ever sent. ``reason`` is the store's own answer.
"""

from collections.abc import Mapping

from imagestore.api.imagebucket import FACETS
from imagestore.api.providers import AMAZON_CLASSES, Provider
from imagestore.backends.s3.lifecycle.rules import AS_FOUND, JOINED
from imagestore.backends.s3.lifecycle.tiers import MOVES, StoreTiering
from imagestore.backends.s3.profiles.documented import IBM, ORACLE
from imagestore.backends.s3.profiles.kept import (
    AWS_OBJECTS,
    CEPH_OBJECTS,
    MINIO_OBJECTS,
    SEAWEEDFS_OBJECTS,
    UNKNOWN_OBJECTS,
)
from imagestore.backends.s3.profiles.profile import IdentitySource, Location, Profile, none, partial
from imagestore.backends.s3.replication.rules import TARGETED
from imagestore.backends.s3.serving.notifications import ONE_BY_ONE
from imagestore.core.losses import Limit
from imagestore.core.reading import FULL, Level, Support

# Amazon's limit, which the others have taken over.
_RULES = Limit("rules", "a bucket holds at most 1000 rules; declare fewer", most=1000)


AWS = Profile(
    product="Amazon S3",
    stand_in="moto, and for what moto lacks on a stand-in that follows Amazon's service model",
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
        "quota": none("Amazon S3 has no quota on a bucket"),
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
        "replication": partial(
            "version deletes are never copied, and objects that were there before need S3 Batch Replication",
            lost=(
                "rules[].permanentDeletes",
                "rules[].existingObjects",
                "rules[].destination.synchronous",
                "rules[].destination.bandwidth",
            ),
        ),
        "acl": FULL,
    },
    location=Location.REGION,
    identity=IdentitySource.ACCOUNT,
    recreates_in=("us-east-1",),
    # After a PUT, S3 may answer with the old rules for half a minute: a trial would refuse what it keeps.
    lifecycle_lossless=True,
    tiering=StoreTiering(
        defaults={"Cool": "STANDARD_IA", "Cold": "GLACIER_IR", "Archive": "DEEP_ARCHIVE"},
        least_days={"STANDARD_IA": 30, "ONEZONE_IA": 30},
        at_once=True,
        ladder=AMAZON_CLASSES,
        smallest=128 * 1024,
    ),
    objects=AWS_OBJECTS,
)

MINIO = Profile(
    product="MinIO",
    support={
        "versioning": FULL,
        "objectLock": partial("only a bucket created with object lock can have it"),
        "encryption": partial("there are no bucket keys", lost=("bucketKey",)),
        "tags": partial("keys and values take ASCII letters, digits and + - . _ : / @ = only"),
        "publicAccessBlock": none("PutPublicAccessBlock: 400 MalformedXML"),
        "policy": partial(
            "no service can be a principal, and requireTls is not enforced",
            weak=("requireTls is stored, but MinIO answers plain HTTP all the same: serve TLS only",),
        ),
        "cors": none(
            "PutBucketCors: 501 NotImplemented; CORS is a setting of the whole server, for its administrator:"
            " mc admin config set ALIAS api cors_allow_origin=https://shop.example"
        ),
        "lifecycle": partial(
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
        "ownership": none("PutBucketOwnershipControls: 400 MalformedXML"),
        "requestPayment": none("PutBucketRequestPayment: 400 MalformedXML; a read answers a dummy"),
        "transferAcceleration": none(
            "PutBucketAccelerateConfiguration: 400 MalformedXML; a read answers a dummy"
        ),
        "website": none("PutBucketWebsite: 400 MalformedXML"),
        "intelligentTiering": none("PutBucketIntelligentTieringConfiguration: 400 MalformedXML"),
        "requestMetrics": none("PutBucketMetricsConfiguration: 400 MalformedXML"),
        "storageClassAnalysis": none("PutBucketAnalyticsConfiguration: 400 MalformedXML"),
        "logging": none("PutBucketLogging: 400 MalformedXML; a read answers a dummy"),
        "inventory": none(
            "PutBucketInventoryConfiguration: 400 MalformedXML; a removal removes the bucket, if it is empty"
        ),
        "notifications": partial(
            "targets of the server's configuration (webhook, Kafka and others), as queues",
            lost=("topics[]", "functions[]", "eventBridge"),
        ),
        "replication": partial(
            "to one bucket of each other MinIO, in the class of the object",
            lost=("rules[].replicationTimeControl", "rules[].destination.tier"),
        ),
        "acl": none("PutBucketAcl: 501 NotImplemented; a read answers a dummy"),
    },
    identity=IdentitySource.DEPLOYMENT,
    targets=True,
    rows={"replication": TARGETED},
    permissions={
        "replication": (
            "s3:GetReplicationConfiguration",
            "s3:PutReplicationConfiguration",
            "s3:ResetBucketReplicationState",
            "admin:GetBucketTarget",
            "admin:SetBucketTarget",
        )
    },
    usage_at_once=True,
    admin_permissions={
        "status.usage": ("admin:DataUsageInfo",),
        "status.identity of the StorageBackend": ("admin:ServerInfo",),
    },
    recreates_in=(),
    dated=True,
    tiering=StoreTiering(at_once=True, once=True),
    remote_tiers=("admin:ListTier", "admin:SetTier"),
    objects=MINIO_OBJECTS,
)

CEPH = Profile(
    product="Ceph Object Gateway",
    support={
        "versioning": FULL,
        "objectLock": partial("only a bucket created with object lock can have it"),
        "encryption": none("PutBucketEncryption: 400 InvalidArgument (16.2)"),
        "tags": FULL,
        "publicAccessBlock": partial(
            "blockPublicAcls blocks uploads (16.2)",
            weak=("with blockPublicAcls RGW 16.2 answers every PutObject with 403, private ones too",),
        ),
        "policy": partial(
            "requireTls is not enforced (16.2)",
            weak=("requireTls is stored, but RGW 16.2 answers plain HTTP all the same: serve TLS only",),
        ),
        "cors": FULL,
        "lifecycle": partial(
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
        "quota": partial("whole KiB only"),
        "ownership": none("PutBucketOwnershipControls: 400 InvalidArgument (16.2)"),
        "requestPayment": FULL,
        "transferAcceleration": none(
            "PutBucketAccelerateConfiguration: 400 InvalidArgument (16.2); a read answers a dummy"
        ),
        "website": none("PutBucketWebsite: 405 MethodNotAllowed, unless rgw_enable_static_website is set"),
        "intelligentTiering": none("PutBucketIntelligentTieringConfiguration: 400 InvalidArgument (16.2)"),
        "requestMetrics": none("PutBucketMetricsConfiguration: 400 InvalidArgument (16.2)"),
        "storageClassAnalysis": none("PutBucketAnalyticsConfiguration: 400 InvalidArgument (16.2)"),
        "logging": none("PutBucketLogging: 405 MethodNotAllowed (16.2); a read answers a dummy"),
        "inventory": none(
            "PutBucketInventoryConfiguration: 400 InvalidArgument (16.2); a removal removes the bucket, if it is empty"
        ),
        "notifications": partial(
            "topics only, made through the gateway's SNS API",
            lost=("queues[]", "functions[]", "eventBridge"),
        ),
        "replication": none(
            "PutBucketReplication: 405 MethodNotAllowed (16.2) until the gateway has a sync policy; with one it is stored"
            " without its filter, and nothing is copied inside one zone; use a ReplicationPolicy with method: Copy"
        ),
        "acl": FULL,
    },
    identity=IdentitySource.USER,
    dated=True,
    permissions={"quota": ("caps buckets=*",)},
    rows={"notifications": ONE_BY_ONE, "lifecycle": JOINED},
    objects=CEPH_OBJECTS,
)

SEAWEEDFS = Profile(
    product="SeaweedFS",
    support={
        "versioning": FULL,
        "objectLock": FULL,
        "encryption": partial(
            "SSE-KMS needs a KMS",
            weak=("SSE-KMS is stored without a KMS, too: every upload then fails with 500 InternalError",),
        ),
        "tags": partial("at most 10 tags, the owner's mark among them: 400 InvalidTag"),
        "publicAccessBlock": none("PutPublicAccessBlock: 501 NotImplemented"),
        "policy": FULL,
        "cors": FULL,
        "lifecycle": partial(
            "there are no tiers for single objects: a rule that moves them is answered with 501 NotImplemented",
            lost=MOVES,
            limits=(_RULES,),
        ),
        "quota": none("SeaweedFS sets quotas in its shell only (s3.bucket.quota)"),
        "ownership": FULL,
        "requestPayment": none("PutBucketRequestPayment: 400 MalformedXML; a read answers a dummy"),
        "transferAcceleration": none(
            "PutBucketAccelerateConfiguration: 409 BucketAlreadyOwnedByYou; a read answers a dummy"
        ),
        "website": none("PutBucketWebsite: 409 BucketAlreadyOwnedByYou"),
        "intelligentTiering": none("PutBucketIntelligentTieringConfiguration: 409 BucketAlreadyOwnedByYou"),
        "requestMetrics": none("PutBucketMetricsConfiguration: 409 BucketAlreadyOwnedByYou"),
        "storageClassAnalysis": none("PutBucketAnalyticsConfiguration: 409 BucketAlreadyOwnedByYou"),
        "logging": none("PutBucketLogging: 409 BucketAlreadyOwnedByYou; a read answers a dummy"),
        "inventory": none(
            "PutBucketInventoryConfiguration: 409 BucketAlreadyOwnedByYou; a read answers a dummy, and a removal"
            " removes the bucket with all that is in it"
        ),
        "notifications": none("PutBucketNotificationConfiguration: 409 BucketAlreadyOwnedByYou"),
        "replication": none(
            "PutBucketReplication: 409 BucketAlreadyOwnedByYou; a removal removes the bucket with all that is in it"
        ),
        "acl": FULL,
    },
    recreates_in=(),
    dated=True,
    rows={"lifecycle": AS_FOUND},
    objects=SEAWEEDFS_OBJECTS,
)

_UNPROVEN = none(
    "not proven for a server of unknown make: one that does not know a setting may take the request for"
    " another one, up to deleting the bucket"
)

GENERIC = Profile(
    product="S3", support=dict.fromkeys(FACETS, _UNPROVEN) | {"versioning": FULL}, objects=UNKNOWN_OBJECTS
)

PROFILES: Mapping[Provider, Profile] = {
    "AWS": AWS,
    "MinIO": MINIO,
    "Ceph": CEPH,
    "SeaweedFS": SEAWEEDFS,
    "IBM": IBM,
    "Oracle": ORACLE,
    "S3": GENERIC,
}
