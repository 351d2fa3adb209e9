"""What the neutral tiers of lifecycle rules are called in one store."""

from typing import Annotated

from pydantic import Field

from imagestore.core.model import Cel, Form, Model
from imagestore.facets.lifecycle_rule import ColderTier

# A class that objects can be moved to, in the order in which they get colder.
AMAZON_CLASSES = (
    "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE",
)  # fmt: skip


class TierClass(Model):
    """What one neutral tier is called in this store."""

    tier: Annotated[ColderTier, Field(description="As lifecycle rules name it.")]
    storage_class: Annotated[
        str,
        Field(
            min_length=1,
            max_length=64,
            pattern=r"^[A-Za-z0-9_-]+$",
            description="As the store names it: a class of Amazon's, a placement's class in Ceph, a remote tier in"
            " MinIO.",
        ),
        Form("a storage class has letters, digits, _ and - only, such as STANDARD_IA"),
        Cel("self != 'STANDARD'", "STANDARD is where objects begin; name a class that is colder"),
    ]


# Of a StorageBackend's spec.
TIER_RULES: tuple[Cel, ...] = (
    Cel(
        "!has(self.tiers) || self.provider != 'SeaweedFS'",
        "SeaweedFS has no tiers for single objects; remove tiers",
    ),
    Cel(
        "!has(self.tiers) || self.tiers.all(t, self.tiers.exists_one(o, o.storageClass == t.storageClass))",
        "two tiers with one class cannot be told apart; give each a class of its own, or leave one out",
    ),
    Cel(
        "!has(self.tiers) || self.provider != 'MinIO' ||"
        " self.tiers.all(t, t.storageClass == t.storageClass.upperAscii())",
        "MinIO's remote tiers are named in capitals; write the storageClass in capitals",
    ),
    Cel(
        "!has(self.tiers) || self.provider != 'AWS' || self.tiers.all(t, t.storageClass in"
        f" [{', '.join(repr(c) for c in AMAZON_CLASSES)}])",
        f"Amazon S3 has the classes {', '.join(AMAZON_CLASSES)}; name one of them",
    ),
)
