"""Values of every facet, for every suite that needs some. The last of each facet is the fullest."""

from collections.abc import Mapping
from typing import Any

from imagestore.api.imagebucket import FACETS
from imagestore.core.facet import Facet
from imagestore.facets.tags import OWNER

KMS_KEY = "images"  # the key that dev's MinIO and Ceph know

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
        "many": {f"key-{i:02}": f"value {i}" for i in range(40)} | {OWNER: "installation/shop/photos"},
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
    "lifecycle": {
        "one": {"rules": [{"name": "thumbs", "match": {"prefix": "thumbs/"}, "expire": {"days": 30}}]},
        "versions": {
            "rules": [
                {"name": "everything", "expire": {"days": 3650}, "state": "Disabled"},
                {"name": "old", "noncurrent": {"expire": {"days": 90}}},
                {"name": "markers", "match": {"prefix": "a b/&<ü>"}, "removeExpiredDeleteMarkers": True},
            ]
        },
        "tags": {
            "rules": [
                {"name": "draft", "match": {"tags": {"state": "draft"}}, "expire": {"days": 7}},
                {
                    "name": "both",
                    "match": {"prefix": "tmp/", "tags": {"a": "1", "b": "2"}},
                    "expire": {"days": 1},
                },
            ]
        },
        "uploads": {
            "rules": [
                {"name": "leftovers", "abortIncompleteMultipartUpload": {"days": 7}},
                {
                    "name": "with-expiry",
                    "match": {"prefix": "in/"},
                    "expire": {"days": 2},
                    "abortIncompleteMultipartUpload": {"days": 1},
                },
            ]
        },
        "sizes": {
            "rules": [
                {"name": "big", "match": {"minSize": "1Gi"}, "expire": {"days": 30}},
                {"name": "small", "match": {"maxSize": "128Ki"}, "noncurrent": {"expire": {"days": 3}}},
                {"name": "between", "match": {"minSize": "1Ki", "maxSize": "1M"}, "expire": {"days": 5}},
            ]
        },
        "keep-newest": {
            "rules": [{"name": "versions", "noncurrent": {"expire": {"days": 30, "keepNewest": 3}}}]
        },
        "moves": {
            "rules": [
                {"name": "cool", "match": {"prefix": "o/"}, "transitions": [{"tier": "Cool", "days": 30}]},
                {
                    "name": "cool-and-gone",
                    "match": {"prefix": "p/"},
                    "transitions": [{"tier": "Cool", "days": 31}],
                    "expire": {"days": 365},
                },
            ]
        },
        "moves-twice": {
            "rules": [
                {
                    "name": "down",
                    "transitions": [{"tier": "Cool", "days": 30}, {"tier": "Archive", "days": 90}],
                }
            ]
        },
        "moves-soon": {"rules": [{"name": "soon", "transitions": [{"tier": "Cool", "days": 1}]}]},
        "moves-cold": {"rules": [{"name": "cold", "transitions": [{"tier": "Cold", "days": 90}]}]},
        "old-moves": {
            "rules": [
                {
                    "name": "old",
                    "noncurrent": {"transitions": [{"tier": "Cool", "days": 30}], "expire": {"days": 90}},
                },
                {
                    "name": "old-only",
                    "match": {"prefix": "q/"},
                    "noncurrent": {"transitions": [{"tier": "Cool", "days": 30}]},
                },
            ]
        },
        "old-moves-but-few": {
            "rules": [
                {"name": "o", "noncurrent": {"transitions": [{"tier": "Cool", "days": 30, "keepNewest": 2}]}}
            ]
        },
        "dates": {
            "rules": [
                {"name": "gone", "match": {"prefix": "a/"}, "expire": {"date": "2040-02-29"}},
                {
                    "name": "b",
                    "match": {"prefix": "b/"},
                    "expire": {"date": "2041-01-01"},
                    "state": "Disabled",
                },
            ]
        },
        "moves-on-a-day": {
            "rules": [{"name": "day", "transitions": [{"tier": "Cool", "date": "2040-01-01"}]}]
        },
        "full": {
            "rules": [
                {
                    "name": "full",
                    "match": {"prefix": "in/", "tags": {"a": "1"}, "minSize": "1Ki", "maxSize": "1Gi"},
                    "expire": {"days": 30},
                    "noncurrent": {"expire": {"days": 10, "keepNewest": 2}},
                },
                {
                    "name": "uploads",
                    "match": {"prefix": "in/"},
                    "expire": {"days": 3},
                    "noncurrent": {"expire": {"days": 1}},
                    "abortIncompleteMultipartUpload": {"days": 1},
                },
            ]
        },
    },
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
}

SAMPLES: Mapping[str, Mapping[str, Facet]] = {
    facet: {name: FACETS[facet].model_validate(spec) for name, spec in specs.items()}
    for facet, specs in SPECS.items()
}


def fullest(facet: str) -> Facet:
    """The sample with most in it."""
    return list(SAMPLES[facet].values())[-1]
