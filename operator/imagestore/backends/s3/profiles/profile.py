"""What an S3 store's profile can say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from imagestore.backends.s3.lifecycle.tiers import NO_TIERS, StoreTiering
from imagestore.backends.s3.objects.dialect import ObjectDialect
from imagestore.backends.s3.settings.setting import Setting
from imagestore.core.losses import Limit
from imagestore.core.reading import Level, Support


class IdentitySource(StrEnum):
    """What tells which account or server answers, and how it is called."""

    ACCOUNT = "account"  # the owner that ListBuckets names
    USER = "user"  # the same; on Ceph its tenant is in it
    DEPLOYMENT = "deployment"  # MinIO's admin API; its ListBuckets names the same owner everywhere


class Location(StrEnum):
    """What CreateBucket's location constraint may be."""

    REGION = "the region; nothing in us-east-1"  # AWS
    NONE = "never sent"


@dataclass(frozen=True)
class Profile:
    """One store's dialect.

    ``recreates_in``: the regions in which CreateBucket answers 200 for one's own bucket that is there already; None: it is
    not known to refuse that anywhere. ``dated``: ListBuckets tells when a bucket was made, and no later write moves that.
    ``lifecycle_lossless``: rules need not be tried out disabled before they are written. ``tiering``: what lifecycle
    rules may move objects to. ``remote_tiers``: what it takes to make its tiers. ``permissions`` replaces a row's where the store has its own words, ``rows`` a whole
    row where it has its own ways. ``documents``: where what is said here was read, of a store that we
    could ask. ``stand_in``: on what the contract suite proved it instead of on the store itself. ``objects``: what it makes of objects.
    """

    product: str
    support: Mapping[str, Support]
    location: Location = Location.NONE
    identity: IdentitySource | None = None
    targets: bool = False  # replication leads to targets that the admin API makes
    usage_at_once: bool = False  # its admin API tells what all buckets hold in one answer, and nothing less
    recreates_in: tuple[str, ...] | None = None
    dated: bool = False
    lifecycle_lossless: bool = False
    tiering: StoreTiering = NO_TIERS
    remote_tiers: tuple[str, ...] = ()
    admin_permissions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by field of a status
    permissions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rows: Mapping[str, Setting[Any]] = field(default_factory=dict)
    documents: tuple[str, ...] = ()
    stand_in: str = ""
    objects: ObjectDialect = field(default_factory=ObjectDialect)

    def row(self, usual: Setting[Any]) -> Setting[Any]:
        """The store's own row of a setting, or the usual one."""
        return self.rows.get(usual.facet, usual)


def none(reason: str) -> Support:
    """Not at all, and why."""
    return Support(Level.NONE, reason)


def partial(
    reason: str, *, lost: tuple[str, ...] = (), weak: tuple[str, ...] = (), limits: tuple[Limit, ...] = ()
) -> Support:
    """Not all of it, and why."""
    return Support(Level.PARTIAL, reason, lost, weak, limits)
