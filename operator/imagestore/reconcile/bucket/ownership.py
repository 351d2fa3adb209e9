"""Whose is this bucket? The memory is a mark in the store, because a status can be forged.

The mark says ``<installation>/<namespace>/<name>``, in the backend's encoding. The installation id is stable over a
rebuilt cluster, so that a re-applied manifest finds its bucket again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from imagestore.backends.base import Backend, Observation
from imagestore.core.errors import Conflict, Unexpected
from imagestore.core.facet import Facet
from imagestore.core.reasons import Reason
from imagestore.reconcile.bucket import holds
from imagestore.reconcile.bucket.situation import BucketSituation
from imagestore.reconcile.shared.tenancy import granted


class Claim(StrEnum):
    """What a look says about the bucket."""

    OURS = "Ours"
    FRESH = "Fresh"  # made by this object and by no proof anybody else's: nothing is in it, and no mark or tag on it
    UNMARKED = "Unmarked"  # ours by what this process knows, or a person; the mark has to be (re)written
    ADOPTABLE = "Adoptable"  # not ours, and the administrator lets us have it
    TAKEN = "Taken"


@dataclass(frozen=True)
class Judgement:
    """``reason`` and ``message`` are given with TAKEN. ``asks``: a person may say that it is this object's all the same."""

    claim: Claim
    reason: Reason = Reason.BUCKET_EXISTS
    message: str = ""
    asks: bool = False


def mark(s: BucketSituation) -> str:
    """The owner that this object's bucket is marked with."""
    return f"{s.settings.installation}/{s.meta.namespace}/{s.meta.name}"


def marked(s: BucketSituation, backend: Backend, seen: Observation) -> bool:
    """Whether the bucket was seen to carry this object's mark."""
    place = backend.mark_place
    return place is not None and seen.owner == place.encode(mark(s))


def judge(s: BucketSituation, backend: Backend, sight: Observation, *, made: bool = False) -> Judgement:
    """Whose the bucket is. Costs calls only where it was made a moment ago, or a crash may have left an intent behind.

    ``made``: the store has just answered that it created it.
    """
    if marked(s, backend, sight):
        return Judgement(Claim.OURS)
    known = _without_mark(s, backend, sight, made=made) if sight.owner is None else None
    if known is not None:
        return known
    if _adoptable(s):
        return Judgement(Claim.ADOPTABLE)
    return _taken(s, backend, sight)


def not_ours(s: BucketSituation) -> Judgement:
    """Of a bucket without a mark that another has made: what is set on it shows that."""
    return Judgement(Claim.ADOPTABLE) if _adoptable(s) else _there_before()


def _adoptable(s: BucketSituation) -> bool:
    spec = s.store.spec
    asked = s.spec.adoption == "Granted" and spec is not None
    return asked and spec is not None and granted(spec, s.meta.namespace, s.spec.bucket_name)


def _without_mark(
    s: BucketSituation, backend: Backend, sight: Observation, *, made: bool
) -> Judgement | None:
    """Made by us just now, or marked by us while this process watched, or, on a store that keeps no mark, by what status says."""
    if s.memo.marked:
        return Judgement(Claim.UNMARKED)
    ours = backend.mark_place is None and s.status.created is not None
    if (made or not ours) and intended(s, sight) and backend.remains(s.spec.bucket_name).empty:
        return Judgement(Claim.FRESH)
    if ours:
        return Judgement(Claim.OURS)
    return Judgement(Claim.UNMARKED) if _agreed(s, backend, sight) else None


def intended(s: BucketSituation, sight: Observation) -> bool:
    """Whether it may be the bucket that this object wanted made: an intent in status, and no tag on the bucket.

    The mark is the first thing that is written, and the user's tags with it.
    """
    return s.status.intent is not None and sight.blank


def unmarked_ours(s: BucketSituation, backend: Backend, sight: Observation) -> bool:
    """Without any mark, at the end: what a crash has left is believed of an empty bucket, or where a person says so.

    Killed between creating and marking, the operator left a bucket that nobody answered for when the object
    was deleted before its next start (crash sweep).
    """
    if not intended(s, sight):
        return False
    return backend.remains(s.spec.bucket_name).empty or _agreed(s, backend, sight)


def _agreed(s: BucketSituation, backend: Backend, sight: Observation) -> bool:
    """Whether a person has said that the bucket is this object's, and it was certainly made after the object was.

    Intent and token stand in a status, which whoever has wide rights in a namespace can forge. He can forge neither the
    store's date nor Kubernetes': so nobody gets content by it that was there before his object was.
    """
    hold = holds.of(s.status, holds.CREATION)
    if hold is None or hold.token not in s.spec.approve or not intended(s, sight) or s.spec.mode == "Observe":
        return False  # by what only observes nothing is marked, so the agreement would be forgotten
    made = backend.made_at(s.spec.bucket_name)
    return made is not None and made >= s.meta.created


def _taken(s: BucketSituation, backend: Backend, sight: Observation) -> Judgement:
    """Not this object's. A date is asked for only where a crash may have left an intent behind."""
    if sight.owner is not None:
        whom = f"the bucket belongs to {_whom(s, sight.owner)}; choose another bucketName"
        return Judgement(Claim.TAKEN, Reason.OWNED_BY_ANOTHER, whom)
    if intended(s, sight) and (unproven := _unproven(s, backend)) is not None:
        return unproven
    if s.status.created is not None:
        place = f" ({backend.mark_place.name})" if backend.mark_place else ""
        message = (
            f"the bucket no longer carries the operator's mark{place}, so it is not known to be"
            " this object's any more; let the administrator grant its adoption and set adoption: Granted"
        )
        return Judgement(Claim.TAKEN, Reason.MARK_MISSING, message)
    return _there_before()


def _there_before() -> Judgement:
    message = (
        "the bucket exists and was not made by this object; to take it over, let the administrator grant its"
        " adoption and set adoption: Granted; or choose another bucketName"
    )
    return Judgement(Claim.TAKEN, Reason.BUCKET_EXISTS, message)


def _unproven(s: BucketSituation, backend: Backend) -> Judgement | None:
    """Killed between creating and marking, and something was uploaded since; None: the bucket is older than the object."""
    made = backend.made_at(s.spec.bucket_name)
    if made is not None and made < s.meta.created:
        return None
    message = (
        f"the operator was about to create this bucket at {s.status.intent:%Y-%m-%dT%H:%M:%SZ}, and ended before it had marked"
        " it as this object's; there is something in it by now, so somebody else may have made it just as well"
    )
    if made is None:
        message += (
            "; if it is this object's, let the administrator grant its adoption and set adoption: Granted"
        )
    return Judgement(Claim.TAKEN, Reason.CREATION_NOT_PROVEN, message, asks=made is not None)


def _whom(s: BucketSituation, owner: str) -> str:
    """Another owner, named only within one's own namespace."""
    installation, _, rest = owner.partition("/")
    namespace, _, name = rest.partition("/")
    if installation == s.settings.installation and namespace == s.meta.namespace:
        return f"the ImageBucket {name} of this namespace"
    return "another ImageBucket"


def write_mark(
    s: BucketSituation, backend: Backend, seen: Observation, wanted: Mapping[str, Facet | None]
) -> Observation:
    """Write the mark together with ``wanted`` (settings that the store keeps beside it) and read it back.

    Read-modify-write: what others set is in ``wanted`` already. A store may answer with the old mark for half a
    minute: only what is not there after a second write is called the deed of another.
    """
    s.memo.marked_at = s.clock
    read = backend.mark(s.spec.bucket_name, mark(s), seen, wanted)
    if not marked(s, backend, read):
        first, s.memo.unshown = not s.memo.unshown, True
        raise Conflict(_UNSEEN) if first else Unexpected(_LOST)
    s.memo.marked, s.memo.unshown = True, False
    return read


def await_mark(s: BucketSituation) -> None:
    """Conflict if a mark that is not shown was written a moment ago.

    Written again with the tags that the old answer has, it took away those that had been written with it.
    """
    if s.memo.marked_at is not None and s.clock - s.memo.marked_at < s.settings.confirm_drift:
        raise Conflict(_UNSEEN)


_UNSEEN = "the owner's mark was written a moment ago, and the store does not show it yet"
_LOST = "the owner's mark was written and is not there: another program writes the tags of this bucket; find it and stop it"
