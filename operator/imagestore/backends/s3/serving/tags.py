"""Tags of the bucket: all of them, the owner's mark (``imagestore.dev/owner``) included."""

from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Parameters, Setting, StoreAnswer
from imagestore.facets.tags import Tags


def decode(answer: StoreAnswer, _at: BucketPlace) -> Tags | None:
    """A bucket may hold more tags than a spec may list, and they must survive a write."""
    values = {tag.get("Key") or "": tag.get("Value") or "" for tag in answer.get("TagSet") or ()}
    return Tags.from_store(values=values) if values else None


def encode(value: Tags, _at: BucketPlace) -> Parameters:
    """Every tag, in one order. A PUT replaces them all: foreign ones must be in ``value``."""
    return {"Tagging": {"TagSet": [{"Key": k, "Value": v} for k, v in sorted(value.values.items())]}}


TAGS = Setting(
    facet="tags",
    read="GetBucketTagging",
    write="PutBucketTagging",
    clear="DeleteBucketTagging",
    decode=decode,
    encode=encode,
    permissions=("s3:GetBucketTagging", "s3:PutBucketTagging"),
    absent=frozenset({"NoSuchTagSet", "NoSuchTagSetError"}),
)
