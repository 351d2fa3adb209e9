"""What neutral tiers are called in a store."""

from typing import Annotated

from pydantic import Field

from imagestore.api.prices import ClassName
from imagestore.core.model import Cel, Model
from imagestore.facets.lifecycle_rule import ColderTier

# A class that objects can be moved to, in the order in which they get colder.
AMAZON_CLASSES = (
    "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE",
)  # fmt: skip


class TierClass(Model):
    """What one neutral tier is called in this store."""

    tier: Annotated[ColderTier, Field(description="As lifecycle rules name it.")]
    storage_class: Annotated[
        ClassName,
        Field(
            description="As the store names it: a class of Amazon's, a placement's class in Ceph, a remote tier in"
            " MinIO.",
        ),
        Cel("self != 'STANDARD'", "STANDARD is where objects begin; name a class that is colder"),
    ]
