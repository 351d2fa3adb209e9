"""Where a store is, and a request to it before it is signed. Nothing of botocore is imported before it is needed."""

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from imagestore import __version__
from imagestore.backends.http import tls
from imagestore.backends.http.route import HttpTarget, proxy_for, speaks_tls
from imagestore.backends.s3.client import StoreTarget

USER_AGENT = f"imagestore/{__version__}"
# With TLS a bucket's name must hold no dot: a certificate for *.store covers one label.
_HOSTABLE = {
    "https": re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"),
    "http": re.compile(r"(?=.{3,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"),
}
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
    secured = speaks_tls(address.scheme, proxy_for(address.scheme, address.authority))
    return HttpTarget(
        scheme=address.scheme,
        authority=address.authority,
        ca_file=tls.ca_file(target.ca) or (_bundle() if secured else None),
        connections=target.connections,
        connect=target.connect,
        read=target.read,
        leave=target.leave,
    )


def _bundle() -> str:
    from botocore.httpsession import get_cert_path

    return str(get_cert_path(verify=True))
