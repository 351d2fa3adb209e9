"""A matched ImageBucket, as a LifecyclePolicy sees it."""

from dataclasses import dataclass

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.forecast.tally import Counted
from imagestore.reconcile.shared.contribution import ContributionVerdict


@dataclass(frozen=True)
class BucketView:
    """One matched ImageBucket. ``current``: all that is now wished of its lifecycle is what it was last seen to hold.

    ``heard``: its status is about all that is now wished. ``counted``: what these very rules would do to it; None: not known
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
