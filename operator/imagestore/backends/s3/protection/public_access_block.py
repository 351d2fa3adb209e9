"""The public access block."""

from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Parameters, Setting, StoreAnswer
from imagestore.facets.public_access_block import PublicAccessBlock

_NAMES = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}


def decode(answer: StoreAnswer, _at: BucketPlace) -> PublicAccessBlock | None:
    """Four switches; one that a server leaves out is off. All off is none: so RGW answers for any bucket."""
    config = answer.get("PublicAccessBlockConfiguration") or {}
    switches = {n: bool(config.get(k)) for n, k in _NAMES.items()}
    return PublicAccessBlock.from_store(**switches) if any(switches.values()) else None


def encode(value: PublicAccessBlock, _at: BucketPlace) -> Parameters:
    """A PUT replaces all four: a field without a value is off, as it is without a block."""
    switches = {k: bool(getattr(value, n)) for n, k in _NAMES.items()}
    return {"PublicAccessBlockConfiguration": switches}


PUBLIC_ACCESS_BLOCK = Setting(
    facet="publicAccessBlock",
    read="GetPublicAccessBlock",
    write="PutPublicAccessBlock",
    clear="DeletePublicAccessBlock",
    decode=decode,
    encode=encode,
    permissions=("s3:GetBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    absent=frozenset({"NoSuchPublicAccessBlockConfiguration"}),
)
