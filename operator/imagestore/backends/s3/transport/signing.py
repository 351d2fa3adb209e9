"""AWS Signature Version 4 for S3: the path and the headers are signed as they are sent, and the body unless it is streamed."""

import hashlib
import hmac
from datetime import datetime

from botocore.exceptions import NoCredentialsError

from imagestore.backends.http.messages import HttpRequest
from imagestore.backends.s3.client import SHARED, Keys
from imagestore.backends.s3.transport.request import S3Request

_ALGORITHM = "AWS4-HMAC-SHA256"
_UNSIGNED = frozenset({"user-agent"})
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"


def ambient_keys() -> Keys:
    """The credentials that botocore finds (environment, pod identity, instance role), refreshed before they expire."""
    found = SHARED.credentials()
    if found is None:
        raise NoCredentialsError
    frozen = found.get_frozen_credentials()
    return Keys(frozen.access_key, frozen.secret_key, frozen.token)


class Signer:
    """Signs for one region. Derives the signing key of a secret once a day."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._key: tuple[tuple[str, str], bytes] = (("", ""), b"")  # one tuple, so that threads see it whole

    def signed(self, request: S3Request, keys: Keys, now: datetime) -> HttpRequest:
        """The request as it is sent."""
        headers = self.headers(request, keys, now)
        return HttpRequest(request.method, request.host, request.target, headers, request.body)

    def headers(
        self, request: S3Request, keys: Keys, now: datetime, payload: str | None = None
    ) -> dict[str, str]:
        """The request's headers with those that sign it. ``payload``: stands for the body's SHA-256 instead of it."""
        moment = now.strftime("%Y%m%dT%H%M%SZ")
        digest = payload or hashlib.sha256(request.body).hexdigest()
        headers = {**request.headers, "X-Amz-Date": moment, "X-Amz-Content-SHA256": digest}
        if keys.session_token:
            headers["X-Amz-Security-Token"] = keys.session_token
        signed = sorted((name.lower(), " ".join(value.split())) for name, value in headers.items())
        signed = [pair for pair in signed if pair[0] not in _UNSIGNED]
        names = ";".join(name for name, _ in signed)
        lines = (*(f"{name}:{value}" for name, value in signed), "")
        canonical = "\n".join((request.method, request.path, _sorted(request.query), *lines, names, digest))
        scope = f"{moment[:8]}/{self._region}/s3/aws4_request"
        text = "\n".join((_ALGORITHM, moment, scope, hashlib.sha256(canonical.encode("latin-1")).hexdigest()))
        signature = hmac.new(self._signing_key(keys, moment[:8]), text.encode(), "sha256").hexdigest()
        credential = f"Credential={keys.access_key_id}/{scope}"
        headers["Authorization"] = f"{_ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}"
        return headers

    def _signing_key(self, keys: Keys, day: str) -> bytes:
        known, key = self._key
        if known != (keys.secret_access_key, day):
            key = f"AWS4{keys.secret_access_key}".encode()
            for part in (day, self._region, "s3", "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key = ((keys.secret_access_key, day), key)
        return key


def _sorted(query: str) -> str:
    """The query sorted by name and value, each name with its ``=``."""
    pairs = sorted(pair.partition("=")[::2] for pair in query.split("&") if pair)
    return "&".join(f"{name}={value}" for name, value in pairs)
