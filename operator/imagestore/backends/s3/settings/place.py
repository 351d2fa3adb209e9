"""Which bucket a value belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class BucketPlace:
    """Which bucket a value belongs to: a policy's resources are relative to it. ``tiers``: their store's classes.

    ``role``: what the store assumes to replicate. ``stores``: the StorageBackends of known destinations, by bucket.
    """

    bucket: str
    partition: str = "aws"
    tiers: Mapping[str, str] = field(default_factory=dict)
    role: str = ""
    stores: Mapping[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The bucket's Amazon resource name; objects are below it."""
        return f"arn:{self.partition}:s3:::{self.bucket}"


def partition(region: str) -> str:
    """AWS's partition of a region; other stores have but one."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
