"""CORS rules, in the order in which they match."""

from typing import Any

from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Parameters, Setting, StoreAnswer
from imagestore.facets.cors import Cors, CorsRule


def decode(answer: StoreAnswer, _at: BucketPlace) -> Cors | None:
    """Rules may carry an ID, which orders and matches nothing and is dropped."""
    rules = tuple(_rule(raw) for raw in answer.get("CORSRules") or ())
    return Cors.from_store(rules=rules) if rules else None


def _rule(raw: dict[str, Any]) -> CorsRule:
    return CorsRule.from_store(
        allowed_origins=tuple(raw["AllowedOrigins"]),
        allowed_methods=tuple(raw["AllowedMethods"]),
        allowed_headers=tuple(raw.get("AllowedHeaders") or ()),
        expose_headers=tuple(raw.get("ExposeHeaders") or ()),
        max_age_seconds=raw.get("MaxAgeSeconds"),
    )


def encode(value: Cors, _at: BucketPlace) -> Parameters:
    """Empty lists are left out: some servers take an empty element for an empty string."""
    return {"CORSConfiguration": {"CORSRules": [_encode_rule(rule) for rule in value.rules]}}


def _encode_rule(rule: CorsRule) -> dict[str, Any]:
    raw: dict[str, Any] = {
        "AllowedOrigins": list(rule.allowed_origins),
        "AllowedMethods": list(rule.allowed_methods),
        "AllowedHeaders": list(rule.allowed_headers),
        "ExposeHeaders": list(rule.expose_headers),
        "MaxAgeSeconds": rule.max_age_seconds,
    }
    return {k: v for k, v in raw.items() if v not in ([], None)}


CORS = Setting(
    facet="cors",
    read="GetBucketCors",
    write="PutBucketCors",
    clear="DeleteBucketCors",
    decode=decode,
    encode=encode,
    permissions=("s3:GetBucketCORS", "s3:PutBucketCORS"),
    absent=frozenset({"NoSuchCORSConfiguration"}),
)
