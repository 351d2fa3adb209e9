"""Object ownership: a list that has exactly one rule."""

from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Parameters, Setting, StoreAnswer
from imagestore.facets.ownership import Ownership


def decode(answer: StoreAnswer, _at: BucketPlace) -> Ownership | None:
    """RGW answers a document without rules for any bucket: it has none."""
    rules = (answer.get("OwnershipControls") or {}).get("Rules") or ()
    return Ownership.from_store(object_ownership=rules[0]["ObjectOwnership"]) if rules else None


def encode(value: Ownership, _at: BucketPlace) -> Parameters:
    """The one rule."""
    return {"OwnershipControls": {"Rules": [{"ObjectOwnership": value.object_ownership}]}}


OWNERSHIP = Setting(
    facet="ownership",
    read="GetBucketOwnershipControls",
    write="PutBucketOwnershipControls",
    decode=decode,
    encode=encode,
    permissions=("s3:GetBucketOwnershipControls", "s3:PutBucketOwnershipControls"),
    absent=frozenset({"OwnershipControlsNotFoundError"}),
    # Never a DELETE: without controls ACLs count. This is what a new bucket has.
    cleared=Ownership(object_ownership="BucketOwnerEnforced"),
)
