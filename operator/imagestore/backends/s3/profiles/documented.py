"""Profiles by documentation only, of stores that were not at hand: what is not certain is not supported."""

from imagestore.api.imagebucket import FACETS
from imagestore.backends.s3.profiles.kept import IBM_OBJECTS, ORACLE_OBJECTS
from imagestore.backends.s3.profiles.profile import Profile, none, partial
from imagestore.core.reading import FULL

_IBM_SILENT = none("IBM's description of its S3 API does not have it, or not for certain")

IBM = Profile(
    product="IBM Cloud Object Storage",
    support=dict.fromkeys(FACETS, _IBM_SILENT)
    | {
        "versioning": FULL,
        "cors": FULL,
        "lifecycle": partial(
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
        "tags": none("IBM describes bucket tags for systems in vault mode only, not for its cloud"),
        "objectLock": none(
            "IBM describes a lock that no account can lift; not tested here, and a mistake could not be undone"
        ),
        "publicAccessBlock": none("IBM describes it for its systems on premises, not for its cloud"),
        "website": none("IBM describes websites, but not for certain by these calls"),
        "policy": none("access is a matter of IBM's IAM; its S3 API has no bucket policy"),
        "quota": none("a quota is set through IBM's Resource Configuration API"),
    },
    documents=(
        "https://cloud.ibm.com/docs/cloud-object-storage?topic=cloud-object-storage-compatibility-api",
        "https://cloud.ibm.com/docs/cloud-object-storage?topic=cloud-object-storage-versioning",
        "https://cloud.ibm.com/docs/cloud-object-storage?topic=cloud-object-storage-expiry",
        "https://cloud.ibm.com/docs/cloud-object-storage?topic=cloud-object-storage-lifecycle-cleanup-mpu",
    ),
    objects=IBM_OBJECTS,
)

_ORACLE_BUCKETS_ONLY = none(
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
    objects=ORACLE_OBJECTS,
)
