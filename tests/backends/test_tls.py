"""Certificates come from a Secret's bytes, and requireTls is carried out where the store has TLS."""

from dataclasses import replace

import pytest

from imagestore.api.samples import SAMPLES
from imagestore.core.errors import Denied, Rejected, Unavailable
from imagestore.facets.policy import Policy
from tests.backends.conftest import Secured


def test_only_the_given_authority_is_trusted(secured: Secured) -> None:
    assert secured.backend(secured.ca).probe().version
    with pytest.raises(Unavailable, match="certificate is not trusted"):
        secured.backend(None).probe()


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
        plain.drivers["policy"].write("any", Policy(require_tls=True), None)


def test_a_wrong_key_is_denied_at_once(secured: Secured) -> None:
    other = replace(secured, keys=replace(secured.keys, secret_access_key="another"))
    with pytest.raises(Denied, match="check secretAccessKey"):
        other.backend(secured.ca).probe()
