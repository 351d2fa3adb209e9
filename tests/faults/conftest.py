"""A proxy in front of each store, and worlds behind it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.stores import Store as Server
from dev.stores import minio
from tests.faults.proxy import Proxy, healthy, proxied
from tests.faults.world import QUOTA, SPEC, Make, StoreWorld, make

ENOUGH = 4 * 2**30  # bytes; MinIO writes nothing where less than one GiB is free
MEMORY = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it


@pytest.fixture(scope="package")
def minio_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A MinIO in memory where there is some: thousands of writes are made here, each with an fsync."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH
    where = MEMORY if roomy else tmp_path_factory.mktemp("faults")
    with tempfile.TemporaryDirectory(dir=where) as folder, minio(Path(folder)) as store:
        yield store


@pytest.fixture(scope="package")
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


@pytest.fixture(scope="module")
def shared_world(minio_store: Server, shared_proxy: Proxy) -> StoreWorld:
    """One bucket for all tests of a module that leave it as it was."""
    return make(minio_store, shared_proxy).apply(**SPEC, **QUOTA)


@pytest.fixture
def kept(shared_world: StoreWorld, proxy: Proxy) -> StoreWorld:
    """The same, ready, whatever a test before it left behind."""
    shared_world.later(minutes=10)
    shared_world.recover()
    proxy.forget()
    return shared_world


@pytest.fixture
def worlds(minio_store: Server, proxy: Proxy) -> Make:
    """More worlds on MinIO."""
    return lambda **more: make(minio_store, proxy, **more)
