"""What each store makes of objects: keys, order, conditions, attributes. Proven by ``tests/objects`` on the server it names,
of IBM and Oracle known by documentation only: then what is not certain is not relied on.
"""

from collections.abc import Mapping
from dataclasses import replace

from imagestore.api.providers import Provider
from imagestore.backends.s3.objects.dialect import ObjectDialect
from imagestore.backends.s3.objects.names import any_key, ceph_key, minio_key, seaweedfs_key
from imagestore.core.objects import KeyOrder, ObjectTraits

_EVERYTHING = frozenset(
    {"headers", "expires", "redirect", "metadata", "emptyMetadata", "tags", "storageClass", "lock"}
)
_CHECKSUMS = frozenset({"CRC32", "CRC32C", "SHA1", "SHA256"})

AWS_OBJECTS = ObjectDialect(
    ObjectTraits(
        put_absent=True,
        put_absent_versioned=True,
        complete_absent=True,
        complete_matching=True,
        put_matching=True,
        put_matching_versioned=True,
        copy_matching=True,
        delete_matching=True,
        checksums=_CHECKSUMS | {"CRC64NVME"},
        carries=_EVERYTHING,
    ),
    verdict=any_key,
    archives=frozenset({"GLACIER", "DEEP_ARCHIVE"}),
    encoded_metadata=True,
)

MINIO_OBJECTS = ObjectDialect(
    ObjectTraits(
        put_absent=True,
        put_absent_versioned=True,
        complete_absent=True,
        complete_matching=True,
        put_matching=True,
        put_matching_versioned=True,
        copy_matching=True,
        checksums=_CHECKSUMS,
        carries=_EVERYTHING - {"redirect"},
        copy_loses=frozenset({"expires"}),
        ascii_tags=True,
        nested=False,
    ),
    verdict=minio_key,
    encoded_metadata=True,
    # A read of what is not there is passed on to where the bucket replicates: a missing copy was told as there.
    reading={"X-Minio-Source-Proxy-Request": "false"},
)

CEPH_OBJECTS = ObjectDialect(
    ObjectTraits(
        put_absent=True,
        put_matching=True,
        carries=_EVERYTHING,
        tags_after=True,
        metadata_bytes=8000,
    ),
    verdict=ceph_key,
    bare_etags=True,
    upload_keys="Encoded",
)

SEAWEEDFS_OBJECTS = ObjectDialect(
    ObjectTraits(
        order=KeyOrder.DIRECTORY,
        version_order=KeyOrder.NONE,
        versions_complete=False,
        put_absent=True,
        put_absent_versioned=True,
        complete_absent=True,
        complete_matching=True,
        put_matching=True,
        put_matching_versioned=True,
        copy_matching=True,
        delete_matching=True,
        coarse_times=True,
        carries=_EVERYTHING - {"redirect", "emptyMetadata"},
        bodiless_folders=True,
        metadata_bytes=8000,
    ),
    verdict=seaweedfs_key,
    folders=True,
    upload_keys="Literal",
)

# A server of unknown make: its listings are sorted before they are merged, and no condition is relied on.
UNKNOWN_OBJECTS = ObjectDialect(
    ObjectTraits(order=KeyOrder.NONE, version_order=KeyOrder.NONE, carries=frozenset({"headers", "metadata"}))
)
DOCUMENTED_OBJECTS = ObjectDialect(
    ObjectTraits(carries=frozenset({"headers", "expires", "metadata", "tags"}))
)
IBM_OBJECTS = replace(DOCUMENTED_OBJECTS, archives=frozenset({"GLACIER"}))
ORACLE_OBJECTS = replace(DOCUMENTED_OBJECTS, archives=frozenset({"ARCHIVE"}))

# The profiles have them, too. Apart from those, because who moves objects needs no setting.
OBJECT_DIALECTS: Mapping[Provider, ObjectDialect] = {
    "AWS": AWS_OBJECTS,
    "MinIO": MINIO_OBJECTS,
    "Ceph": CEPH_OBJECTS,
    "SeaweedFS": SEAWEEDFS_OBJECTS,
    "IBM": IBM_OBJECTS,
    "Oracle": ORACLE_OBJECTS,
    "S3": UNKNOWN_OBJECTS,
}
