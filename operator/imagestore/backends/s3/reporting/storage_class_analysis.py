"""Storage-class analysis, a set of named configurations. Its export into another bucket is not known here."""

from typing import Any

from imagestore.backends.s3.settings.named import Raw, named_filter, named_scope, named_understood
from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Parameters, Setting, StoreAnswer
from imagestore.facets.storage_class_analysis import StorageClassAnalysis, StorageClassAnalysisConfiguration


def decode(answer: StoreAnswer, _at: BucketPlace) -> StorageClassAnalysis | None:
    """All that a bucket has."""
    raws = answer.get("AnalyticsConfigurationList") or ()
    found = named_understood(raws, StorageClassAnalysisConfiguration, _fields)
    return StorageClassAnalysis.from_store(configurations=found) if found else None


def _fields(raw: Raw) -> dict[str, Any]:
    if (raw.get("StorageClassAnalysis") or {}).get("DataExport"):
        raise ValueError("an export")  # differs from a setting without one: overwritten it would be lost
    return {"filter": named_scope(raw.get("Filter"))}


def encode(value: StorageClassAnalysis, _at: BucketPlace) -> Parameters:
    """The one that ``value`` has."""
    (one,) = value.configurations
    return {
        "AnalyticsConfiguration": {"Id": one.name, "StorageClassAnalysis": {}, **named_filter(one.filter)}
    }


STORAGE_CLASS_ANALYSIS = Setting(
    facet="storageClassAnalysis",
    read="ListBucketAnalyticsConfigurations",
    write="PutBucketAnalyticsConfiguration",
    clear="DeleteBucketAnalyticsConfiguration",
    decode=decode,
    encode=encode,
    permissions=("s3:GetAnalyticsConfiguration", "s3:PutAnalyticsConfiguration"),
    absent=frozenset({"NoSuchConfiguration"}),
    named=True,
)
