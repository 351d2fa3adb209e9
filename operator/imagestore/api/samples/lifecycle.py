"""What lifecycle rules can say, element by element: a store may hold one and lose the next."""

from collections.abc import Mapping
from typing import Any

LIFECYCLE_SAMPLES: Mapping[str, Any] = {
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
    "keep-newest": {"rules": [{"name": "versions", "noncurrent": {"expire": {"days": 30, "keepNewest": 3}}}]},
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
    "moves-on-a-day": {"rules": [{"name": "day", "transitions": [{"tier": "Cool", "date": "2040-01-01"}]}]},
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
}
