"""The Lease and our own watches, on a real API server that is paused and restarted."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from dev.cluster import Cluster
from dev.wait import eventually
from imagestore.k8s.api.access import Access, from_kubeconfig
from imagestore.k8s.api.client import Client
from imagestore.k8s.api.resources import NAMESPACES
from imagestore.k8s.api.watch import Subject, Watch
from imagestore.k8s.life.helm import UNINSTALLING
from imagestore.k8s.life.lease import RELEASING, UNINSTALLED, Lease, LeaseTerms
from tests.k8s.replica import run

SHORT = LeaseTerms(duration=4, deadline=3, renew=0.3, retry=0.2)
LONG = replace(SHORT, duration=20, deadline=15)


def test_a_dead_holder_is_replaced_and_a_live_one_is_not(home: str, access: Access) -> None:
    async def story() -> tuple[float, float]:
        client = Client(access)
        first = Lease(client, home, "duel", "first", monotonic, SHORT)
        second, third = (Lease(client, home, "duel", name, monotonic, LONG) for name in ("second", "third"))
        await first.acquire()
        keeping = asyncio.create_task(first.keep())
        waiting = asyncio.create_task(second.acquire())
        done, _ = await asyncio.wait([waiting], timeout=2 * SHORT.duration)
        assert not done, "it is renewed"
        keeping.cancel()
        await waiting
        took = monotonic() - first._renewed
        assert second.held
        waiting = asyncio.create_task(third.acquire())
        keeping = asyncio.create_task(second.keep())
        await asyncio.wait([waiting], timeout=0.5)
        released = monotonic()
        await second.release()
        await waiting
        quick = monotonic() - released
        await keeping
        await client.close()
        return took, quick

    took, quick = run(story())
    assert SHORT.duration < took < SHORT.duration + 2
    assert quick < 1.5, "a lease that was given back need not expire"


def test_a_lease_that_was_given_back_is_not_taken_again(
    own_cluster: Cluster, home: str, access: Access
) -> None:
    """While kopf took its time to end, the next renewal took the lease again, and the other replica waited."""

    async def story() -> bool:
        client = Client(access)
        lease = Lease(client, home, "given-back", "first", monotonic, replace(SHORT, renew=0.01))
        await lease.acquire()
        keeping = asyncio.create_task(lease.keep())
        await asyncio.wait([keeping], timeout=0.2)
        await lease.release()
        done, _ = await asyncio.wait([keeping], timeout=5)
        await client.close()
        return bool(done)

    assert run(story()), "nobody renews it any more"
    assert own_cluster.get("lease", "given-back", "-n", home)["spec"]["holderIdentity"] == ""


def taken(cluster: Cluster, home: str, name: str, age: float, **more: Any) -> None:
    """A Lease of ten minutes that nobody renews, as `imagestore release` left it some time ago."""
    renewed = (datetime.now(UTC) - timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spec = {"holderIdentity": RELEASING, "leaseDurationSeconds": 600, "renewTime": renewed}
    body = {"metadata": {"name": name, **more}, "spec": spec}
    cluster.api.call("POST", f"/apis/coordination.k8s.io/v1/namespaces/{home}/leases", body)


@pytest.mark.parametrize(("age", "ours"), [(900, True), (10, False)])
def test_a_lease_that_is_over_by_its_own_words_is_not_waited_for_again(
    own_cluster: Cluster, home: str, access: Access, age: float, *, ours: bool
) -> None:
    """Each start counted the ten minutes anew. What has not ended yet is respected, and said."""
    taken(own_cluster, home, f"left-{age:.0f}", age)

    async def story() -> tuple[bool, str]:
        client = Client(access)
        lease = Lease(client, home, f"left-{age:.0f}", "first", monotonic, SHORT)
        waiting = asyncio.create_task(lease.acquire())
        await asyncio.wait([waiting], timeout=60 if ours else SHORT.duration + 1)
        waiting.cancel()
        await client.close()
        return lease.held, lease.trouble

    held, trouble = run(story())
    assert held is ours
    assert trouble == (
        "" if ours else f"the lease left-10 is held by {RELEASING}, which releases every object"
    )


def test_what_was_given_back_for_an_uninstall_is_not_taken_while_helm_is_at_it(
    own_cluster: Cluster, home: str, access: Access
) -> None:
    """The old operator is still there when the Job is done; the next installation must not wait."""
    own_cluster.apply(revision(home, 1, "superseded"))
    own_cluster.apply(revision(home, 2, UNINSTALLING))
    taken(own_cluster, home, "uninstalled", 0, annotations={UNINSTALLED: "shop"})
    path = f"/apis/coordination.k8s.io/v1/namespaces/{home}/leases/uninstalled"
    own_cluster.api.merge(path, {"spec": {"holderIdentity": ""}})

    async def story() -> str:
        client = Client(access)
        lease = Lease(client, home, "uninstalled", "first", monotonic, SHORT)
        waiting = asyncio.create_task(lease.acquire())
        done, _ = await asyncio.wait([waiting], timeout=SHORT.duration)
        assert not done
        said = lease.trouble
        await asyncio.to_thread(own_cluster.apply, revision(home, 3, "deployed"))
        await waiting
        assert lease.held
        assert lease.trouble == ""
        await lease.release()
        await client.close()
        return said

    assert "Helm is uninstalling the release shop" in run(story())
    assert not own_cluster.api.get(path)["metadata"].get("annotations"), "it is over"


def revision(home: str, number: int, status: str) -> str:
    """A Secret as Helm keeps one for each revision."""
    labels = {"owner": "helm", "name": "shop", "status": status, "version": str(number)}
    name = f"sh.helm.release.v1.shop.v{number}"
    metadata = {"name": name, "namespace": home, "labels": labels}
    return json.dumps(
        {"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "metadata": metadata}
    )


def test_a_stolen_lease_is_given_up(own_cluster: Cluster, home: str, access: Access) -> None:
    async def story() -> bool:
        client = Client(access)
        lease = Lease(client, home, "stolen", "first", monotonic, SHORT)
        await lease.acquire()
        keeping = asyncio.create_task(lease.keep())
        theft = {"spec": {"holderIdentity": "thief"}}
        own_cluster.kubectl("patch", "lease", "stolen", "-n", home, "--type=merge", "-p", json.dumps(theft))
        await keeping
        await client.close()
        return lease.held

    assert run(story()) is False


def test_a_lease_that_cannot_be_renewed_is_given_up_before_another_may_take_it(tmp_path: Path) -> None:
    with Cluster.start(tmp_path) as cluster:

        async def story() -> tuple[float, float]:
            client = Client(from_kubeconfig(cluster.kubeconfig))
            lease = Lease(client, "default", "cut", "first", monotonic, SHORT)
            await lease.acquire()
            keeping = asyncio.create_task(lease.keep())
            await asyncio.wait([keeping], timeout=0.5)
            cluster.apiserver.pause()
            silent = monotonic()
            await keeping
            given_up = monotonic()
            cluster.apiserver.resume()
            await client.close()
            return given_up - silent, given_up - lease._renewed

        since_silence, since_renewal = run(story())
        assert since_silence <= SHORT.deadline + 0.3
        assert since_renewal < SHORT.duration


def test_a_watch_survives_a_restart_of_the_api_server(tmp_path: Path) -> None:
    seen: dict[str, str] = {}

    class Mirror:
        def listed(self, items: list[Any]) -> None:
            seen.clear()
            for item in items:
                self.changed(item)

        def changed(self, item: Any) -> None:
            seen[item["metadata"]["name"]] = (item["metadata"].get("labels") or {}).get("x", "")

        def gone(self, item: Any) -> None:
            del seen[item["metadata"]["name"]]

    async def story(cluster: Cluster) -> None:
        client = Client(from_kubeconfig(cluster.kubeconfig))
        watch = Watch(client, Subject(NAMESPACES, metadata=True), Mirror(), monotonic)
        task = asyncio.create_task(watch.run())
        await watch.synced.wait()
        await asyncio.to_thread(cluster.kubectl, "create", "namespace", "one")
        await asyncio.to_thread(eventually, lambda: "one" in seen, 30, "seen")
        await asyncio.to_thread(cluster.restart_apiserver)
        await asyncio.to_thread(cluster.kubectl, "label", "namespace", "one", "x=y")
        await asyncio.to_thread(eventually, lambda: seen.get("one") == "y", 60, "seen again")
        await asyncio.to_thread(cluster.kubectl, "delete", "namespace", "one")
        await asyncio.to_thread(eventually, lambda: "one" not in seen, 30, "gone")
        task.cancel()
        await client.close()

    with Cluster.start(tmp_path) as cluster:
        run(story(cluster))
