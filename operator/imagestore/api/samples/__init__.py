"""Values of every facet: `imagestore backend probe` and the tests try a store with them.

The last of each facet is the fullest. None does harm to a bucket that holds nothing of value, for the moment
in which it is there. What needs something else on the server (a queue that is told), or is only looked at, has none.
"""

from collections.abc import Mapping
from typing import Any

from imagestore.api.imagebucket import FACETS
from imagestore.api.samples.lifecycle import LIFECYCLE_SAMPLES
from imagestore.core.facet import Facet

KMS_KEY = "images"  # stands for a key of the store's; the servers that tests start know one of this name

SPECS: Mapping[str, Mapping[str, Any]] = {
    "versioning": {"suspended": {"state": "Suspended"}, "enabled": {"state": "Enabled"}},
    "objectLock": {
        "no-default": {},
        "years": {"mode": "Compliance", "years": 1},
        "days": {"mode": "Governance", "days": 30},
    },
    "encryption": {
        "sse-s3": {"algorithm": "SSE-S3"},
        "kms": {"algorithm": "SSE-KMS", "keyId": KMS_KEY},
        "bucket-key": {"algorithm": "SSE-KMS", "keyId": KMS_KEY, "bucketKey": True},
    },
    "tags": {
        "one": {"team": "shop"},
        "words": {"app.kubernetes.io/name": "a b+c=1:/@-_.", "Größe": "größer", "empty": ""},
        "many": {f"key-{i:02}": f"value {i}" for i in range(40)} | {"imagestore.dev/sample": "a/b/c"},
    },
    "publicAccessBlock": {
        "one": {"blockPublicAcls": True, "ignorePublicAcls": False},
        "all": {
            "blockPublicAcls": True,
            "ignorePublicAcls": True,
            "blockPublicPolicy": True,
            "restrictPublicBuckets": True,
        },
    },
    "policy": {
        "tls": {"requireTls": True},
        "cdn": {
            "statements": [
                {
                    "sid": "cdn-read",
                    "effect": "Allow",
                    "principals": ["*"],
                    "actions": ["s3:GetObject"],
                    "resources": ["public/*"],
                }
            ]
        },
        "full": {
            "requireTls": True,
            "statements": [
                {
                    "sid": "cdn-read",
                    "effect": "Allow",
                    "principals": ["*"],
                    "actions": ["s3:GetObjectVersion", "s3:GetObject"],
                    "resources": ["thumbs/*", "public/*"],
                    "conditions": [
                        {
                            "operator": "IpAddress",
                            "key": "aws:SourceIp",
                            "values": ["10.0.0.0/8", "192.168.0.0/16"],
                        },
                        {
                            "operator": "StringLike",
                            "key": "aws:Referer",
                            "values": ["https://shop.example/*"],
                        },
                    ],
                },
                {
                    "sid": "nobody-deletes",
                    "effect": "Deny",
                    "principals": ["*"],
                    "actions": ["s3:DeleteBucket", "s3:DeleteObject"],
                    "resources": [".", "originals/*"],
                    "conditions": [{"operator": "Bool", "key": "aws:SecureTransport", "values": ["false"]}],
                },
            ],
        },
    },
    "cors": {
        "one": {"rules": [{"allowedOrigins": ["*"], "allowedMethods": ["GET"]}]},
        "full": {
            "rules": [
                {
                    "allowedOrigins": ["https://shop.example", "https://*.cdn.example"],
                    "allowedMethods": ["PUT", "GET", "HEAD", "POST", "DELETE"],
                    "allowedHeaders": ["x-amz-*", "content-type"],
                    "exposeHeaders": ["ETag", "x-amz-version-id"],
                    "maxAgeSeconds": 3600,
                },
                {"allowedOrigins": ["https://a.example"], "allowedMethods": ["GET"], "maxAgeSeconds": 0},
            ]
        },
    },
    "lifecycle": LIFECYCLE_SAMPLES,
    "quota": {"small": {"hard": "1Mi"}, "odd": {"hard": "1234567"}, "large": {"hard": "500Gi"}},
    "ownership": {
        "writer": {"objectOwnership": "ObjectWriter"},
        "preferred": {"objectOwnership": "BucketOwnerPreferred"},
        "enforced": {"objectOwnership": "BucketOwnerEnforced"},
    },
    "requestPayment": {"requester": {"payer": "Requester"}, "owner": {"payer": "BucketOwner"}},
    "transferAcceleration": {"suspended": {"state": "Suspended"}, "enabled": {"state": "Enabled"}},
    "website": {
        "redirect": {"redirectAllRequestsTo": {"hostName": "www.shop.example", "protocol": "https"}},
        "pages": {"indexDocument": "index.html"},
        "full": {
            "indexDocument": "index.html",
            "errorDocument": "errors/404.html",
            "routingRules": [
                {
                    "condition": {"keyPrefixEquals": "old/", "httpErrorCodeReturnedEquals": "404"},
                    "redirect": {
                        "hostName": "new.shop.example",
                        "protocol": "https",
                        "replaceKeyPrefixWith": "new/",
                        "httpRedirectCode": "302",
                    },
                },
                {"condition": {"keyPrefixEquals": "gone/"}, "redirect": {"replaceKeyWith": "gone.html"}},
            ],
        },
    },
    "intelligentTiering": {
        "one": {"configurations": [{"name": "all", "tierings": [{"tier": "Archive", "days": 90}]}]},
        "full": {
            "configurations": [
                {
                    "name": "Old_1.a",
                    "state": "Disabled",
                    "filter": {"prefix": "old/", "tags": {"a": "1", "b": ""}},
                    "tierings": [{"tier": "DeepArchive", "days": 180}, {"tier": "Archive", "days": 91}],
                },
                {"name": "p", "filter": {"prefix": "p/"}, "tierings": [{"tier": "Archive", "days": 90}]},
                {"name": "t", "filter": {"tags": {"a": "1"}}, "tierings": [{"tier": "Archive", "days": 730}]},
            ]
        },
    },
    "requestMetrics": {
        "all": {"configurations": [{"name": "EntireBucket"}]},
        "full": {
            "configurations": [
                {"name": "a", "filter": {"prefix": "a/"}},
                {"name": "b", "filter": {"prefix": "b/", "tags": {"a": "1"}}},
                {"name": "c", "filter": {"tags": {"a": "1"}}},
            ]
        },
    },
    "storageClassAnalysis": {
        "all": {"configurations": [{"name": "everything"}]},
        "full": {
            "configurations": [
                {"name": "a", "filter": {"prefix": "a/"}},
                {"name": "b", "filter": {"prefix": "b/", "tags": {"a": "1"}}},
                {"name": "c", "filter": {"tags": {"a": "1"}}},
            ]
        },
    },
    # References as they are once they were followed: what a store is given, and what it answers.
    "logging": {
        "plain": {"targetBucketRef": {"bucket": "shop--audit"}, "prefix": ""},
        "simple": {"targetBucketRef": {"bucket": "shop--audit"}, "prefix": "a b/", "keyFormat": "Simple"},
        "full": {
            "targetBucketRef": {"bucket": "shop--logs"},
            "prefix": "photos/",
            "keyFormat": "DeliveryTime",
        },
    },
    "inventory": {
        "one": {
            "configurations": [
                {
                    "name": "weekly",
                    "schedule": "Weekly",
                    "includedVersions": "Current",
                    "destination": {"bucketRef": {"bucket": "shop--audit"}, "format": "CSV"},
                }
            ]
        },
        "full": {
            "configurations": [
                {
                    "name": "Nightly_1.a",
                    "state": "Disabled",
                    "schedule": "Daily",
                    "includedVersions": "All",
                    "filter": {"prefix": "originals/"},
                    "optionalFields": ["Size", "ETag", "LifecycleExpirationDate"],
                    "destination": {
                        "bucketRef": {"bucket": "shop--audit"},
                        "prefix": "lists/photos",
                        "format": "Parquet",
                        "encryption": {"algorithm": "SSE-KMS", "keyId": "arn:aws:kms:eu-west-1:1:key/k"},
                    },
                },
                {
                    "name": "b",
                    "schedule": "Daily",
                    "includedVersions": "All",
                    "destination": {
                        "bucketRef": {"bucket": "shop--logs"},
                        "format": "ORC",
                        "encryption": {"algorithm": "SSE-S3"},
                    },
                },
            ]
        },
    },
}

SAMPLES: Mapping[str, Mapping[str, Facet]] = {
    facet: {name: FACETS[facet].model_validate(spec) for name, spec in specs.items()}
    for facet, specs in SPECS.items()
}
