"""Intelligent tiering, a set of named configurations."""

from typing import Any

from imagestore.backends.s3.settings.named import Raw, named_filter, named_scope, named_understood
from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Parameters, Setting, StoreAnswer
from imagestore.facets.intelligent_tiering import (
    ArchiveTiering,
    IntelligentTiering,
    IntelligentTieringConfiguration,
)

_TIERS = {"Archive": "ARCHIVE_ACCESS", "DeepArchive": "DEEP_ARCHIVE_ACCESS"}
_NAMES = {theirs: ours for ours, theirs in _TIERS.items()}


def decode(answer: StoreAnswer, _at: BucketPlace) -> IntelligentTiering | None:
    """All that a bucket has."""
    raws = answer.get("IntelligentTieringConfigurationList") or ()
    found = named_understood(raws, IntelligentTieringConfiguration, _fields)
    return IntelligentTiering.from_store(configurations=found) if found else None


def _fields(raw: Raw) -> dict[str, Any]:
    tierings = (
        ArchiveTiering.from_store(tier=_NAMES[t["AccessTier"]], days=t["Days"]) for t in raw["Tierings"]
    )
    return {"state": raw["Status"], "filter": named_scope(raw.get("Filter")), "tierings": tuple(tierings)}


def encode(value: IntelligentTiering, _at: BucketPlace) -> Parameters:
    """The one that ``value`` has."""
    (one,) = value.configurations
    document = {
        "Id": one.name,
        "Status": one.state or "Enabled",
        "Tierings": [{"AccessTier": _TIERS[t.tier], "Days": t.days} for t in one.tierings],
        **named_filter(one.filter),
    }
    return {"IntelligentTieringConfiguration": document}


INTELLIGENT_TIERING = Setting(
    facet="intelligentTiering",
    read="ListBucketIntelligentTieringConfigurations",
    write="PutBucketIntelligentTieringConfiguration",
    clear="DeleteBucketIntelligentTieringConfiguration",
    decode=decode,
    encode=encode,
    permissions=("s3:GetIntelligentTieringConfiguration", "s3:PutIntelligentTieringConfiguration"),
    absent=frozenset({"NoSuchConfiguration"}),
    named=True,
)
