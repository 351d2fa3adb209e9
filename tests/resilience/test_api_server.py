"""The API server refuses, is slow, forgets, is restarted: what was asked for is done afterwards, and only that."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dev.cluster import Cluster
from dev.cluster.api import Refused
from dev.wait import eventually
from tests.resilience.api_proxy import Answer, ApiProxy, Asked, Event, Times
from tests.resilience.pod import Pod
from tests.resilience.tenant import Tenant

OUTAGE = 5.0  # seconds: longer than a renewal of the Lease, shorter than what it takes to lose it
BUSY = Answer(429, "TooManyRequests", retry_after=1)
CONFLICT = Answer(409, "Conflict", "the object has been modified")
EXPIRED = Answer(410, "Expired", "too old resource version")


def status_of_a_bucket(asked: Asked) -> bool:
    return asked.method == "PATCH" and asked.of("imagebuckets")


def test_too_many_requests_are_waited_for(shop: Tenant, proxy: ApiProxy, operator: Pod) -> None:
    """Priority and fairness answers 429 with Retry-After under load: it is obeyed, and nothing is forgotten."""
    fault = Times(3, status_of_a_bucket, BUSY)
    with proxy.spoiled(fault):
        shop.create("busy", tags={"team": "one"})
        shop.await_tag("busy", "one")
    assert fault.met == 3
    assert operator.ask("/healthz")[0] == 200


def test_conflicts_are_looked_at_again(shop: Tenant, proxy: ApiProxy) -> None:
    """Somebody else wrote in between: the newest object counts, and the edit is applied once it is settled."""
    shop.create("contended", tags={"team": "one"})
    shop.await_tag("contended", "one")
    fault = Times(3, status_of_a_bucket, CONFLICT)
    with proxy.spoiled(fault):
        shop.tag("contended", "two")
        shop.await_tag("contended", "two")
    assert fault.met == 3


@pytest.mark.parametrize("plural", ["imagebuckets", "secrets", "namespaces"])
def test_watches_that_have_expired_begin_anew(
    shop: Tenant, proxy: ApiProxy, operator: Pod, plural: str
) -> None:
    """After etcd's compaction a watch and even a list are answered with 410: both begin again from now."""
    name, restarts = f"expired-{plural}", operator.restarts
    shop.create(name, tags={"team": "one"})
    shop.ready(name)
    watch, listing = (
        Times(2, lambda a: a.watches and a.of(plural), EXPIRED),
        Times(1, lambda a: a.lists and a.of(plural), EXPIRED),
    )
    with proxy.spoiled(watch, listing):
        proxy.cut()
        eventually(lambda: watch.met == 2, 60, "asked again")
        shop.tag(name, "two")
        shop.await_tag(name, "two")
    assert operator.restarts == restarts, operator.log[-3000:]


@pytest.mark.parametrize(("code", "reason"), [(410, "Expired"), (500, "InternalError"), (403, "Forbidden")])
def test_an_error_inside_a_watch_is_survived(
    shop: Tenant, proxy: ApiProxy, operator: Pod, code: int, reason: str
) -> None:
    """410 comes as an event of a running watch most of the time, and anything else now and then."""
    name, restarts = f"inside-{code}", operator.restarts
    shop.create(name, tags={"team": "one"})
    shop.ready(name)
    told = {"kind": "Status", "code": code, "reason": reason, "message": "on purpose", "status": "Failure"}
    spoiled: list[Asked] = []

    def mangle(asked: Asked, event: Event) -> list[Event]:
        if not asked.of("imagebuckets") or spoiled:
            return [event]
        spoiled.append(asked)
        return [{"type": "ERROR", "object": told}]

    with proxy.spoiled(mangle=mangle):
        shop.tag(name, "two")
        shop.await_tag(name, "two", timeout=15)
        # The comparison may have found the edit while the watch was being made again: then a later event meets it.
        eventually(lambda: spoiled or touched(shop, name), 60, "an event is spoiled", interval=1)
    shop.ready(name)
    assert operator.restarts == restarts


def test_a_restart_of_the_api_server(shop: Tenant, cluster: Cluster, operator: Pod) -> None:
    """Every control plane's upgrade does it: the operator stays alive, and what is edited next is applied."""
    shop.create("restarted", tags={"team": "one"})
    shop.ready("restarted")
    cluster.stop_apiserver()
    health = operator.ask("/healthz")
    cluster.start_apiserver()
    assert health[0] == 200, f"a restart of the operator would not help: {health}"
    shop.tag("restarted", "two")
    shop.await_tag("restarted", "two", timeout=120)


def test_an_outage_of_etcd(shop: Tenant, cluster: Cluster, operator: Pod) -> None:
    """Reads may still be answered from memory and writes are not: nothing wrong is written meanwhile.

    Whose Lease runs out meanwhile ends, as it must: then nobody answers on /healthz until it is started again.
    """
    shop.create("etcd", tags={"team": "one"})
    shop.ready("etcd")
    before = shop.tags("etcd")
    with no_etcd(cluster):
        until = time.monotonic() + OUTAGE
        eventually(lambda: time.monotonic() > until, 10, "the outage lasts")
        assert shop.tags("etcd") == before
        assert operator.ask("/healthz")[0] in (0, 200), operator.ask("/healthz")
    # Ready is said by another connection to etcd than the one that a write takes.
    eventually(lambda: tagged(shop, "etcd", "two"), 60, "the edit is taken", retry_on=(Refused, OSError))
    shop.await_tag("etcd", "two", timeout=120)


def tagged(shop: Tenant, name: str, team: str) -> bool:
    shop.tag(name, team)
    return True


def touched(shop: Tenant, name: str) -> bool:
    """One more event of this object; nothing is to be done about it."""
    shop.edit(name, reconcileRequest=str(time.monotonic_ns()))
    return False


@contextmanager
def no_etcd(cluster: Cluster) -> Iterator[None]:
    """The API server has no memory while the block lasts."""
    cluster.stop_etcd()
    try:
        yield
    finally:
        cluster.start_etcd()
