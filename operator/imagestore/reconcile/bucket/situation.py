"""All that a reconcile of an ImageBucket may know. Time and randomness are part of it."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import FACETS, ImageBucketSpec, wishes
from imagestore.backends.base import Backend, Observation
from imagestore.core.reading import FULL, Reading
from imagestore.reconcile.lifecycle.merging import FACET, Merged, merged_once
from imagestore.reconcile.shared.contribution import Contribution, Joined, join
from imagestore.reconcile.shared.situation import Meta, Served, Settings, Store
from imagestore.reconcile.shared.survey import Bounded, Surveys


@dataclass(frozen=True)
class ObservedBucket:
    """Progress: what was read at ``at`` by a reconcile that only recorded in status what the next one sets."""

    at: float
    check: Observation
    read: Mapping[str, Reading]


@dataclass(frozen=True)
class MissingBucket:
    """Progress: at ``at`` the store answered that the bucket does not exist, and the intent to create it is in status."""

    at: float


Progress = ObservedBucket | MissingBucket


@dataclass(frozen=True)
class Noted:
    """Something about one setting, by its digest, and when it was first so."""

    digest: str
    at: float


@dataclass(frozen=True)
class Memo:
    """What one reconcile of a bucket hands to the next, in memory: a restart loses it. Times are the ``clock``'s.

    ``suspected`` and ``invisible`` are by setting: a difference that one check has found, and a write that the store does
    not show yet. ``written`` is the digest of the last writes, ``repeats`` how often they were made. ``marked``: this
    process has read the owner mark on the bucket, which, unlike a status, a tenant cannot forge. ``mark_unshown``: the
    last mark that was written was not read back. ``emptied``: digest of what the last step of a deletion deleted.
    """

    suspected: Mapping[str, Noted] = field(default_factory=dict)
    invisible: Mapping[str, Noted] = field(default_factory=dict)
    written: str = ""
    repeats: int = 0
    failures: int = 0  # in a row
    unreachable_since: float | None = None
    usage_at: float | None = None  # when the store was last asked how much the bucket holds
    marked: bool = False
    marked_at: float | None = None  # when this process last wrote the mark
    mark_unshown: bool = False
    emptied: str = ""


@dataclass(frozen=True)
class Referenced:
    """An ImageBucket that a setting names. ``made``: its bucket exists, and is its own by the status and the tenancy.

    ``references``: its own settings that name one, and which. ``store``: its backend's; it may have to be connected.
    """

    backend: str
    bucket: str
    made: bool
    deleting: bool = False
    references: Collection[tuple[str, str]] = ()
    store: Callable[[], Store] = field(default=Store, compare=False)


@dataclass(frozen=True)
class BucketSituation:
    """One ImageBucket and its surroundings at one moment.

    ``now`` is for status. Durations are measured by ``clock``, in seconds, which is never set: with the wall clock set back ten
    minutes, drift waited as long, with Ready True.
    """

    meta: Meta
    spec: ImageBucketSpec
    status: ImageBucketStatus
    store: Store
    settings: Settings
    now: datetime
    clock: float = field(kw_only=True)
    token: Callable[[], str]  # a new random token for a hold
    memo: Memo = field(default_factory=Memo)
    surveys: Surveys = field(default_factory=Bounded, kw_only=True)  # they count what is in the bucket
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    older_rival: str | None = None  # namespace/name of an older ImageBucket that claims the same bucket
    earlier_buckets: int = 0  # ImageBuckets of this namespace on this backend that are older than this one
    referenced: Mapping[str, Referenced] = field(
        default_factory=dict
    )  # of this namespace, by the object's name
    contributions: tuple[Contribution, ...] = ()  # what other objects contribute to its settings
    withdrawn: str = ""  # why its deletion retains the data: its CRD is deleted with all objects
    neighbours: Callable[[], tuple[Served, ...]] = tuple  # what its backend serves, itself included
    progress: Progress | None = None  # of the pass that ended a moment ago, for this one to go on with

    @property
    def merged(self) -> Merged:
        """The bucket's own lifecycle rules and its policies', as one set."""
        return merged_lifecycle(self.spec, self.contributions, self.store)

    @property
    def joined(self) -> Mapping[str, Joined]:
        """The settings to which something is contributed, each as it is desired with that; lifecycle in any case."""
        known = any(f.name == FACET and f.desired_digest for f in self.status.facets)
        return {**shares(self.spec, self.contributions), FACET: self.merged.joined(known=known)}


def shares(spec: ImageBucketSpec, contributions: Sequence[Contribution]) -> Mapping[str, Joined]:
    """The settings without a rule of their own to which something is contributed."""
    if not contributions:
        return {}
    own, given = wishes(spec), defaultdict[str, list[Contribution]](list)
    for contribution in contributions:
        if contribution.facet in FACETS and contribution.facet != FACET:
            given[contribution.facet].append(contribution)
    return {facet: join(own.get(facet), some) for facet, some in given.items()}


def merged_lifecycle(spec: ImageBucketSpec, contributions: Sequence[Contribution], store: Store) -> Merged:
    """A bucket's own lifecycle rules and those of its policies, as far as its store can hold them."""
    support = store.backend.support.get("lifecycle", FULL) if store.backend else FULL
    own = json.dumps(spec.lifecycle.to_json()) if spec.lifecycle else None
    return merged_once(own, tuple(c for c in contributions if c.facet == FACET), support)


@dataclass
class BucketRun:
    """One reconcile while it runs: its Situation, its backend, and the memo that it will hand back.

    Only the steps assign ``memo``. It is kept here because a store's error may end the reconcile after any call, and what
    the store was told by then must not be forgotten.
    """

    s: BucketSituation
    backend: Backend
    memo: Memo

    def note(self, **found: Any) -> None:
        """Set these of the memo. Most checks find nothing new, and then it is not copied."""
        if any(getattr(self.memo, name) != value for name, value in found.items()):
            self.memo = replace(self.memo, **found)
