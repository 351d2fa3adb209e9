"""Access logging. There is no call that removes it: an empty document stops it."""

from typing import Any

from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Parameters, Setting, StoreAnswer
from imagestore.core.references import BucketRef
from imagestore.facets.logging import Logging

_PARTITIONED = ("EventTime", "DeliveryTime")


def decode(answer: StoreAnswer, _at: BucketPlace) -> Logging:
    """A bucket that logs nothing answers an empty document."""
    raw = answer.get("LoggingEnabled")
    if not raw:
        return Logging()
    found = {
        "target_bucket_ref": BucketRef.from_store(bucket=raw["TargetBucket"]),
        "prefix": raw.get("TargetPrefix") or "",
    }
    return Logging.from_store(**found, key_format=_format(raw.get("TargetObjectKeyFormat") or {}))


def _format(raw: dict[str, Any]) -> str:
    return str(raw["PartitionedPrefix"]["PartitionDateSource"]) if raw.get("PartitionedPrefix") else "Simple"


def encode(value: Logging, _at: BucketPlace) -> Parameters:
    """The prefix is required; without a format the store has its own, which is Simple."""
    if value.target_bucket_ref is None:
        return {"BucketLoggingStatus": {}}
    enabled: Parameters = {"TargetBucket": value.target_bucket_ref.bucket, "TargetPrefix": value.prefix or ""}
    if value.key_format in _PARTITIONED:
        partitioned = {"PartitionDateSource": value.key_format}
        enabled["TargetObjectKeyFormat"] = {"PartitionedPrefix": partitioned}
    elif value.key_format:
        enabled["TargetObjectKeyFormat"] = {"SimplePrefix": {}}
    return {"BucketLoggingStatus": {"LoggingEnabled": enabled}}


def beside(answer: StoreAnswer, sent: Parameters) -> Parameters:
    """Whom else the logs are given to is not said here: it stays."""
    grants = (answer.get("LoggingEnabled") or {}).get("TargetGrants")
    enabled = sent["BucketLoggingStatus"].get("LoggingEnabled")
    if not grants or not enabled:
        return sent
    return {"BucketLoggingStatus": {"LoggingEnabled": {**enabled, "TargetGrants": grants}}}


LOGGING = Setting(
    facet="logging",
    read="GetBucketLogging",
    write="PutBucketLogging",
    decode=decode,
    encode=encode,
    permissions=("s3:GetBucketLogging", "s3:PutBucketLogging"),
    cleared=Logging(),
    beside=beside,
)
