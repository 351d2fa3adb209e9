"""Opens connections: directly, or through the proxy that the environment names."""

import base64
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from imagestore.backends.http import tls
from imagestore.backends.http.connection import Connection
from imagestore.backends.http.errors import (
    Broken,
    ConnectTimedOut,
    HttpError,
    NotConnected,
    NotTrusted,
    ProxyFailed,
)
from imagestore.backends.http.parser import AnswerParser

_PORTS = {"http": 80, "https": 443}


def _may_send(_: str) -> None:
    """Allow every request."""


@dataclass(frozen=True)
class HttpTarget:
    """A server, and how long it may take, in seconds. ``authority``: host, and its port where it is not the default.

    ``read`` bounds one read or write. ``leave`` is asked with the method right before a request's first byte, and
    raises where it must not be sent.
    """

    scheme: str
    authority: str
    ca_file: str | None = None
    connections: int = 10
    connect: float = 5.0
    read: float = 30.0
    leave: Callable[[str], None] = _may_send


@dataclass(frozen=True)
class ProxyAddress:
    """A proxy. ``headers`` holds its Proxy-Authorization."""

    scheme: str
    host: str
    port: int
    headers: dict[str, str] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


def proxy_for(scheme: str, authority: str) -> ProxyAddress | None:
    """The proxy that ``http_proxy``, ``https_proxy`` and ``no_proxy`` name. Credentials need both name and password."""
    with suppress(TypeError, OSError):
        if proxy_bypass(authority):
            return None
    url = getproxies().get(scheme)
    if not url:
        return None
    try:
        parts = urlsplit(url if url.startswith(("http:", "https:")) else f"http://{url.removeprefix('//')}")
        port = parts.port or _PORTS[parts.scheme]
    except ValueError:  # its words quote a password that has a slash in it
        raise ProxyFailed(f"{scheme}_proxy", "it is no address; percent-encode name and password") from None
    headers = {}
    if parts.username and parts.password:
        told = f"{unquote(parts.username)}:{unquote(parts.password)}"
        headers["Proxy-Authorization"] = f"Basic {base64.b64encode(told.encode()).decode()}"
    return ProxyAddress(parts.scheme, parts.hostname or "", port, headers)


def speaks_tls(scheme: str, proxy: ProxyAddress | None) -> bool:
    """Whether TLS is spoken to a server or to the proxy in front of it."""
    return "https" in (scheme, proxy.scheme if proxy else "")


class Route:
    """Opens connections to the hosts of one target. Raises HttpErrors."""

    def __init__(self, target: HttpTarget) -> None:
        self._target, self._proxy = target, proxy_for(target.scheme, target.authority)
        self._tls = tls.context(target.ca_file) if speaks_tls(target.scheme, self._proxy) else None

    @property
    def forwards(self) -> ProxyAddress | None:
        """The proxy that reads plain requests and needs absolute addresses. One that tunnels TLS does not."""
        return self._proxy if self._target.scheme == "http" else None

    def connect(self, host: str) -> Connection:
        """A new connection for requests to ``host``, which may have a port."""
        url = f"{self._target.scheme}://{host}"
        try:
            sock = self._tunnelled(host, self._proxy) if self._proxy else self._straight(host)
        except HttpError:
            raise
        except ssl.SSLError as error:
            raise NotTrusted(url, error) from error
        except TimeoutError as error:
            raise ConnectTimedOut(url, error) from error
        except OSError as error:
            raise NotConnected(url, error) from error
        return Connection(sock, self._target.read)

    def _straight(self, host: str) -> Any:
        name, port = _name_and_port(host, self._target.scheme)
        return self._secured(self._socket(name, port), name if self._target.scheme == "https" else None)

    def _tunnelled(self, host: str, proxy: ProxyAddress) -> Any:
        name, port = _name_and_port(host, self._target.scheme)
        try:
            sock = self._secured(
                self._socket(proxy.host, proxy.port), proxy.host if proxy.scheme == "https" else None
            )
            if self._target.scheme == "https":
                _ask_for_tunnel(sock, name, port, proxy, self._target)
        except (OSError, Broken) as error:
            raise ProxyFailed(str(proxy), error) from error
        return self._secured(sock, name if self._target.scheme == "https" else None)

    def _socket(self, name: str, port: int) -> socket.socket:
        sock = socket.create_connection((name, port), self._target.connect)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def _secured(self, sock: Any, name: str | None) -> Any:
        """The socket, with TLS to ``name`` unless that is None. From here on the read timeout holds."""
        try:
            if name is not None and self._tls is not None:
                inside = not isinstance(sock, socket.socket) or isinstance(sock, ssl.SSLSocket)
                sock = (
                    tls.inside(sock, self._tls, name)
                    if inside
                    else self._tls.wrap_socket(sock, server_hostname=name)
                )
            sock.settimeout(self._target.read)
        except BaseException:
            sock.close()
            raise
        return sock


def _name_and_port(host: str, scheme: str) -> tuple[str, int]:
    parts = urlsplit(f"//{host}")
    return parts.hostname or "", parts.port or _PORTS[scheme]


def _ask_for_tunnel(sock: Any, name: str, port: int, proxy: ProxyAddress, target: HttpTarget) -> None:
    """Raises OSError, Broken, and ProxyFailed where the proxy refuses."""
    try:
        where = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
        lines = [
            f"CONNECT {where} HTTP/1.1",
            f"Host: {where}",
            *(f"{n}: {v}" for n, v in proxy.headers.items()),
        ]
        sock.settimeout(target.connect)
        sock.sendall("\r\n".join((*lines, "", "")).encode("latin-1"))
        answer = AnswerParser("CONNECT")
        until = monotonic() + 2 * target.read
        while not answer.headed:
            if monotonic() > until:
                raise TimeoutError("the proxy's answer took too long")
            answer.feed(sock.recv(4096))
        if answer.status >= 300:
            raise ProxyFailed(str(proxy), f"it answered {answer.status} when it was asked for {where}")
    except BaseException:
        sock.close()
        raise
