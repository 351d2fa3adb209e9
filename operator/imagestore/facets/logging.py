"""Access logging: the store writes a log of requests to another bucket."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from imagestore.core.facet import Facet, Removal
from imagestore.core.model import Cel, Reference
from imagestore.core.references import BucketRef


class Logging(Facet):
    """Access logs, which the store writes to another bucket. An empty object stops them."""

    removal: ClassVar[Removal] = Removal.CLEAR
    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.targetBucketRef) || !(has(self.prefix) || has(self.keyFormat))",
            "logging needs a target; give targetBucketRef: {name: ...}",
        ),
    )

    target_bucket_ref: Annotated[
        BucketRef | None,
        Reference("the store would log each log that it writes, without end"),
        Field(
            description="ImageBucket that receives the logs, in the same namespace and on the same backend."
        ),
    ] = None
    prefix: Annotated[
        str | None,
        Field(
            max_length=800,
            description="Prefix of the logs' keys, such as photos/. An empty string means none.",
        ),
    ] = None
    key_format: Annotated[
        Literal["Simple", "EventTime", "DeliveryTime"] | None,
        Field(
            description="How logs are named. Simple puts the time in the name. EventTime and DeliveryTime"
            " use one folder a day, of the request or of the delivery."
        ),
    ] = None

    def is_empty(self) -> bool:
        return self.target_bucket_ref is None

    def clears(self) -> bool:
        return self.is_empty()
