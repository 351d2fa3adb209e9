"""Whether the store answers as it should, and which account or server it is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imagestore.backends.base import ServerInfo
from imagestore.backends.guard.call import Call
from imagestore.backends.s3.profiles.profile import IdentitySource, Profile
from imagestore.backends.s3.server import identity
from imagestore.backends.s3.server.regional import prove_region
from imagestore.core.errors import StoreError


@dataclass(frozen=True)
class Proof:
    """``admin``: whether ``call`` takes ``admin:`` operations. ``proven`` holds the last identity; it is kept up to date."""

    call: Call
    provider: str
    profile: Profile
    admin: bool
    proven: list[str | None]

    def probe(self) -> ServerInfo:
        """A read that needs credentials, and one that needs the region. Of all servers only SeaweedFS tells its version."""
        answer = self._buckets()
        if self.provider != "AWS":  # whose region is in its host's name
            prove_region(self.call)
        headers = (answer.get("ResponseMetadata") or {}).get("HTTPHeaders") or {}
        said = str(headers.get("server") or "")
        version = re.search(rf"^{self.provider}.* ([0-9.]+)$", said)  # SeaweedFS 8000GB 4.48
        return ServerInfo(self.profile.product, version[1] if version else None, self._identified(answer))

    def identity(self, *, anew: bool = False) -> str | None:
        """One call, if it was not asked for on this connection before. What cannot be asked is not told, until a probe."""
        if self.profile.identity is None or (self.proven and not anew):
            return self.proven[-1] if self.proven else None
        owned = self.profile.identity is not IdentitySource.DEPLOYMENT
        try:
            return self._identified(self._buckets() if owned else {})
        except StoreError:
            self.proven[:] = self.proven or [None]
            return None

    def _identified(self, buckets: Mapping[str, Any]) -> str | None:
        """By the answer to ListBuckets, or another call where that tells nothing.

        MinIO's own is asked each time, though it asks all its servers. It was known by the host id of its answers, which
        is a hash of the server's name alone: an empty second site at the same address passed for the first one.
        """
        if self.profile.identity is None:
            return None
        found = identity.told(self.profile.identity, buckets, self.call if self.admin else None)
        self.proven[:] = [found]
        return found

    def _buckets(self) -> dict[str, Any]:
        return self.call("ListBuckets", {"MaxBuckets": 1} if self.provider == "AWS" else {})
