"""One cluster, one operator and one Prometheus that asks every second, for all faults."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.cluster import Cluster
from dev.prometheus import prometheus
from dev.stores import Store, minio, seaweedfs
from tests.alerts.monitor import as_scraped, pod_monitor
from tests.alerts.relay import relayed
from tests.alerts.rules import FILE, hurried
from tests.alerts.world import World
from tests.e2e.harness import install, operator
from tests.faults.proxy import proxied

# Looks and audits every second or two, so that faults are met without being asked for.
EAGER = ("--drift-interval", "1", "--audit-interval", "2")


@pytest.fixture(scope="package")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where logs are."""
    return tmp_path_factory.mktemp("alerts")


@pytest.fixture(scope="package")
def store(directory: Path) -> Iterator[Store]:
    """A store that may be paused, and that counts what is in it without being asked twice."""
    with minio(directory, kms=False, scanner="fastest") as running:
        yield running


@pytest.fixture(scope="package")
def with_acls(directory: Path) -> Iterator[Store]:
    """Another one, which has ACLs."""
    with seaweedfs(directory) as running:
        yield running


@pytest.fixture(scope="package")
def world(directory: Path, store: Store, with_acls: Store) -> Iterator[World]:
    """Everything runs, and every bucket is ready."""
    with (
        Cluster.start(directory, name="alerts") as cluster,
        proxied(store.endpoint) as refusing,
        proxied(store.endpoint) as throttling,
        relayed(cluster) as relay,
    ):
        install(cluster)
        assert relay.kube
        with operator(relay.kube, directory, "operator", *EAGER) as running:
            scrape = as_scraped(pod_monitor(cluster), running.url.removeprefix("http://"))
            with prometheus(directory, hurried(FILE.read_text()), [scrape]) as asking:
                made = World(cluster, running, asking, store, with_acls, refusing, throttling, relay)
                made.populate()
                yield made
