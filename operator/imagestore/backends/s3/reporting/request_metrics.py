"""Request metrics, a set of named configurations."""

from typing import Any

from imagestore.backends.s3.settings.named import Raw, filtered, scope, understood
from imagestore.backends.s3.settings.setting import BucketPlace, Parameters, Setting, StoreAnswer
from imagestore.facets.request_metrics import RequestMetrics, RequestMetricsConfiguration


def decode(answer: StoreAnswer, _at: BucketPlace) -> RequestMetrics | None:
    """All that a bucket has. A filter by access point is not known here, and stays."""
    raws = answer.get("MetricsConfigurationList") or ()
    found = understood(raws, RequestMetricsConfiguration, _fields)
    return RequestMetrics.from_store(configurations=found) if found else None


def _fields(raw: Raw) -> dict[str, Any]:
    return {"filter": scope(raw.get("Filter"))}


def encode(value: RequestMetrics, _at: BucketPlace) -> Parameters:
    """The one that ``value`` has."""
    (one,) = value.configurations
    return {"MetricsConfiguration": {"Id": one.name, **filtered(one.filter)}}


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
