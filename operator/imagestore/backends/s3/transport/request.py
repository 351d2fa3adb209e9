"""Builds unsigned requests from operations and parameters, by botocore's model of S3."""

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
# With TLS a bucket's name must hold no dot: a certificate for *.store covers one label.
_HOSTABLE = {
    "https": re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"),
    "http": re.compile(r"(?=.{3,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"),
}
# Control characters are escaped here: where botocore does it, and where a foreign rule's prefix is written back.
_CONTROL_IN_XML = frozenset({"DeleteObjects"}) | verbatim.WRITES
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True)
class S3Request:
    """A request without a signature. ``path`` and ``query`` are percent-encoded."""

    method: str
    host: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = field(repr=False, default=b"")

    @property
    def target(self) -> str:
        """Path and query as in the request line."""
        return f"{self.path}?{self.query}" if self.query else self.path


@dataclass(frozen=True)
class StoreAddress:
    """A store's address, and whether a bucket goes into the path or (``virtual``) into the host name."""

    scheme: str
    authority: str
    prefix: str = ""  # of every path
    virtual: bool = False

    @classmethod
    def of(cls, target: StoreTarget) -> "StoreAddress":
        """The address that the endpoint names."""
        parts = urlsplit(target.endpoint)
        authority = parts.netloc.removesuffix(_DEFAULT_PORTS.get(parts.scheme, ""))
        virtual = target.addressing == "virtual" and not _is_address(parts.hostname or "")
        return cls(parts.scheme, authority, parts.path.rstrip("/"), virtual)

    def locate(self, path: str, bucket: str | None) -> tuple[str, str]:
        """Host and path of a request; ``path`` has the bucket in it."""
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
    """The HTTP target of a store. Without a CA of its own, botocore's bundle of authorities decides."""
    address = StoreAddress.of(target)
    return HttpTarget(
        scheme=address.scheme,
        authority=address.authority,
        ca_file=tls.ca_file(target.ca) or get_cert_path(verify=True),
        connections=target.connections,
        connect=target.connect,
        read=target.read,
        leave=target.leave,
    )


class _Key(str):
    """A key whose bytes need not be UTF-8 (see ``core.keys``). botocore calls ``encode`` for the address."""

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Its bytes."""
        return raw(str(self))


@cache
def operation_model(name: str) -> Any:
    """botocore's model of one operation."""
    return SHARED.model().operation_model(name)


def build_request(model: Any, parameters: Mapping[str, Any], address: StoreAddress) -> S3Request:
    """The request for these parameters. Raises botocore's ParamValidationError."""
    validate_bucket_name(parameters)
    known, found = verbatim.apart(model.name, parameters)
    made = _SERIALIZER.serialize_to_request({n: _as_bytes(v) for n, v in known.items()}, model)
    made["body"] = verbatim.together(made["body"], found)
    if model.name in _CONTROL_IN_XML:
        escape_xml_payload(made)
    path, _, fixed = made["url_path"].partition("?")
    host, path = address.locate(path, parameters.get("Bucket"))
    body = made["body"] if isinstance(made["body"], bytes) else made["body"].encode()
    query = "&".join(filter(None, (fixed, percent_encode_sequence(made["query_string"]))))
    headers = {**made["headers"], "Host": host, "User-Agent": USER_AGENT, **_digest(body)}
    return S3Request(made["method"], host, path, query, headers, body)


def _as_bytes(value: Any) -> Any:
    return _Key(value) if isinstance(value, str) and not value.isascii() else value


def _digest(body: bytes) -> dict[str, str]:
    """Content-MD5 of a body: S3 demands a digest, and servers that do not know CRC32 know this one."""
    if not body:
        return {}
    return {"Content-MD5": base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()}
