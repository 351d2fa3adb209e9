"""How hard a store may be driven, and how much may go from its buckets unasked."""

from typing import Annotated

from pydantic import Field

from imagestore.core.model import Model


class MissingBuckets(Model):
    """How many known buckets may be missing at once before the store itself is doubted."""

    at_least: Annotated[
        int | None, Field(ge=1, le=1000, description="So many, of those that are looked for. Absent: 2.")
    ] = None
    percent: Annotated[
        int | None,
        Field(ge=0, le=100, description="And more than this share of them; 100: never. Absent: 20."),
    ] = None


class Limits(Model):
    """How hard the store may be driven; shared fairly between namespaces."""

    requests_per_second: Annotated[int, Field(ge=1, le=100000, description="Sustained rate.")] = 100
    burst: Annotated[
        int, Field(ge=1, le=100000, description="Calls that may be made at once after a pause.")
    ] = 200
    concurrency: Annotated[int, Field(ge=1, le=64, description="Buckets worked on at the same time.")] = 8
    max_removal_percent: Annotated[
        int | None,
        Field(
            ge=0,
            le=100,
            description="Lifecycle rules that would remove more of a bucket's objects, or bytes, than this at their"
            " first run wait for an approval; 100: none does. Absent: 20.",
        ),
    ] = None
    missing_buckets: Annotated[
        MissingBuckets | None,
        Field(
            description="When a bucket is found missing, a few others are looked for; if more than this are missing"
            " as well, none is made again before spec.approve says so. Absent: 2 and more than 20 percent."
        ),
    ] = None
