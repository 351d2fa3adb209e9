"""One rule for proxies: the environment names one, or says what goes around it. Admin APIs obey it too."""

import re
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from dev.cluster.certificates import Authority
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.http.client import HttpClient
from imagestore.backends.http.errors import HttpError, NotTrusted, ProxyFailed
from imagestore.backends.http.messages import BodyStream, HttpRequest
from imagestore.backends.http.route import HttpTarget, proxy_for
from imagestore.backends.registry import connect
from imagestore.backends.s3.client import Keys, StoreTarget
from imagestore.backends.s3.transport import admin
from imagestore.backends.secrets import ConfigError
from tests.http.streaming import Heard, Streaming, echo, served, tls_context
from tests.http.tunnel import PASSWORD, USER, Tunnels, tunnelling

NAMES = [f"{name}_proxy" for name in ("http", "https", "no", "all")]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NAMES, *map(str.upper, NAMES)):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ca")


def test_without_one_nothing_is_between() -> None:
    assert proxy_for("http", "store.example") is None


def test_a_proxy_reads_plain_requests_and_gets_whole_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(echo) as proxy:
        monkeypatch.setenv("http_proxy", f"http://{USER}:{quote(PASSWORD, safe='')}@{proxy.authority}")
        client = HttpClient(HttpTarget("http", "store.example:9000"))
        for _ in range(2):
            body = BodyStream([b"abc"], 3)
            request = HttpRequest("PUT", "store.example:9000", "/a?b=c", {"Host": "store.example:9000"}, body)
            assert client.send(request).body == b"3"
        heard = proxy.asked[-1]
        assert (heard.target, heard.headers["host"]) == (
            "http://store.example:9000/a?b=c",
            "store.example:9000",
        )
        assert (
            heard.headers["proxy-authorization"]
            == f"Basic {b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"
        )
        assert proxy.connections == 1


@pytest.mark.parametrize("around", ["127.0.0.1", "localhost,127.0.0.1:{port}", "*"])
def test_no_proxy_goes_around_it(monkeypatch: pytest.MonkeyPatch, around: str) -> None:
    with served(echo) as server:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        monkeypatch.setenv("no_proxy", around.format(port=server.port))
        assert server.connected().send(server.request()).status == 200


@contextmanager
def secured(authority: Authority) -> Iterator[Streaming]:
    with served(echo, tls_context(authority), str(authority.file)) as server:
        yield server


@pytest.mark.parametrize("proxys_own", ["http", "https"])
def test_a_tunnel_carries_what_its_proxy_cannot_read(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, proxys_own: str
) -> None:
    context = tls_context(authority) if proxys_own == "https" else None
    with secured(authority) as server, tunnelling(context) as tunnels:
        _named(monkeypatch, tunnels, proxys_own)
        client = server.connected()
        for _ in range(2):
            assert (
                client.send(server.request("PUT", BodyStream(iter([b"x" * 100_000] * 3), 300_000))).body
                == b"300000"
            )
        assert tunnels.asked == [(server.authority, 200)]
        assert "proxy-authorization" not in server.asked[-1].headers, (
            "the proxy's password is not the store's business"
        )


def _named(monkeypatch: pytest.MonkeyPatch, tunnels: Tunnels, scheme: str, password: str = PASSWORD) -> None:
    address = f"{scheme}://{USER}:{quote(password, safe='')}@127.0.0.1:{tunnels.port}"
    monkeypatch.setenv("https_proxy", address)


def test_through_a_tunnel_the_stores_certificate_is_checked(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, tmp_path: Path
) -> None:
    other = Authority(tmp_path / "other")
    with secured(authority) as server, tunnelling() as tunnels:
        _named(monkeypatch, tunnels, "http")
        with pytest.raises(NotTrusted):
            server.connected(ca_file=str(other.file)).send(server.request())


@pytest.mark.parametrize("gone", [False, True])
def test_a_proxy_that_refuses_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, *, gone: bool
) -> None:
    with secured(authority) as server, tunnelling() as tunnels:
        if gone:
            tunnels.port = 1
        _named(monkeypatch, tunnels, "http", "wrong-p@ss")
        with pytest.raises(ProxyFailed, match=rf"proxy.*http://127.0.0.1:{tunnels.port}") as refused:
            server.connected().send(server.request())
    assert gone or "407" in str(refused.value)
    assert not re.search(r"wrong-p|p@ss|p%40ss", f"{refused.value!r} {refused.value}")


def test_a_proxys_answer_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    def drips(heard: Heard) -> None:
        heard.say(b"HTTP/1.1 200 OK\r\nX-Pad: ")
        for _ in range(200):
            heard.say(b"a")
            time.sleep(0.05)

    with served(drips) as proxy:
        monkeypatch.setenv("https_proxy", f"http://{proxy.authority}")
        began = time.monotonic()
        client = HttpClient(HttpTarget("https", "store.example", read=0.3))
        with pytest.raises(HttpError):
            client.send(HttpRequest("GET", "store.example", "/", {"Host": "store.example"}))
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "address", ["http://bob:hunter2/x@proxy:3128", "http://proxy:abc", "http://proxy:99999"]
)
def test_what_is_no_address_of_a_proxy_is_said_without_its_password(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """A slash in a password that is not encoded makes the rest of it the port."""
    monkeypatch.setenv("http_proxy", address)
    spec = StorageBackendSpec.model_validate(
        {
            "provider": "MinIO",
            "s3": {"endpoint": "http://minio.example:9000", "region": "us-east-1"},
            "credentials": {"secretRef": {"name": "keys"}},
        }
    )
    data = {"accessKeyId": b"a", "secretAccessKey": b"b"}
    with pytest.raises(ConfigError, match=r"http_proxy.*percent-encode") as refused:
        connect("minio", spec, lambda _: data)
    assert "hunter2" not in f"{refused.value!r} {refused.value}"


def test_an_admin_api_is_asked_through_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def quota(heard: Heard) -> None:
        heard.take()
        heard.answer(b'{"size": 7}')

    with served(quota) as proxy:
        monkeypatch.setenv("http_proxy", f"http://{proxy.authority}")
        call = admin.admin_call("MinIO", StoreTarget("http://minio.example:9000", "r", Keys("a", "b")))
        assert call("admin:GetBucketQuota", {"Bucket": "photos"}) == {"Size": 7}
        assert proxy.asked[-1].target.startswith("http://minio.example:9000/minio/admin/v3/get-bucket-quota?")
