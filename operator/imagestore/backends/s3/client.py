"""The raw call: botocore behind ``call(operation, parameters)``, and what it needs to be set up."""

import base64
import hashlib
import tempfile
import threading
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.config import Config

from imagestore.backends.s3 import genuine
from imagestore.backends.s3.errors import translate
from imagestore.backends.s3.setting import Call

CONNECT_SECONDS, READ_SECONDS = 5.0, 30.0


@dataclass(frozen=True)
class Keys:
    """Credentials of a store. Masked wherever they are printed."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may hold."""
        return (self.secret_access_key, *([self.session_token] if self.session_token else ()))


@dataclass(frozen=True)
class Target:
    """Where and as whom. ``keys`` None: the surroundings' (pod identity, IRSA, an instance role)."""

    endpoint: str | None
    region: str
    keys: Keys | None
    addressing: str = "path"  # or virtual
    ca: bytes | None = field(default=None, repr=False)
    connections: int = 10
    checksums: bool = False  # whether the server takes botocore's CRC trailers (AWS does)
    connect: float = CONNECT_SECONDS
    read: float = READ_SECONDS


class _Shared:
    """One botocore session for the whole process: its loader holds the parsed service model (megabytes)."""

    def __init__(self) -> None:
        self.lock = threading.Lock()  # sessions make clients one at a time
        self.session: Any = None

    def client(self, **arguments: Any) -> Any:
        with self.lock:
            if self.session is None:
                self.session = botocore.session.Session()
            return self.session.create_client("s3", **arguments)

    def credentials(self) -> Any:
        with self.lock:
            self.session = self.session or botocore.session.Session()
            return self.session.get_credentials()


SHARED = _Shared()


def connected(target: Target) -> Call:
    """``call`` on a client of its own. Raises StoreErrors only."""
    client = SHARED.client(**_arguments(target))
    if not target.checksums:
        # Servers older than botocore's CRC checksums (RGW 16) insist on Content-MD5 where S3 once did.
        client.meta.events.register("before-call.s3", _md5)
    client.meta.events.register("before-call.s3", _stay)
    client.meta.events.register_first("before-parse.s3", genuine.check)
    secrets = target.keys.secrets if target.keys else ()

    def call(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(client, xform_name(operation))(**parameters)
        except Exception as error:  # noqa: BLE001  translated, whatever it is
            # The original holds the request (and the store's copy of its signature): it is not chained.
            raise translate(error, operation, secrets) from None
        return answer

    return call


def _arguments(target: Target) -> dict[str, Any]:
    keys = target.keys
    credentials = {} if keys is None else {
        "aws_access_key_id": keys.access_key_id,
        "aws_secret_access_key": keys.secret_access_key,
        "aws_session_token": keys.session_token,
    }  # fmt: skip
    return {
        "region_name": target.region,
        "endpoint_url": target.endpoint,
        "verify": trusted(target.ca),
        "config": _config(target),
        **credentials,
    }


def _config(target: Target) -> Config:
    checksums = "when_supported" if target.checksums else "when_required"
    options: dict[str, Any] = {
        "retries": {"total_max_attempts": 1},  # ours are known, measured and limited; botocore's are neither
        "connect_timeout": target.connect,
        "read_timeout": target.read,
        "max_pool_connections": target.connections,
        "request_checksum_calculation": checksums,
        "response_checksum_validation": checksums,
        "s3": {"addressing_style": target.addressing},
        # AWS_ENDPOINT_URL_S3 in the environment would send the credentials elsewhere.
        "ignore_configured_endpoint_urls": True,
        "user_agent_extra": "imagestore",
    }
    return Config(**options)


def _stay(context: dict[str, Any], **_: Any) -> None:
    """Never follow a redirect to another region: a spec.s3.region that is wrong is said, not worked around.

    botocore asks HeadBucket for the right one, which is redirected as well, up to a RecursionError; and what
    it finds it keeps to itself, so that status would go on naming the wrong region.
    """
    context.setdefault("s3_redirect", {})["redirected"] = True


def _md5(params: dict[str, Any], **_: Any) -> None:
    body = params.get("body")
    if isinstance(body, bytes) and body and "Content-MD5" not in params["headers"]:
        digest = hashlib.md5(body, usedforsecurity=False).digest()
        params["headers"]["Content-MD5"] = base64.b64encode(digest).decode()


def trusted(ca: bytes | None) -> str | None:
    """A file with these certificates, as TLS libraries want one; one file for the same bytes. None: the system's."""
    return None if ca is None else str(_file(ca))


_files: dict[bytes, Path] = {}
_files_lock = threading.Lock()


def _file(ca: bytes) -> Path:
    with _files_lock:
        if ca not in _files or not _files[ca].exists():
            with tempfile.NamedTemporaryFile(prefix="imagestore-ca-", suffix=".crt", delete=False) as made:
                made.write(ca)
            _files[ca] = Path(made.name)
            weakref.finalize(SHARED, _files[ca].unlink, missing_ok=True)  # at the end of the process
        return _files[ca]


Connect = Callable[[Target], Call]
