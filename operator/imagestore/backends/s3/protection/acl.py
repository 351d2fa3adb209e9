"""The bucket's ACL, which is observe-only: any PUT of it may open the bucket."""

from collections.abc import Mapping
from typing import Any

from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Setting, StoreAnswer
from imagestore.facets.acl import Acl, AclGrant


def decode(answer: StoreAnswer, _at: BucketPlace) -> Acl | None:
    """None if only the owner is in it. A group is known by the last word of its URI."""
    owner = (answer.get("Owner") or {}).get("ID")
    held: dict[str, list[Any]] = {}
    for raw in answer["Grants"]:
        held.setdefault(_grantee(raw["Grantee"]), []).append(raw["Permission"])
    held.pop(owner or "", None)
    grants = (AclGrant.from_store(grantee=who, permissions=tuple(what)) for who, what in held.items())
    return Acl.from_store(grants=tuple(grants)) if held else None


def _grantee(raw: Mapping[str, Any]) -> str:
    if raw.get("URI"):
        return str(raw["URI"]).rsplit("/", 1)[-1]
    return str(raw.get("ID") or raw.get("EmailAddress") or raw.get("DisplayName") or "")


ACL = Setting(facet="acl", read="GetBucketAcl", decode=decode, permissions=("s3:GetBucketAcl",))
