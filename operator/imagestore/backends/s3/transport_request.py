"""From an operation and its parameters to the request, as botocore's model of S3 has it; not yet signed."""

import base64
import hashlib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from botocore.handlers import escape_xml_payload, validate_bucket_name
from botocore.httpsession import get_cert_path
from botocore.serialize import create_serializer
from botocore.utils import percent_encode_sequence

from imagestore import __version__
from imagestore.backends.http import tls
from imagestore.backends.http.route import HttpTarget
from imagestore.backends.s3.client import SHARED, StoreTarget
from imagestore.backends.s3.settings import verbatim
from imagestore.core.keys import raw

_SERIALIZER = create_serializer("rest-xml", include_validation=True)
USER_AGENT = f"imagestore/{__version__}"
# A certificate for *.store holds for no name with a dot in place of the star.
_HOSTABLE = {
    "https": re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"),
    "http": re.compile(r"(?=.{3,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"),
}
# As botocore has it, and where a stranger's prefix goes back.
_CONTROL_IN_XML = frozenset({"DeleteObjects"}) | verbatim.WRITES
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True)
class Request:
    """What goes over the wire. ``path`` and ``query`` are encoded."""

    method: str
    host: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = field(repr=False, default=b"")

    @property
    def target(self) -> str:
        """As it stands in the first line."""
        return f"{self.path}?{self.query}" if self.query else self.path


@dataclass(frozen=True)
class RequestPlace:
    """Where a store is, and whether a bucket is asked for in the path or in the host's name."""

    scheme: str
    authority: str
    prefix: str = ""  # of every path
    virtual: bool = False

    @classmethod
    def of(cls, target: StoreTarget) -> "RequestPlace":
        """The endpoint taken apart."""
        parts = urlsplit(target.endpoint)
        authority = parts.netloc.removesuffix(_DEFAULT_PORTS.get(parts.scheme, ""))
        virtual = target.addressing == "virtual" and not _is_address(parts.hostname or "")
        return cls(parts.scheme, authority, parts.path.rstrip("/"), virtual)

    def locate(self, path: str, bucket: str | None) -> tuple[str, str]:
        """Host and path, given the path with the bucket in it."""
        if self.virtual and bucket and _HOSTABLE[self.scheme].fullmatch(bucket) and not _is_address(bucket):
            return f"{bucket}.{self.authority}", self.prefix + path.removeprefix(f"/{bucket}") or "/"
        return self.authority, self.prefix + path


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def http_target(target: StoreTarget) -> HttpTarget:
    """Without authorities of its own a store is trusted by those that botocore brings along."""
    place = RequestPlace.of(target)
    return HttpTarget(
        scheme=place.scheme,
        authority=place.authority,
        ca_file=tls.ca_file(target.ca) or get_cert_path(verify=True),
        connections=target.connections,
        connect=target.connect,
        read=target.read,
        leave=target.leave,
    )


class _Key(str):
    """A key whose bytes need not be UTF-8 (see ``core.keys``): botocore encodes what it puts into an address."""

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Its bytes."""
        return raw(str(self))


@cache
def operation_model(name: str) -> Any:
    """botocore's model of one operation."""
    return SHARED.model().operation_model(name)


def build(model: Any, parameters: Mapping[str, Any], place: RequestPlace) -> Request:
    """The request for these parameters. Raises botocore's ParamValidationError."""
    validate_bucket_name(parameters)
    known, found = verbatim.apart(model.name, parameters)
    made = _SERIALIZER.serialize_to_request({n: _as_bytes(v) for n, v in known.items()}, model)
    made["body"] = verbatim.together(made["body"], found)
    if model.name in _CONTROL_IN_XML:
        escape_xml_payload(made)
    path, _, fixed = made["url_path"].partition("?")
    host, path = place.locate(path, parameters.get("Bucket"))
    body = made["body"] if isinstance(made["body"], bytes) else made["body"].encode()
    query = "&".join(filter(None, (fixed, percent_encode_sequence(made["query_string"]))))
    headers = {**made["headers"], "Host": host, "User-Agent": USER_AGENT, **_digest(body)}
    return Request(made["method"], host, path, query, headers, body)


def _as_bytes(value: Any) -> Any:
    return _Key(value) if isinstance(value, str) and not value.isascii() else value


def _digest(body: bytes) -> dict[str, str]:
    """S3 demands one of a body that sets something, and servers older than botocore's CRC32 know only this."""
    if not body:
        return {}
    return {"Content-MD5": base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()}
