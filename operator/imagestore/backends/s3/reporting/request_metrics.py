"""Request metrics, a set of named configurations."""

from typing import Any

from imagestore.backends.s3.settings.named import Raw, named_filter, named_scope, named_understood
from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Parameters, Setting, StoreAnswer
from imagestore.facets.request_metrics import RequestMetrics, RequestMetricsConfiguration


def decode(answer: StoreAnswer, _at: BucketPlace) -> RequestMetrics | None:
    """All that a bucket has. A filter by access point is not known here, and stays."""
    raws = answer.get("MetricsConfigurationList") or ()
    found = named_understood(raws, RequestMetricsConfiguration, _fields)
    return RequestMetrics.from_store(configurations=found) if found else None


def _fields(raw: Raw) -> dict[str, Any]:
    return {"filter": named_scope(raw.get("Filter"))}


def encode(value: RequestMetrics, _at: BucketPlace) -> Parameters:
    """The one that ``value`` has."""
    (one,) = value.configurations
    return {"MetricsConfiguration": {"Id": one.name, **named_filter(one.filter)}}


REQUEST_METRICS = Setting(
    facet="requestMetrics",
    read="ListBucketMetricsConfigurations",
    write="PutBucketMetricsConfiguration",
    clear="DeleteBucketMetricsConfiguration",
    decode=decode,
    encode=encode,
    permissions=("s3:GetMetricsConfiguration", "s3:PutMetricsConfiguration"),
    absent=frozenset({"NoSuchConfiguration"}),
    named=True,
)
