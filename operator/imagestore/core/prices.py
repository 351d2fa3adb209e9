"""List prices of public stores, by the names that the stores give their classes.

US dollars of the cheapest large regions (us-east-1, us-central1, East US with local redundancy); other regions cost more.
What sources disagree about is marked. A StorageBackend's ``spec.prices`` replaces a table as a whole.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from imagestore.core.cost import Price, PriceTable

AS_OF = "2026-05-01"
_SMALLEST = 128 * 1024  # bytes; smaller objects are billed as this
_INDEX = 40 * 1024


def _price(
    gb: str, days: int = 0, size: int = 0, index: int = 0, get: str = "0", move: str = "0", unsure: str = ""
) -> Price:
    return Price(Decimal(gb), days, size, index, Decimal(get), Decimal(move), frozenset(unsure.split()))


_AWS = {
    "STANDARD": _price("0.023"),
    "STANDARD_IA": _price("0.0125", 30, _SMALLEST, get="0.01", move="0.01"),
    "ONEZONE_IA": _price("0.01", 30, _SMALLEST, get="0.01", move="0.01"),
    "GLACIER_IR": _price("0.004", 90, _SMALLEST, get="0.03", move="0.02"),
    "GLACIER": _price("0.0036", 90, index=_INDEX, get="0.01", move="0.03"),
    "DEEP_ARCHIVE": _price("0.00099", 180, index=_INDEX, get="0.02", move="0.05"),
}
_GCS = {
    "STANDARD": _price("0.020"),
    "NEARLINE": _price("0.010", 30, get="0.01", move="0.01", unsure="transitions"),
    "COLDLINE": _price("0.004", 90, get="0.02", move="0.02", unsure="transitions"),
    "ARCHIVE": _price("0.0012", 365, get="0.05", move="0.05", unsure="transitions"),
}
_AZURE = {
    "Hot": _price("0.018"),
    "Cool": _price("0.01", 30, get="0.01", move="0.01", unsure="retrieval"),
    "Cold": _price("0.0036", 90, get="0.03", move="0.018", unsure="retrieval"),
    "Archive": _price("0.00099", 180, get="0.02", move="0.01", unsure="storage retrieval transitions"),
}
_OCI = {
    "STANDARD": _price("0.0255"),
    "INFREQUENT_ACCESS": _price("0.01", 31, unsure="minimum-days"),
    "ARCHIVE": _price("0.0026", 90, unsure="minimum-days"),
}

# By store. Tiers that a store does not have are left out.
PUBLIC: Mapping[str, PriceTable] = MappingProxyType(
    {
        "AWS": PriceTable("AWS", "USD", AS_OF, _AWS, "us-east-1"),
        "GCS": PriceTable("GCS", "USD", AS_OF, _GCS, "us-central1"),
        "Azure": PriceTable("Azure", "USD", AS_OF, _AZURE, "East US"),
        "OCI": PriceTable("OCI", "USD", AS_OF, _OCI),
    }
)

LADDERS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "AWS": {"Hot": "STANDARD", "Cool": "STANDARD_IA", "Cold": "GLACIER_IR", "Archive": "DEEP_ARCHIVE"},
        "GCS": {"Hot": "STANDARD", "Cool": "NEARLINE", "Cold": "COLDLINE", "Archive": "ARCHIVE"},
        "Azure": {"Hot": "Hot", "Cool": "Cool", "Cold": "Cold", "Archive": "Archive"},
        "OCI": {"Hot": "STANDARD", "Cool": "INFREQUENT_ACCESS", "Archive": "ARCHIVE"},
    }
)
