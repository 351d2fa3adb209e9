"""Who may write: one of several replicas, and nobody whose token or Lease is gone."""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from dev.cluster import Cluster
from dev.cluster.api import GROUP, Api, Refused
from dev.wait import eventually
from tests.e2e.harness import ACCOUNT, SYSTEM
from tests.resilience.pod import Pod, new_token, pod
from tests.resilience.tenant import Tenant

LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases/imagestore"
WRITES = {"create", "update", "patch", "delete"}


def writers(cluster: Cluster, since: int) -> set[str]:
    """The replicas that wrote to our kinds, by the ids of their tokens, in the audit log from some line on."""
    *whole, _ = cluster.audit_log.read_text().split("\n")  # the last one may still be written
    entries = map(json.loads, whole[since:])
    written = [
        e["user"]["extra"]["authentication.kubernetes.io/credential-id"][0] for e in entries
        if e["user"]["username"] == f"system:serviceaccount:{SYSTEM}:{ACCOUNT}"
        and e["verb"] in WRITES and (e.get("objectRef") or {}).get("apiGroup") == "imagestore.dev"
    ]  # fmt: skip
    return set(written)


def lines(cluster: Cluster) -> int:
    return cluster.audit_log.read_text().count("\n")


def steal(api: Api) -> None:
    """Somebody who is not one of us takes the Lease, and renews it once."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    api.merge(LEASE, {"spec": {"holderIdentity": "stranger", "renewTime": now, "leaseDurationSeconds": 5}})


def test_a_stolen_lease_stops_its_holder(shop: Tenant, cluster: Cluster, operator: Pod) -> None:
    """Two writers are worse than none: it stands by until the stranger's Lease has run out, then goes on."""
    shop.create("stolen", tags={"team": "one"})
    shop.ready("stolen")
    restarts = operator.restarts
    steal(shop.api)
    eventually(lambda: operator.restarts > restarts, 60, "it notices, and ends")
    began = lines(cluster)
    shop.tag("stolen", "two")
    eventually(lambda: operator.role == "standing by" or operator.role == "working", 60, "it comes back")
    written = writers(cluster, began)  # read before the role: who stands by after it has not worked yet
    if operator.role == "standing by":
        assert not written, "it wrote while a stranger held the Lease"
        assert operator.ask("/healthz")[0] == 200
    shop.await_tag("stolen", "two", timeout=90)
    operator.await_working()


def test_of_two_replicas_one_writes_and_the_other_takes_over(
    shop: Tenant, cluster: Cluster, operator: Pod, directory: Path
) -> None:
    """The audit log says who wrote. Killed without a word, the holder is followed within its Lease's time."""
    with (
        operator.away(),
        since_now(cluster) as began,
        pod(cluster, directory, "first") as first,
        pod(cluster, directory, "second") as second,
    ):
        both = (first, second)
        eventually(lambda: sorted(p.role for p in both) == ["standing by", "working"], 90, "one works")
        holder, other = both if first.role == "working" else (second, first)
        for number in range(5):
            shop.create(f"pair-{number}", tags={"team": "one"})
        for number in range(5):
            shop.ready(f"pair-{number}")
        assert len(writers(cluster, began)) == 1
        assert other.ask("/readyz")[0] == 200
        holder.stop(gently=False)
        shop.tag("pair-0", "two")
        # What it asked for last is in the log by now, and the Lease lasts for seconds yet.
        killed = lines(cluster)
        shop.await_tag("pair-0", "two", timeout=90)
        assert other.role == "working"
        assert len(writers(cluster, began)) == 2
        assert len(writers(cluster, killed)) == 1


@contextmanager
def since_now(cluster: Cluster) -> Iterator[int]:
    """Where the audit log ends, asked when the block is entered: after whoever was stopped before it."""
    yield lines(cluster)


def test_an_expired_token_is_read_again(
    shop: Tenant, cluster: Cluster, directory: Path, operator: Pod
) -> None:
    """A pod's token is exchanged in its file: who holds on to the old one is shut out an hour later."""
    fuse = f"/api/v1/namespaces/{SYSTEM}/secrets"
    shop.api.call("POST", fuse, {"metadata": {"name": "fuse"}, "stringData": {"x": "y"}})
    token = new_token(cluster, "--bound-object-kind", "Secret", "--bound-object-name", "fuse")
    with operator.away(), pod(cluster, directory, "renewed", token=token) as renewed:
        renewed.await_working()
        shop.create("renewed", tags={"team": "one"})
        shop.ready("renewed")
        renewed.token_file.write_text(new_token(cluster))
        shop.api.call("DELETE", f"{fuse}/fuse")  # the old token is worth nothing from now on
        old = Api(
            shop.api.host, shop.api.port, ssl.create_default_context(cafile=str(cluster.ca_file)), token
        )
        eventually(lambda: is_refused(old), 60, "the old token is refused")
        shop.tag("renewed", "two")
        shop.await_tag("renewed", "two", timeout=60)
        assert renewed.restarts == 0, renewed.log[-3000:]


def is_refused(api: Api) -> bool:
    """Whether it is nobody for the API server; a good answer is remembered for some seconds."""
    try:
        api.get(f"{GROUP}/imagebuckets")
    except Refused as error:
        return error.code == 401
    return False
