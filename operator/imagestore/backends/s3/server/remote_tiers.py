"""MinIO's remote tiers: other stores' buckets, made and given credentials through its admin API. Never removed."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from imagestore.api.tiers import Remote, TierPlace
from imagestore.backends.base import HeldTier
from imagestore.backends.guard.call import Call
from imagestore.backends.s3.client import Keys
from imagestore.core.errors import Rejected, Unavailable

_WORDS = {"MinIO": "minio", "S3": "s3"}  # as MinIO calls them
_OURS = {word: ours for ours, word in _WORDS.items()}
_MEMBERS = {"minio": "MinIO", "s3": "S3", "azure": "Azure", "gcs": "GCS"}


@dataclass(frozen=True)
class RemoteTiers:
    """``keys``: by the tier's name, or why there are none. ``secret``: the admin API's own secret key."""

    call: Call
    keys: Mapping[str, Keys | str] = field(repr=False)
    secret: Callable[[], str] = field(repr=False)

    def held(self) -> Mapping[str, HeldTier]:
        """One call."""
        return {t["Name"]: decode(t) for t in self.call("admin:ListTiers", {})["Tiers"]}

    def fingerprint(self, name: str) -> str:
        """Keyed: who reads a status must not be able to try secrets out on it."""
        keys = self._keys(name)
        said = json.dumps([name, keys.access_key_id, keys.secret_access_key])
        return hmac.digest(self.secret().encode(), said.encode(), hashlib.sha256).hex()[:24]

    def access_key(self, name: str) -> str:
        """Of the credentials that the tier is to have."""
        return self._keys(name).access_key_id

    def add(self, name: str, remote: Remote) -> None:
        """MinIO tries it out first, and takes none that is not empty."""
        self._tried("admin:AddTier", {"Tier": encode(name, remote), "Keys": self._keys(name)})

    def renew(self, name: str) -> None:
        """MinIO tries the credentials out first: with wrong ones the tier keeps those that it has."""
        self._tried("admin:EditTier", {"Name": name, "Keys": self._keys(name)})

    def _tried(self, operation: str, parameters: Mapping[str, Any]) -> None:
        try:
            self.call(operation, parameters)
        except Unavailable as error:
            hint = "before it answers MinIO tries the remote store, which may be what hangs"
            raise Unavailable(f"{error}; {hint}", code=error.code, operation=operation) from None

    def _keys(self, name: str) -> Keys:
        found = self.keys.get(name, f"there are no credentials for the tier {name}")
        if isinstance(found, str):
            raise Rejected(found)
        return found


def encode(name: str, remote: Remote) -> dict[str, Any]:
    """As MinIO wants it, without the keys."""
    said = {
        "Endpoint": remote.endpoint.rstrip("/"),
        "Bucket": remote.bucket,
        "Prefix": remote.prefix,
        "Region": remote.region,
        "StorageClass": remote.storage_class,
    }
    place = {k: v for k, v in said.items() if v}
    return {"Version": "v1", "Type": _WORDS[remote.type], "Name": name, _MEMBERS[_WORDS[remote.type]]: place}


def decode(told: Mapping[str, Any]) -> HeldTier:
    """A listing has members of all four types, and only that of the tier's own type is filled."""
    word = str(told.get("Type") or "")
    said = told.get(_MEMBERS.get(word, word)) or {}
    place = TierPlace(
        type=_OURS.get(word, word)[:64],
        endpoint=str(said.get("Endpoint") or "").rstrip("/")[:1024],
        bucket=str(said.get("Bucket") or "")[:1024],
        prefix=str(said.get("Prefix") or "").rstrip("/")[:1024] or None,
        region=str(said.get("Region") or "")[:256] or None,
        storage_class=str(said.get("StorageClass") or "")[:256] or None,
    )
    return HeldTier(place, str(said.get("AccessKey") or ""))
