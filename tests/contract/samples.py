"""The probe's samples, and those that need what only dev's stores have, or that only somebody else can write."""

from collections.abc import Mapping
from typing import Any

from imagestore.api import samples
from imagestore.api.imagebucket import FACETS
from imagestore.core.facet import Facet

# Targets that dev's stores have; each store has but its own.
MINIO_WEBHOOK = "arn:minio:sqs::IMAGES:webhook"
CEPH_TOPIC = "arn:aws:sns:default::images"
AWS_QUEUE = "arn:aws:sqs:us-east-1:123456789012:images"
AWS_TOPIC = "arn:aws:sns:us-east-1:123456789012:uploads"
AWS_FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:thumbnails"

ALL = ["s3:ObjectCreated:*"]


def _told(arn: str) -> list[dict[str, Any]]:
    """Two that are told of different things."""
    jpg = {"events": ["s3:ObjectCreated:Put", "s3:ObjectRemoved:*"], "prefix": "originals/", "suffix": ".jpg"}
    return [{"name": "jpg", "arn": arn, **jpg}, {"name": "tmp", "arn": arn, "events": ALL, "prefix": "tmp/"}]


# A destination as it is once the reference was followed. MinIO has one target for each other server.
_TO = {"bucketRef": {"bucket": "replica", "store": "behind", "access": "Current"}}
_PREFIX, _TAGS = {"prefix": "originals/"}, {"prefix": "a b/", "tags": {"a": "1", "b": ""}}

SPECS: Mapping[str, Mapping[str, Any]] = {
    "replication": {
        "all": {"rules": [{"name": "all", "destination": _TO}]},
        "filters": {
            "rules": [
                {"name": "a", "priority": 1, "filter": _PREFIX, "destination": _TO, "deleteMarkers": True},
                {"name": "b", "priority": 3, "filter": _TAGS, "destination": _TO, "state": "Disabled"},
                {"name": "c", "priority": 2, "filter": {"tags": {"a": "1"}}, "destination": _TO},
                {"name": "shop/d", "destination": _TO, "replicaModifications": True},
            ]
        },
        "minio": {
            "rules": [
                {
                    "name": "minio",
                    "destination": {**_TO, "synchronous": True, "bandwidth": "250M"},
                    "permanentDeletes": True,
                    "existingObjects": True,
                }
            ]
        },
        "amazon": {
            "rules": [
                {
                    "name": "amazon",
                    "destination": {**_TO, "tier": "Cool"},
                    "deleteMarkers": True,
                    "replicationTimeControl": True,
                }
            ]
        },
    },
    "notifications": {
        "webhook": {"queues": [{"name": "any", "arn": MINIO_WEBHOOK, "events": ALL}]},
        "webhooks": {"queues": _told(MINIO_WEBHOOK)},
        "topic": {"topics": [{"name": "any", "arn": CEPH_TOPIC, "events": ALL}]},
        "topics": {"topics": _told(CEPH_TOPIC)},
        "queue": {"queues": [{"name": "any", "arn": AWS_QUEUE, "events": ALL}]},
        "each-kind": {
            "queues": _told(AWS_QUEUE),
            "topics": [{"name": "t", "arn": AWS_TOPIC, "events": ["s3:ObjectTagging:*"]}],
            "functions": [{"name": "f", "arn": AWS_FUNCTION, "events": ["s3:ObjectRestore:Completed"]}],
        },
        "full": {
            "queues": _told(AWS_QUEUE),
            "topics": [{"name": "t", "arn": AWS_TOPIC, "events": ["s3:ObjectTagging:*"], "suffix": ".png"}],
            "functions": [{"name": "f", "arn": AWS_FUNCTION, "events": ["s3:ObjectRestore:Completed"]}],
            "eventBridge": True,
        },
    },
    "acl": {
        "accounts": {"grants": [{"grantee": "AuthenticatedUsers", "permissions": ["READ"]}]},
        "public": {"grants": [{"grantee": "AllUsers", "permissions": ["READ"]}]},
    },
}

_OURS = {
    facet: {name: FACETS[facet].model_validate(spec) for name, spec in specs.items()}
    for facet, specs in SPECS.items()
}
_ALL = {**samples.SAMPLES, **_OURS}
SAMPLES: Mapping[str, Mapping[str, Facet]] = {facet: _ALL[facet] for facet in FACETS}


def fullest(facet: str) -> Facet:
    """The sample with most in it."""
    return list(SAMPLES[facet].values())[-1]
