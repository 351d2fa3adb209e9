"""A cabinet that the registry knows as any other provider."""

import pytest

from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends import registry
from imagestore.backends.base import Backend
from tests.clouds.backend import cloud
from tests.clouds.cabinet import Cabinet

PROVIDER = "Cabinet"
SECRETS = {"cellar": {"cabinetKey": b"brass\n"}}


@pytest.fixture
def cabinet(monkeypatch: pytest.MonkeyPatch) -> Cabinet:
    """Registered by the one line that a new cloud needs."""
    made = Cabinet()
    monkeypatch.setitem(registry.CLOUDS, PROVIDER, cloud(made))
    return made


@pytest.fixture
def spec() -> StorageBackendSpec:
    """A StorageBackend of this provider. The schema has no word for it, so it is put past the schema."""
    valid = StorageBackendSpec.model_validate(
        {
            "provider": "S3",
            "s3": {"region": "cellar"},
            "credentials": {"secretRef": {"name": "cellar"}},
            "limits": {"requestsPerSecond": 10000, "burst": 10000},
            "namespaces": {"names": ["shop"]},
            "tenancy": {
                "bucketNames": "shop-*",
                "deletionPolicies": ["Retain", "DeleteIfEmpty", "DeleteAll"],
            },
        }
    )
    return valid.model_copy(update={"provider": PROVIDER, "s3": None})


@pytest.fixture
def backend(cabinet: Cabinet, spec: StorageBackendSpec) -> Backend:
    """As the operator connects it."""
    return registry.connect("cellar", spec, SECRETS.get)
