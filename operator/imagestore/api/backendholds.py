"""What a StorageBackend holds until a person approves."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from imagestore.api.names import BucketName
from imagestore.core.model import ListSet, Model

Token = Annotated[str, Field(min_length=1, max_length=64)]


class AnotherStore(Model):
    """Account or server that answers instead of the known one."""

    identity: Annotated[str, Field(max_length=256, description="Identity that the store reports.")]
    token: Annotated[
        str,
        Field(
            max_length=64, description="Token that approves the other store when it is added to spec.approve."
        ),
    ]


class ManyMissing(Model):
    """Known buckets that are missing, many at once."""

    since: Annotated[datetime, Field(description="When the buckets were found missing.")]
    token: Annotated[
        str,
        Field(
            max_length=64,
            description="Token that approves recreating the buckets when it is added to spec.approve.",
        ),
    ]
    buckets: Annotated[
        tuple[BucketName, ...], ListSet(), Field(max_length=100, description="Some of the missing buckets.")
    ] = ()
    agreed: Annotated[
        datetime | None,
        Field(description="When the recreation was approved. It is valid for an hour."),
    ] = None
