"""Quota, through a store's admin API. Operations that begin with ``admin:`` are ours; see ``admin``."""

from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Parameters, Setting, StoreAnswer
from imagestore.core.errors import Rejected
from imagestore.core.units import byte_count, quantity
from imagestore.facets.quota import Quota


def decode(answer: StoreAnswer, _at: BucketPlace) -> Quota | None:
    """``{Size: bytes}``; 0 is no quota."""
    return Quota.from_store(hard=quantity(answer["Size"])) if answer.get("Size") else None


def encode(value: Quota, _at: BucketPlace) -> Parameters:
    """Bytes. Of 0 every store makes "no quota", the opposite of what it says."""
    size = byte_count(value.hard)
    if size < 1:
        raise Rejected(f"quota.hard is {value.hard}, which stores take for no quota: give at least 1")
    return {"Size": size}


QUOTA = Setting(
    facet="quota",
    read="admin:GetBucketQuota",
    write="admin:SetBucketQuota",
    clear="admin:ClearBucketQuota",
    decode=decode,
    encode=encode,
    permissions=("admin:GetBucketQuota", "admin:SetBucketQuota"),
)
