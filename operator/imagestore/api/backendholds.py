"""What a StorageBackend holds until a person agrees."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from imagestore.api.names import BucketName
from imagestore.core.model import ListSet, Model

Token = Annotated[str, Field(min_length=1, max_length=64)]


class AnotherStore(Model):
    """An account or server that answers in place of the one that is known."""

    identity: Annotated[str, Field(max_length=256, description="As it names itself.")]
    token: Annotated[str, Field(max_length=64, description="Put it into spec.approve to go on with it.")]


class Missing(Model):
    """Known buckets that are not there, many at once."""

    since: Annotated[datetime, Field(description="When they were found missing.")]
    token: Annotated[
        str, Field(max_length=64, description="Put it into spec.approve to have them made again.")
    ]
    buckets: Annotated[
        tuple[BucketName, ...], ListSet(), Field(max_length=100, description="Some of them.")
    ] = ()
    agreed: Annotated[
        datetime | None,
        Field(description="When a person agreed; for an hour from then they are made again, one by one."),
    ] = None
