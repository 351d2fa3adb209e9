"""All that a reconcile of an ImageBucket may know, and what a person has to approve, with its token, as a status remembers it.

Time and randomness are part of a situation.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from imagestore.api.bucketstatus import Held, ImageBucketStatus
from imagestore.api.imagebucket import FACETS, ImageBucketSpec, wishes
from imagestore.backends.base import Backend, Observation
from imagestore.core.diff import some_paths
from imagestore.core.model import cut
from imagestore.core.plan import Change, Op, Plan
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


# Holds that are not about a setting.
CONTENT = "content"  # a loss is to be acknowledged
ADOPTION = "adoption"
CREATION = "creation"  # whether a bucket that a crash left without a mark is this object's


def hold_of(status: ImageBucketStatus, facet: str) -> Held | None:
    """The hold of this name."""
    return next((h for h in (status.plan.held if status.plan else ()) if h.facet == facet), None)


def with_loss(status: ImageBucketStatus, *others: Held) -> tuple[Held, ...]:
    """These, and the loss that is to be acknowledged, which waits beside any other hold."""
    loss = hold_of(status, CONTENT)
    return others if loss is None else (loss, *others)


def loss(s: BucketSituation) -> Held:
    """The hold of a loss that was found just now, with a new token to acknowledge it."""
    why = "the bucket was found missing; its content is lost"
    return Held(facet=CONTENT, token=s.token(), why=why, digest=s.now.isoformat())


def acknowledged(s: BucketSituation) -> dict[str, object]:
    """The changes of the status by which a loss whose token is approved is over, or one without a token gets one."""
    hold = hold_of(s.status, CONTENT)
    if s.status.lost_at is not None and hold is None:
        return {"content_holds": (loss(s),)}
    if hold is None or hold.token not in s.spec.approve:
        return {}
    return {"lost_at": None, "content_holds": ()}


def known_holds(s: BucketSituation) -> dict[str, Held]:
    """The holds that the status has, by change."""
    return {h.digest: h for h in (s.status.plan.held if s.status.plan else ())}


def tokens(s: BucketSituation, todo: Plan) -> dict[str, str]:
    """Each risky change's token: the one of the same hold, else a new one."""
    told = known_holds(s)
    return {c.digest: told[c.digest].token if c.digest in told else s.token() for c in todo.writes if c.risk}


def held(changes: Iterable[Change]) -> tuple[Held, ...]:
    """The holds that a person can approve."""
    waiting = [c for c in changes if c.op is Op.HOLD and c.token]
    return tuple(
        Held(facet=c.facet, token=c.token, why=_why(c), digest=c.digest, removes=c.removes) for c in waiting
    )


def _why(change: Change) -> str:
    return f"{cut(change.message, 2048)} ({some_paths(change.fields)})"
