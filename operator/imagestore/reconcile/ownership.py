"""Whose is this bucket? The memory is a mark in the store, because a status can be forged.

The mark is the reserved tag ``imagestore.dev/owner = <installation>/<namespace>/<name>``. The installation
id is stable over a rebuilt cluster, so that a re-applied manifest finds its bucket again.
"""

from dataclasses import dataclass
from enum import StrEnum

from imagestore.backends.base import Backend, Sight
from imagestore.core.errors import Unexpected
from imagestore.facets.tags import OWNER, Tags
from imagestore.reconcile.situation import Situation
from imagestore.reconcile.tenancy import granted


class Claim(StrEnum):
    """What a look says about the bucket."""

    OURS = "Ours"
    UNMARKED = "Unmarked"  # ours by what this process knows; the mark has to be (re)written
    ADOPTABLE = "Adoptable"  # not ours, and the administrator lets us have it
    TAKEN = "Taken"


@dataclass(frozen=True)
class Judgement:
    """``reason`` and ``message`` are given with TAKEN."""

    claim: Claim
    reason: str = ""
    message: str = ""


def mark(s: Situation) -> str:
    """The value of the owner's tag for this object."""
    return f"{s.settings.installation}/{s.meta.namespace}/{s.meta.name}"


def judge(s: Situation, backend: Backend, sight: Sight) -> Judgement:
    """Whose the bucket is. Costs calls only where a crash may have left an intent behind."""
    owner = None if sight.tags is None else sight.tags.get(OWNER)
    if owner == mark(s):
        return Judgement(Claim.OURS)
    if owner is None and _known(s, backend, sight):
        return Judgement(Claim.OURS if sight.tags is None else Claim.UNMARKED)
    if (
        s.spec.adoption == "Granted"
        and s.store.spec
        and granted(s.store.spec, s.meta.namespace, s.spec.bucket_name)
    ):
        return Judgement(Claim.ADOPTABLE)
    return _taken(s, owner)


def _known(s: Situation, backend: Backend, sight: Sight) -> bool:
    """Without a mark: made by us just now, or marked by us while this process watched.

    An intent may be left over from a crash between creating and marking. It is believed only of an empty
    bucket, so that nobody can claim another's content by forging a status.
    """
    if s.memo.marked or (sight.tags is None and s.status.created is not None):
        return True
    return s.status.intent is not None and backend.remains(s.spec.bucket_name).empty


def _taken(s: Situation, owner: str | None) -> Judgement:
    if owner is None and s.status.created is not None:
        message = (
            "the bucket no longer carries the operator's mark (the tag imagestore.dev/owner), so it is not known to"
            " be this object's any more; let the administrator grant its adoption and set adoption: Granted"
        )
        return Judgement(Claim.TAKEN, "MarkMissing", message)
    if owner is None:
        message = (
            "the bucket exists and was not made by this object; to take it over, let the administrator grant its"
            " adoption and set adoption: Granted; or choose another bucketName"
        )
        return Judgement(Claim.TAKEN, "BucketExists", message)
    return Judgement(
        Claim.TAKEN, "OwnedByAnother", f"the bucket belongs to {_whom(s, owner)}; choose another bucketName"
    )


def _whom(s: Situation, owner: str) -> str:
    """Another owner, named only within one's own namespace."""
    installation, _, rest = owner.partition("/")
    namespace, _, name = rest.partition("/")
    if installation == s.settings.installation and namespace == s.meta.namespace:
        return f"the ImageBucket {name} of this namespace"
    return "another ImageBucket"


def write_mark(s: Situation, backend: Backend, seen: Tags, wanted: Tags) -> Tags:
    """Write the mark together with ``wanted`` (all tags that shall be there) and read it back.

    Read-modify-write: tags that others set are in ``wanted`` already.
    """
    driver, bucket = backend.drivers["tags"], s.spec.bucket_name
    driver.write(bucket, Tags.from_store(values={**wanted.values, OWNER: mark(s)}), seen)
    read = driver.read(bucket)
    if not isinstance(read, Tags) or read.values.get(OWNER) != mark(s):
        raise Unexpected("the owner's mark was written and is not there; is somebody else writing the tags?")
    s.memo.marked = True
    return read
