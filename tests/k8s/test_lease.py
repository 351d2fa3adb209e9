"""The Lease and our own watches, on a real API server that is paused and restarted."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

from dev.cluster import Cluster
from dev.wait import eventually
from imagestore.k8s.access import Access, from_kubeconfig
from imagestore.k8s.client import Client
from imagestore.k8s.lease import Lease, Terms
from imagestore.k8s.resources import NAMESPACES
from imagestore.k8s.watch import Subject, Watch
from tests.k8s.replica import run

SHORT = Terms(duration=4, deadline=3, renew=0.3, retry=0.2)
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
