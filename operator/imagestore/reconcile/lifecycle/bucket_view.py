"""An ImageBucket as the LifecyclePolicies that match it see it."""

from dataclasses import dataclass

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.forecast.tally import Counted
from imagestore.reconcile.shared.contribution import ContributionVerdict


@dataclass(frozen=True)
class BucketView:
    """One matched ImageBucket. ``current``: it was last observed to hold exactly the lifecycle that is now desired.

    ``heard``: its status is about all that is now desired. ``counted``: what these very rules would do to it; None: not known
    yet, and ``trouble`` keeps it from being counted.
    """

    name: str
    verdict: ContributionVerdict
    status: ImageBucketStatus
    current: bool = True
    versioned: bool = True
    heard: bool = False
    suspended: bool = False
    counted: Counted | None = None
    trouble: str = ""
