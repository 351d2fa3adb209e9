"""Object lock: whether the bucket has it, and the default retention of new objects."""

from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Parameters, Setting, StoreAnswer
from imagestore.facets.object_lock import ObjectLock


def decode(answer: StoreAnswer, _at: BucketPlace) -> ObjectLock | None:
    """None: a bucket without a lock. No mode: a lock without default retention."""
    config = answer.get("ObjectLockConfiguration") or {}
    if config.get("ObjectLockEnabled") != "Enabled":
        return None
    default = (config.get("Rule") or {}).get("DefaultRetention") or {}
    mode = default.get("Mode")
    return ObjectLock.from_store(
        mode=mode.capitalize() if mode else None,
        days=default.get("Days") or None,
        years=default.get("Years") or None,
    )


def encode(value: ObjectLock, _at: BucketPlace) -> Parameters:
    """Without a mode the Rule is left out, which removes a default."""
    config: Parameters = {"ObjectLockEnabled": "Enabled"}
    if value.mode:
        length = {"Days": value.days} if value.days else {"Years": value.years}
        config["Rule"] = {"DefaultRetention": {"Mode": value.mode.upper(), **length}}
    return {"ObjectLockConfiguration": config}


OBJECT_LOCK = Setting(
    facet="objectLock",
    read="GetObjectLockConfiguration",
    write="PutObjectLockConfiguration",
    decode=decode,
    encode=encode,
    permissions=("s3:GetBucketObjectLockConfiguration", "s3:PutBucketObjectLockConfiguration"),
    absent=frozenset({"ObjectLockConfigurationNotFoundError"}),
    cleared=ObjectLock(),  # the lock stays for ever; only the default retention can go
)
