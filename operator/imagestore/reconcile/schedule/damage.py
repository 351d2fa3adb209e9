"""What is known to be damaged in one bucket's backups, and when it no longer is. Pure.

Another sample, another backup or another part that is whole does not prove that what was damaged is whole again. Only all parts do, each
read after the damage was found.
"""

from datetime import datetime
from hashlib import sha256

from imagestore.api.backupschedulestatus import BackedUpBucket, KnownDamage


def damage(bucket: BackedUpBucket) -> int:
    """Objects that a check or drill found damaged, while not all parts have been read since and were whole."""
    return bucket.damage.objects if bucket.damage else 0


def having_missed(bucket: BackedUpBucket, missing: str, at: datetime) -> BackedUpBucket:
    """After a run that looked for the newest backup that succeeded. ``missing``: the one that it did not find.

    It stays missing until another one succeeds: a run that began before may have looked for another one.
    """
    last = bucket.last
    if last is None or missing != last.backup or last.missing is not None:
        return bucket
    return bucket.having(last=last.having(missing=at))


def lost_objects(bucket: BackedUpBucket) -> int:
    """Objects that no restore brings back, because the newest backup that succeeded is not in the repository."""
    last = bucket.last
    return max(1, last.objects) if last is not None and last.missing is not None else 0


def having_found(bucket: BackedUpBucket, objects: int, parts: int, at: datetime) -> BackedUpBucket:
    """After a quick check, a drill or a removal, which may have found damage in any of the parts."""
    if not objects:
        return bucket
    full = bucket.full
    until = (full.next - 1) % parts if full is not None and full.of == parts else parts - 1
    return bucket.having(damage=_known(bucket, objects, until, at))


def having_read(bucket: BackedUpBucket, share: int, objects: int, found: int, at: datetime) -> BackedUpBucket:
    """After a part was read; the bucket has its result already. ``objects``: damaged in this part; ``found``: in its round."""
    before = bucket.damage
    if objects:
        return bucket.having(damage=_known(bucket, found, share, at))
    over = before is not None and before.until == share
    return bucket.having(damage=None) if over else bucket


def in_other_parts(bucket: BackedUpBucket, parts: int) -> BackedUpBucket:
    """Before the first part of another division is read: the damage may be in any of them."""
    before = bucket.damage
    if before is None:
        return bucket
    return bucket.having(damage=before.having(until=parts - 1))


def _known(bucket: BackedUpBucket, objects: int, until: int, at: datetime) -> KnownDamage:
    before = bucket.damage
    return KnownDamage(
        objects=max(objects, damage(bucket)), until=until, since=before.since if before else at
    )


def damage_token(bucket: BackedUpBucket) -> str:
    """Approves removals in spite of the damage that is known. More objects, or damage that was found anew later, need another one."""
    before = bucket.damage
    assert before is not None, "nothing else needs one"  # noqa: S101
    told = repr((bucket.name, before.objects, before.since and before.since.isoformat()))
    return f"d{sha256(told.encode()).hexdigest()[:9]}"
