"""Access logging: the store writes who asked for what into another bucket."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from imagestore.core.facet import Facet, Removal
from imagestore.core.model import Cel, Reference
from imagestore.core.references import BucketRef


class Logging(Facet):
    """Logs of requests, in another bucket. An empty one stops them."""

    removal: ClassVar[Removal] = Removal.CLEAR
    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.targetBucketRef) || !(has(self.prefix) || has(self.keyFormat))",
            "say where the logs go: targetBucketRef: {name: ...}",
        ),
    )

    target_bucket_ref: Annotated[
        BucketRef | None,
        Reference("every log that the store writes would be logged in turn, without end"),
        Field(description="The ImageBucket that takes the logs."),
    ] = None
    prefix: Annotated[
        str | None,
        Field(
            max_length=800, description='What the keys of the logs begin with, such as photos/; "": nothing.'
        ),
    ] = None
    key_format: Annotated[
        Literal["Simple", "EventTime", "DeliveryTime"] | None,
        Field(
            description="Simple: the time is in the name. Others: one folder a day, of the event or of its delivery."
        ),
    ] = None

    def is_empty(self) -> bool:
        return self.target_bucket_ref is None

    def clears(self) -> bool:
        return self.is_empty()
