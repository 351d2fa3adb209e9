"""Which account or server the real stores say that they are."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from dev.stores import Store, minio
from dev.stores.users import add_user
from tests.contract.stores import Recorded, backend_of, connected

WHO = {"AWS": "account ", "MinIO": "deployment ", "Ceph": "user imagestore", "SeaweedFS": "", "VersityGW": ""}


@pytest.mark.parametrize("store", WHO)
def test_who_a_store_says_that_it_is(store: str, request: pytest.FixtureRequest) -> None:
    """SeaweedFS names the access key as the owner, which a rotation changes: that is no identity."""
    found = backend_of(store, request)
    recorded = Recorded(found.call, [])
    asked = replace(found, call=recorded, proven=[])
    who = asked.probe().identity
    assert (who or "").startswith(WHO[store])
    assert (who is None) == (not WHO[store])
    assert asked.probe().identity == who
    calls = len(recorded.operations)
    assert asked.identity() == who
    assert len(recorded.operations) == calls, "it is known from the probe"
    assert asked.identity(anew=True) == who
    assert len(recorded.operations) == calls + bool(who)


def test_two_servers_are_told_apart(minio_store: Store, tmp_path: Path) -> None:
    with minio(tmp_path, name="second") as second:
        one, two = (connected(s).identity() for s in (minio_store, second))
        assert None not in (one, two)
        assert one != two
        second.stop()
        second.start()
        assert connected(second).identity() == two, "a restart changes nothing"


def test_another_server_at_the_same_address(tmp_path: Path) -> None:
    """MinIO's host id is a hash of the server's name alone: both send the same one, and it told nothing."""
    with minio(tmp_path, name="sites") as site:
        found = connected(site)
        first = found.probe().identity
        site.stop()
        shutil.rmtree(tmp_path / "sites" / "data")
        (tmp_path / "sites" / "data").mkdir()
        site.start()
        second = found.probe().identity
        assert None not in (first, second)
        assert second != first
        assert found.identity() == second, "by which a visit judges"


def test_an_admin_api_that_refuses_leaves_the_store_usable(minio_store: Store) -> None:
    """Not every administrator of quotas may see the server."""
    keys = add_user(minio_store)
    admin = replace(minio_store, admin_access_key=keys.access_key_id, admin_secret_key=keys.secret_access_key)
    found = connected(admin)
    assert found.probe().identity is None
    assert found.identity() is None
