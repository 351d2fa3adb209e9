"""Limits on the load of a store, and on what may be deleted from its buckets without approval."""

from typing import Annotated

from pydantic import Field

from imagestore.core.model import Cel, Model


class MissingBuckets(Model):
    """Number of known buckets that may be missing at once before the operator doubts the store itself."""

    at_least: Annotated[
        int | None,
        Field(
            ge=1,
            le=1000,
            description="Minimum number of missing buckets among those that are checked. Defaults to 2.",
        ),
    ] = None
    percent: Annotated[
        int | None,
        Field(
            ge=0,
            le=100,
            description="Percentage of the checked buckets that must be exceeded, too. 100 switches the"
            " doubt off. Defaults to 20.",
        ),
    ] = None


MOVES_SOMETHING = Cel(
    "!quantity(self).isLessThan(quantity('1Ki'))",
    "a limit below 1Ki a second would move nothing; give at least 1Ki, or use suspend",
)
"""Of a limit of bytes in a second."""


class Limits(Model):
    """Limits on the load of the store. Namespaces share them fairly."""

    requests_per_second: Annotated[
        int,
        Field(
            ge=1,
            le=100000,
            description="Requests per second over time, of reconciles and of runs that read or write objects."
            " With 100, a run copies at most 100 small objects a second.",
        ),
    ] = 100
    burst: Annotated[
        int, Field(ge=1, le=100000, description="Requests that may be sent at once after a pause.")
    ] = 200
    concurrency: Annotated[
        int, Field(ge=1, le=64, description="Number of buckets that are reconciled at the same time.")
    ] = 8
    max_removal_percent: Annotated[
        int | None,
        Field(
            ge=0,
            le=100,
            description="Percentage of a bucket's objects or bytes that lifecycle rules may delete at"
            " their first run without approval. 100 means any. Defaults to 20.",
        ),
    ] = None
    missing_buckets: Annotated[
        MissingBuckets | None,
        Field(
            description="Number of buckets that may be missing at once. When a bucket is missing, the"
            " operator checks a few others. If more than this are missing, it recreates none"
            " before approval in spec.approve. Defaults to 2 and more than 20 percent."
        ),
    ] = None
