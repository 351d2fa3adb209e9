"""Whose is this bucket? The owner mark in the store decides, because a status can be forged.

The mark says ``<installation>/<namespace>/<name>``, in the backend's encoding. The installation id is stable over a
rebuilt cluster, so that a re-applied manifest finds its bucket again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum, auto

from imagestore.backends.base import Backend, Observation
from imagestore.core.errors import Conflict, Unexpected
from imagestore.core.facet import WHOLE, Facet
from imagestore.core.reasons import Reason
from imagestore.reconcile.bucket.situation import CREATION, BucketRun, BucketSituation, hold_of
from imagestore.reconcile.shared.tenancy import granted


class Owner(StrEnum):
    """Whose a bucket is."""

    OURS = auto()
    FRESH = auto()  # created for this object: it has no content, no mark and no tag
    UNMARKED = auto()  # ours, as this process or a person knows; the mark has to be written
    ADOPTABLE = auto()  # not ours, and the administrator has granted its adoption
    TAKEN = auto()


@dataclass(frozen=True)
class Judgement:
    """``reason`` and ``message`` come with TAKEN. ``asks``: a person may approve that the bucket is this object's."""

    owner: Owner
    reason: Reason = Reason.BUCKET_EXISTS
    message: str = ""
    asks: bool = False


def owner_of(s: BucketSituation) -> str:
    """The owner that this object's bucket is marked with."""
    return f"{s.settings.installation}/{s.meta.namespace}/{s.meta.name}"


def carries_mark(s: BucketSituation, backend: Backend, seen: Observation) -> bool:
    """Whether the bucket was seen to carry this object's mark."""
    place = backend.mark_place
    return place is not None and seen.owner == place.encode(owner_of(s))


def judge_owner(run: BucketRun, check: Observation, *, made: bool = False) -> Judgement:
    """Whose the bucket is. Costs calls only where it was created a moment ago, or a crash may have left an intent.

    ``made``: the store has just answered that it created the bucket.
    """
    s, backend = run.s, run.backend
    if carries_mark(s, backend, check):
        return Judgement(Owner.OURS)
    known = _without_mark(run, check, made=made) if check.owner is None else None
    if known is not None:
        return known
    if _adoptable(s):
        return Judgement(Owner.ADOPTABLE)
    return _taken(s, backend, check)


def not_ours(s: BucketSituation) -> Judgement:
    """The judgement of a bucket without a mark that another program has made, as the settings on it show."""
    return Judgement(Owner.ADOPTABLE) if _adoptable(s) else _there_before()


def _adoptable(s: BucketSituation) -> bool:
    spec = s.store.spec
    asked = s.spec.adoption == "Granted" and spec is not None
    return asked and spec is not None and granted(spec, s.meta.namespace, s.spec.bucket_name)


def _without_mark(run: BucketRun, check: Observation, *, made: bool) -> Judgement | None:
    """Created just now, or marked while this process ran, or, on a store that keeps no mark, ours by the status."""
    s, backend = run.s, run.backend
    if run.memo.marked:
        return Judgement(Owner.UNMARKED)
    ours = backend.mark_place is None and s.status.created is not None
    if (made or not ours) and intended(s, check) and backend.remains(s.spec.bucket_name).empty:
        return Judgement(Owner.FRESH)
    if ours:
        return Judgement(Owner.OURS)
    return Judgement(Owner.UNMARKED) if _agreed(s, backend, check) else None


def intended(s: BucketSituation, check: Observation) -> bool:
    """Whether it may be the bucket that was to be created: there is an intent in status, and no tag on the bucket.

    The mark is the first thing that is written, and the user's tags with it.
    """
    return s.status.intent is not None and check.blank


def unmarked_ours(s: BucketSituation, backend: Backend, check: Observation) -> bool:
    """Whether a bucket without a mark is this object's at its deletion: it is empty, or a person has approved that.

    Killed between creating and marking, the operator left an orphaned bucket when the object was deleted before its next
    start (crash sweep).
    """
    if not intended(s, check):
        return False
    return backend.remains(s.spec.bucket_name).empty or _agreed(s, backend, check)


def _agreed(s: BucketSituation, backend: Backend, check: Observation) -> bool:
    """Whether a person has approved that the bucket is this object's, and it was created after the object was.

    A user with wide rights in a namespace can forge intent and token, which are in a status. Such a user can forge neither
    the store's date nor Kubernetes': so no user gets content that was there before the object was.
    """
    hold = hold_of(s.status, CREATION)
    if hold is None or hold.token not in s.spec.approve or not intended(s, check) or s.spec.mode == "Observe":
        return False  # mode Observe writes no mark, so the approval would be forgotten
    made = backend.made_at(s.spec.bucket_name)
    return made is not None and made >= s.meta.created


def _taken(s: BucketSituation, backend: Backend, check: Observation) -> Judgement:
    """The judgement of a bucket that is not this object's. Asks for a date only where a crash may have left an intent."""
    if check.owner is not None:
        whom = f"the bucket belongs to {_whom(s, check.owner)}; choose another bucketName"
        return Judgement(Owner.TAKEN, Reason.OWNED_BY_ANOTHER, whom)
    if intended(s, check) and (unproven := _unproven(s, backend)) is not None:
        return unproven
    if s.status.created is not None:
        place = f" ({backend.mark_place.name})" if backend.mark_place else ""
        message = (
            f"the bucket no longer carries the owner mark{place}, so it is not known to be"
            " this object's any more; let the administrator grant its adoption and set adoption: Granted"
        )
        return Judgement(Owner.TAKEN, Reason.MARK_MISSING, message)
    return _there_before()


def _there_before() -> Judgement:
    message = (
        "the bucket exists and was not created by this object; to take it over, let the administrator grant its"
        " adoption and set adoption: Granted; or choose another bucketName"
    )
    return Judgement(Owner.TAKEN, Reason.BUCKET_EXISTS, message)


def _unproven(s: BucketSituation, backend: Backend) -> Judgement | None:
    """The operator was killed between creating and marking, and the bucket has content since. None: the bucket is older."""
    made = backend.made_at(s.spec.bucket_name)
    if made is not None and made < s.meta.created:
        return None
    message = (
        f"the operator was about to create this bucket at {s.status.intent:%Y-%m-%dT%H:%M:%SZ}, and ended before it marked"
        " it as this object's; it has content by now, so another program may have created it"
    )
    if made is None:
        message += (
            "; if it is this object's, let the administrator grant its adoption and set adoption: Granted"
        )
    return Judgement(Owner.TAKEN, Reason.CREATION_NOT_PROVEN, message, asks=made is not None)


def _whom(s: BucketSituation, owner: str) -> str:
    """The other owner, named only where it is in the same namespace."""
    installation, _, rest = owner.partition("/")
    namespace, _, name = rest.partition("/")
    if installation == s.settings.installation and namespace == s.meta.namespace:
        return f"the ImageBucket {name} of this namespace"
    return "another ImageBucket"


def ensure_mark(run: BucketRun, seen: Observation, desired: Mapping[str, Facet]) -> Observation:
    """Write the mark, together with the desired settings that the store keeps beside it: one call for a new bucket.

    Raises Conflict if a mark that is not shown was written a moment ago. Written again with the tags of the old answer,
    it deleted those that had been written with it.
    """
    place = run.backend.mark_place
    if place is None:
        return seen
    at = run.memo.marked_at
    if at is not None and run.s.clock - at < run.s.settings.confirm_drift:
        raise Conflict(_UNSEEN)
    beside = {n: w for n, w in desired.items() if n in place.beside}
    merged = {n: w.merge(seen.values.get(n), w.parts() or WHOLE) for n, w in beside.items()}
    return write_mark(run, seen, merged)


def write_mark(run: BucketRun, seen: Observation, desired: Mapping[str, Facet | None]) -> Observation:
    """Write the mark together with ``desired`` (settings that the store keeps beside it) and read it back.

    Read-modify-write: foreign tags are in ``desired`` already. A store may answer with the old mark for half a minute, so
    only a mark that is missing after a second write is reported as deleted by another program.
    """
    s = run.s
    run.memo = replace(run.memo, marked_at=s.clock)
    read = run.backend.mark(s.spec.bucket_name, owner_of(s), seen, desired)
    if not carries_mark(s, run.backend, read):
        second = run.memo.mark_unshown
        run.memo = replace(run.memo, mark_unshown=True)
        raise Unexpected(_LOST) if second else Conflict(_UNSEEN)
    run.memo = replace(run.memo, marked=True, mark_unshown=False)
    return read


_UNSEEN = "the owner mark was written a moment ago, and the store does not show it yet"
_LOST = "the owner mark was written and is not there: another program writes the tags of this bucket; find it and stop it"
