"""Inventory, a set of named configurations. Lists are always of the version 2016-11-30, the only one there is.

``AccountId`` of a destination only guards against its changing hands: it is neither compared nor written.
"""

from typing import Any

from imagestore.backends.s3.settings.named import Raw, named_understood
from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Parameters, Setting, StoreAnswer
from imagestore.core.references import BucketRef
from imagestore.facets.inventory import (
    Destination,
    Inventory,
    InventoryConfiguration,
    ListEncryption,
    Under,
)


def decode(answer: StoreAnswer, _at: BucketPlace) -> Inventory | None:
    """All that a bucket has."""
    raws = answer.get("InventoryConfigurationList") or ()
    found = named_understood(raws, InventoryConfiguration, _fields)
    return Inventory.from_store(configurations=found) if found else None


def _fields(raw: Raw) -> dict[str, Any]:
    prefix = (raw.get("Filter") or {}).get("Prefix")
    return {
        "state": "Enabled" if raw["IsEnabled"] else "Disabled",
        "schedule": raw["Schedule"]["Frequency"],
        "included_versions": raw["IncludedObjectVersions"],
        "filter": Under.from_store(prefix=prefix) if prefix else None,
        "optional_fields": tuple(raw.get("OptionalFields") or ()),
        "destination": _destination(raw["Destination"]["S3BucketDestination"]),
    }


def _destination(raw: Raw) -> Destination:
    return Destination.from_store(
        bucket_ref=BucketRef.from_store(bucket=raw["Bucket"].rpartition(":")[2]),
        prefix=raw.get("Prefix") or None,
        format=raw["Format"],
        encryption=_encryption(raw.get("Encryption") or {}),
    )


def _encryption(raw: Raw) -> ListEncryption | None:
    if raw.get("SSEKMS"):
        return ListEncryption.from_store(algorithm="SSE-KMS", key_id=raw["SSEKMS"]["KeyId"])
    return ListEncryption.from_store(algorithm="SSE-S3") if "SSES3" in raw else None


def encode(value: Inventory, at: BucketPlace) -> Parameters:
    """The one that ``value`` has."""
    (one,) = value.configurations
    document = {
        "Id": one.name,
        "IsEnabled": one.state != "Disabled",
        "Schedule": {"Frequency": one.schedule},
        "IncludedObjectVersions": one.included_versions,
        "Destination": {"S3BucketDestination": _sent(one.destination, at)},
        **({"Filter": {"Prefix": one.filter.prefix}} if one.filter else {}),
        **({"OptionalFields": list(one.optional_fields)} if one.optional_fields else {}),
    }
    return {"InventoryConfiguration": document}


def _sent(value: Destination, at: BucketPlace) -> Parameters:
    return {
        "Bucket": BucketPlace(value.bucket_ref.bucket or "", at.partition).arn,
        "Format": value.format,
        **({"Prefix": value.prefix} if value.prefix else {}),
        **({"Encryption": _key(value.encryption)} if value.encryption else {}),
    }


def _key(value: ListEncryption) -> Parameters:
    return {"SSES3": {}} if value.algorithm == "SSE-S3" else {"SSEKMS": {"KeyId": value.key_id}}


INVENTORY = Setting(
    facet="inventory",
    read="ListBucketInventoryConfigurations",
    write="PutBucketInventoryConfiguration",
    clear="DeleteBucketInventoryConfiguration",
    decode=decode,
    encode=encode,
    permissions=("s3:GetInventoryConfiguration", "s3:PutInventoryConfiguration"),
    absent=frozenset({"NoSuchConfiguration"}),
    named=True,
)
