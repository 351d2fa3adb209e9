"""Certificates come from a Secret's bytes, and requireTls is carried out where the store has TLS."""

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import pytest

from imagestore.core.errors import Denied, Rejected, Unavailable
from imagestore.facets.policy import BucketPolicy
from imagestore.facets.tags import Tags
from tests.backends.conftest import Secured
from tests.contract.samples import SAMPLES
from tests.http.tunnel import PASSWORD, USER, Tunnels, tunnelling


def test_only_the_given_authority_is_trusted(secured: Secured) -> None:
    assert secured.backend(secured.ca).probe().version
    with pytest.raises(Unavailable, match="certificate is not trusted"):
        secured.backend(None).probe()


def test_certificates_need_no_writable_folder(secured: Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pod's file system is read-only, and an emptyDir for this alone kept `kubectl drain` from ending."""
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    backend = secured.backend(secured.ca + b"\n")  # nobody has asked for these very bytes before
    assert backend.probe().version


def test_require_tls_is_written_read_and_cleared(secured: Secured) -> None:
    backend = secured.backend(secured.ca)
    backend.create("require-tls", {})
    driver = backend.drivers["policy"]
    for wish in (SAMPLES["policy"]["tls"], SAMPLES["policy"]["full"]):
        driver.write("require-tls", wish, driver.read("require-tls"))
        have = driver.read("require-tls")
        assert have is not None
        assert have.canonical().to_json() == wish.canonical().to_json()
    driver.clear("require-tls", driver.read("require-tls"))
    assert driver.read("require-tls") is None


def test_over_plain_http_require_tls_is_refused_because_it_would_lock_us_out(secured: Secured) -> None:
    backend = secured.backend(secured.ca)
    plain = replace(backend, endpoint="http://127.0.0.1:1")
    with pytest.raises(Rejected, match=r"requireTls.*plain HTTP"):
        plain.drivers["policy"].write("any", BucketPolicy(require_tls=True), None)


@pytest.fixture
def tunnels(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tunnels]:
    """The surroundings name a proxy with its password in the address, and nothing that goes around it."""
    with tunnelling() as found:
        monkeypatch.setenv("https_proxy", f"http://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{found.port}")
        for name in ("no_proxy", "NO_PROXY", "HTTPS_PROXY"):
            monkeypatch.delenv(name, raising=False)
        yield found


def test_through_a_proxy_the_store_itself_is_spoken_to(secured: Secured, tunnels: Tunnels) -> None:
    """The proxy only carries what it cannot read: the store's certificate is checked, not the proxy's word."""
    backend = secured.backend(secured.ca)
    backend.create("through-a-proxy", {})
    wish = Tags(values={"team": "shop"})
    backend.drivers["tags"].write("through-a-proxy", wish, None)
    assert backend.drivers["tags"].read("through-a-proxy") == wish
    assert set(tunnels.asked) == {(secured.endpoint.removeprefix("https://"), 200)}
    with pytest.raises(Unavailable, match="certificate is not trusted"):
        secured.backend(None).probe()


def test_a_proxys_password_is_in_no_message(
    secured: Secured, tunnels: Tunnels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", f"http://{USER}:wrong-p%40ss@127.0.0.1:{tunnels.port}")
    with pytest.raises(Unavailable, match=r"(?i)proxy") as refused:
        secured.backend(secured.ca).probe()
    assert tunnels.asked[-1][1] == 407
    assert not re.search(r"wrong-p|p@ss", f"{refused.value!r} {refused.value}")


def test_a_wrong_key_is_denied_at_once(secured: Secured) -> None:
    other = replace(secured, keys=replace(secured.keys, secret_access_key="another"))
    with pytest.raises(Denied, match="check secretAccessKey"):
        other.backend(secured.ca).probe()
