"""Start, restart, stop and takeover of operator processes."""

from collections import Counter
from pathlib import Path

from dev.cluster import Cluster
from dev.wait import eventually
from tests.k8s.replica import Replica, await_backend, await_ready, bucket, get, writes


def test_a_restart_writes_nothing_and_looks_at_nothing(
    own_cluster: Cluster, home: str, shop: str, tmp_path: Path
) -> None:
    with Replica(own_cluster, tmp_path / "toy", home).ready() as replica:
        await_backend(own_cluster, shop)
        own_cluster.apply(bucket("photos", shop, shop))
        await_ready(own_cluster, shop, "photos")
        replica.terminate()
        assert replica.wait() == 0
    expected = Counter({"patch 200": 1, "patch status 200": 2})
    eventually(
        lambda: writes(own_cluster, shop, "photos") == expected,
        60,
        lambda: str(writes(own_cluster, shop, "photos")),
    )
    with Replica(own_cluster, tmp_path / "toy", home).ready() as again:
        # A backend is always looked at, and its next look planned: then the listing is over.
        eventually(lambda: again.metric("imagestore_queue_delayed") >= 2, 60, "all looks are in the future")
        assert len(again.calls("photos")) == 2, "nothing is looked at only because the operator started"
    assert writes(own_cluster, shop, "photos") == expected


def test_sigterm_in_the_middle_lets_it_finish(
    own_cluster: Cluster, home: str, shop: str, tmp_path: Path
) -> None:
    with Replica(own_cluster, tmp_path / "toy", home, "--lease", "middle").ready() as replica:
        hold = replica.folder / "hold-midway"
        hold.touch()
        own_cluster.apply(bucket("midway", shop, shop))
        own_cluster.apply(bucket("later", shop, shop))
        eventually(lambda: replica.calls("midway"), 60, "at work")
        await_ready(own_cluster, shop, "later")
        replica.terminate()
        eventually(lambda: "waiting for 1 reconciles" in replica.log.read_text(), 60, "it drains")
        assert own_cluster.get("lease", "middle", "-n", home)["spec"]["holderIdentity"], (
            "still held while at work"
        )
        hold.unlink()
        assert replica.wait() == 0
        assert get(own_cluster, shop, "midway")["status"]["intent"], "what was decided was written"
        assert own_cluster.get("lease", "middle", "-n", home)["spec"]["holderIdentity"] == ""


def test_a_reconcile_that_hangs_does_not_keep_it_from_stopping(
    own_cluster: Cluster, home: str, shop: str, tmp_path: Path
) -> None:
    with Replica(own_cluster, tmp_path / "toy", home, "--drain", "1").ready() as replica:
        (replica.folder / "hold-hung").touch()
        own_cluster.apply(bucket("hung", shop, shop))
        eventually(lambda: replica.calls("hung"), 60, "at work")
        replica.terminate()
        assert replica.wait() == 10, "the toy says how many were left; imagestore run ends all the same"


def test_of_two_replicas_one_works_and_the_other_takes_over(
    own_cluster: Cluster, home: str, shop: str, tmp_path: Path
) -> None:
    folder = tmp_path / "toy"
    with Replica(own_cluster, folder, home, "--lease", "pair").ready() as first:
        with Replica(own_cluster, folder, home, "--lease", "pair").ready("standing by") as second:
            await_backend(own_cluster, shop)
            own_cluster.apply(bucket("shared", shop, shop))
            await_ready(own_cluster, shop, "shared")
            assert {c["pid"] for c in first.calls("shared")} == {first.pid}
            assert (first.metric("imagestore_lease_held"), second.metric("imagestore_lease_held")) == (1, 0)
            first.terminate()
            assert first.wait() == 0
            second.ready("working")
            with Replica(own_cluster, folder, home, "--lease", "pair").ready("standing by") as third:
                second.kill()
                third.ready("working")
                own_cluster.apply(bucket("inherited", shop, shop))
                await_ready(own_cluster, shop, "inherited")
                assert {c["pid"] for c in third.calls("inherited")} == {third.pid}
        assert writes(own_cluster, shop, "shared").total() == 3


def test_a_frozen_leader_writes_nothing_more_once_another_works(
    own_cluster: Cluster, home: str, shop: str, tmp_path: Path
) -> None:
    """It went on in the middle of a reconcile, with nothing to tell it how long it had been away."""
    folder = tmp_path / "toy"
    with (
        Replica(own_cluster, folder, home, "--lease", "frozen").ready() as first,
        Replica(own_cluster, folder, home, "--lease", "frozen").ready("standing by") as second,
    ):
        await_backend(own_cluster, shop)
        hold = folder / "hold-photos"
        hold.touch()
        own_cluster.apply(bucket("photos", shop, shop))
        eventually(lambda: first.calls("photos"), 60, "it is about to write")
        first.freeze()
        second.ready("working")
        hold.unlink()
        first.thaw()
        assert first.wait() in {1, 10}, "it notices, and ends"
        await_ready(own_cluster, shop, "photos")
        assert set(first.writers("photos")) == {second.pid}
    done = Counter({"patch 200": 1, "patch status 200": 2})
    eventually(lambda: writes(own_cluster, shop, "photos").total() >= 3, 60, "the audit log has all")
    assert writes(own_cluster, shop, "photos") == done, "nor did it try to write to the API server"
