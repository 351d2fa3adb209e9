"""Which account or server answers. A Secret of another account, or an address that leads elsewhere, looks all right
otherwise, and every bucket would be made anew there.
"""

from collections.abc import Mapping
from typing import Any

from imagestore.backends.guard.call import Call
from imagestore.backends.s3.profiles.profile import IdentitySource
from imagestore.core.errors import StoreError


def told(kind: IdentitySource, buckets: Mapping[str, Any], admin: Call | None) -> str | None:
    """In words, such as ``account 79a5...``; None if it is not told. ``buckets``: the answer to ListBuckets."""
    found = (
        _deployment(admin)
        if kind is IdentitySource.DEPLOYMENT
        else str((buckets.get("Owner") or {}).get("ID") or "")
    )
    return f"{kind.value} {found}"[:256] if found else None


def _deployment(admin: Call | None) -> str:
    """The admin API may be down, or refuse this: then the store can be used all the same."""
    if admin is None:
        return ""
    try:
        return str(admin("admin:GetDeployment", {}).get("Id") or "")
    except StoreError:
        return ""
