"""What a backend says that it supports, and its drivers, are one."""

from dataclasses import replace

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.backends.s3.profiles.catalog import permissions
from imagestore.backends.s3.settings.table import SETTINGS
from imagestore.core.reading import Level
from tests.contract import generic
from tests.contract.stores import FIXTURES, SAMPLES, backend_of


@pytest.mark.parametrize("provider", FIXTURES)
def test_quota_needs_the_admin_api(provider: str, request: pytest.FixtureRequest) -> None:
    backend = replace(backend_of(provider, request), admin=False)
    assert "quota" not in backend.drivers
    support = backend.support["quota"]
    assert support.level is Level.NONE
    assert ("spec.admin" in support.reason) == (provider in ("MinIO", "Ceph"))


@pytest.mark.parametrize("provider", FIXTURES)
def test_every_facet_has_a_support_and_drivers_are_those_supported(
    provider: str, request: pytest.FixtureRequest
) -> None:
    backend = backend_of(provider, request)
    generic.every_facet_has_a_support_and_drivers_are_those_supported(backend)
    held = set(backend.drivers)
    unasked = set() if backend.admin else {"quota"}
    if backend.provider != "S3":
        assert set(permissions(backend.provider)) - unasked == held - unasked


def test_every_facet_has_a_row_and_samples() -> None:
    assert [row.facet for row in SETTINGS] == list(FACETS) == list(SAMPLES)
