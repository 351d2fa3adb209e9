"""AWS Signature Version 4 for S3: the path and the headers are signed as they are sent, and the body unless it is streamed."""

import hashlib
import hmac
from datetime import datetime

from botocore.exceptions import NoCredentialsError

from imagestore.backends.http.messages import HttpRequest
from imagestore.backends.s3.client import SHARED, Keys
from imagestore.backends.s3.transport.address import S3Request

_ALGORITHM = "AWS4-HMAC-SHA256"
_UNSIGNED = frozenset({"user-agent"})
_MOST_LAYOUTS = 200
_Layout = tuple[
    str, list[tuple[str, str]]
]  # the names as they are signed; each in lower case, and as it is given
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
        self._layouts: dict[tuple[str, ...], _Layout] = {}
        self._key: tuple[tuple[str, str], bytes] = (("", ""), b"")  # one tuple, so that threads see it whole

    def signed(self, request: S3Request, keys: Keys, now: datetime) -> HttpRequest:
        """The request as it is sent."""
        headers = self.headers(request, keys, now)
        return HttpRequest(request.method, request.host, request.target, headers, request.body)

    def headers(
        self, request: S3Request, keys: Keys, now: datetime, payload: str | None = None
    ) -> dict[str, str]:
        """The request's headers with those that sign it. ``payload``: stands for the body's SHA-256 instead of it."""
        # strftime takes ten times as long, and hmac.new three times as long as hmac.digest: this is done for every request.
        moment = now.isoformat(timespec="seconds")[:19].replace("-", "").replace(":", "") + "Z"
        digest = payload or hashlib.sha256(request.body).hexdigest()
        headers = {**request.headers, "X-Amz-Date": moment, "X-Amz-Content-SHA256": digest}
        if keys.session_token:
            headers["X-Amz-Security-Token"] = keys.session_token
        names, ordered = self._layout(tuple(headers))
        lines = [f"{name}:{_folded(headers[given])}" for name, given in ordered]
        canonical = "\n".join(
            (request.method, request.path, _sorted(request.query), *lines, "", names, digest)
        )
        scope = f"{moment[:8]}/{self._region}/s3/aws4_request"
        text = "\n".join((_ALGORITHM, moment, scope, hashlib.sha256(canonical.encode("latin-1")).hexdigest()))
        signature = hmac.digest(self._signing_key(keys, moment[:8]), text.encode(), "sha256").hex()
        credential = f"Credential={keys.access_key_id}/{scope}"
        headers["Authorization"] = f"{_ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}"
        return headers

    def _layout(self, given: tuple[str, ...]) -> _Layout:
        """What is signed of headers with these names. Most requests have the names of an earlier one."""
        known = self._layouts.get(given)
        if known is None:
            ordered = sorted((name.lower(), name) for name in given)
            ordered = [pair for pair in ordered if pair[0] not in _UNSIGNED]
            known = ";".join(name for name, _ in ordered), ordered
            if len(self._layouts) < _MOST_LAYOUTS:
                self._layouts[given] = known
        return known

    def _signing_key(self, keys: Keys, day: str) -> bytes:
        known, key = self._key
        if known != (keys.secret_access_key, day):
            key = f"AWS4{keys.secret_access_key}".encode()
            for part in (day, self._region, "s3", "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key = ((keys.secret_access_key, day), key)
        return key


def _folded(value: str) -> str:
    """A value with its white space folded, as it is signed."""
    return value if value.isalnum() else " ".join(value.split())


def _sorted(query: str) -> str:
    """The query sorted by name and value, each name with its ``=``."""
    if not query:
        return ""
    pairs = sorted(pair.partition("=")[::2] for pair in query.split("&") if pair)
    return "&".join(f"{name}={value}" for name, value in pairs)
