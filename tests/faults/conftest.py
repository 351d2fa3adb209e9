"""A proxy in front of each store, and worlds behind it."""

from collections.abc import Iterator

import pytest

from dev.stores import Store as Server
from tests.faults.proxy import Proxy, healthy, proxied
from tests.faults.world import QUOTA, SPEC, Make, StoreWorld, make


@pytest.fixture(scope="session")
def shared_proxy(minio_store: Server) -> Iterator[Proxy]:
    """In front of MinIO."""
    with proxied(minio_store.endpoint) as running:
        yield running


@pytest.fixture
def proxy(shared_proxy: Proxy) -> Iterator[Proxy]:
    """The same without a fault and without a past."""
    shared_proxy.fault = healthy
    shared_proxy.forget()
    yield shared_proxy
    shared_proxy.fault = healthy


@pytest.fixture
def world(minio_store: Server, proxy: Proxy) -> StoreWorld:
    """A bucket that is wished for and not yet made."""
    return make(minio_store, proxy).apply(**SPEC, **QUOTA)


@pytest.fixture
def made(world: StoreWorld, proxy: Proxy) -> StoreWorld:
    """A bucket that is there and ready."""
    world.recover()
    proxy.forget()
    return world


@pytest.fixture
def worlds(minio_store: Server, proxy: Proxy) -> Make:
    """More worlds on MinIO."""
    return lambda **more: make(minio_store, proxy, **more)
