"""All that alerts are about, well, and the faults that make each fire."""

import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import yaml

from dev.cluster import Cluster
from dev.prometheus import Prometheus
from dev.stores import Store
from dev.stores.base import NOWHERE
from dev.wait import eventually
from tests.alerts.relay import Relay
from tests.e2e.harness import SYSTEM, Operator, User, backend_manifests
from tests.faults.faults import error, reset_before
from tests.faults.proxy import Answer, Asked, Fault, Forward, Proxy, healthy

NAMESPACE = "shop"
ON: dict[str, Any] = {"versioning": {"state": "Enabled"}, "deletionPolicy": "DeleteIfEmpty"}
Firing = frozenset[tuple[str, str]]
"""Alerts with what each is about: a bucket, a backend, a kind, or nothing."""


@dataclass
class World:
    """One operator with seven backends, of which six are one store; the seventh has ACLs."""

    cluster: Cluster
    operator: Operator
    prometheus: Prometheus
    store: Store
    with_acls: Store
    refusing: Proxy
    throttling: Proxy
    relay: Relay

    def populate(self) -> None:
        """Backends and buckets, all ready or suspended, and no alert."""
        self.cluster.kubectl("create", "namespace", NAMESPACE)
        proxies = {"refusing": self.refusing, "throttling": self.throttling}
        for name in dict.fromkeys(backend for backend, _ in BUCKETS):
            self.cluster.apply(yaml.safe_dump_all(self._backend(name, proxies.get(name))))
        self.cluster.apply(yaml.safe_dump_all(_bucket(*b) for b in BUCKETS))
        self.cluster.kubectl(
            "wait", "ib", "--all", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=120s"
        )
        self.user().patch("observed", mode="Observe")
        self.cluster.apply(yaml.safe_dump(_bucket("calm", "suspended", suspend=True)))
        self.await_firing(frozenset())

    def _backend(self, name: str, proxy: Proxy | None) -> list[dict[str, Any]]:
        made = backend_manifests(name, self._store(name), namespaces=(NAMESPACE,))
        if name != "tiered":
            made[-1]["spec"].pop("admin", None)
        if proxy:
            made[-1]["spec"]["s3"]["endpoint"] = proxy.endpoint
        return made

    def user(self, backend: str = "calm") -> User:
        """Somebody with buckets on this backend."""
        return User(self.cluster, NAMESPACE, backend, self._store(backend))

    def _store(self, backend: str) -> Store:
        return self.with_acls if backend == "with-acls" else self.store

    def firing(self) -> Firing:
        """What fires now."""
        return frozenset((a.name, _about(a.labels)) for a in self.prometheus.firing())

    def await_firing(self, wanted: Firing, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Until exactly this fires."""

        seen: list[list[tuple[str, str]]] = [[]]

        def same() -> bool:
            meanwhile()
            now = self.firing()
            if sorted(now) != seen[-1]:
                seen.append(sorted(now))
            return now == wanted

        eventually(same, 90, lambda: f"{sorted(wanted)}; fired: {seen}", interval=0.25)


BUCKETS = (
    ("calm", "lost"), ("calm", "observed"), ("calm", "unwilling"), ("calm", "edited"), ("calm", "unable"), ("calm", "crowded"), ("calm", "crowded-copy"),
    ("refusing", "behind-refusing"), ("throttling", "throttled-1"), ("throttling", "throttled-2"),
    ("locked", "behind-locked"), ("tiered", "beside-a-tier"), ("with-acls", "open"), *(("slow", f"slow-{n}") for n in range(6)),
)  # fmt: skip


def _bucket(backend: str, name: str, **spec: Any) -> dict[str, Any]:
    spec = {"backendRef": {"name": backend}, "bucketName": f"{NAMESPACE}--{name}", **ON, **spec}
    metadata = {"name": name, "namespace": NAMESPACE}
    return {
        "apiVersion": "imagestore.dev/v1alpha1",
        "kind": "ImageBucket",
        "metadata": metadata,
        "spec": spec,
    }


def _about(labels: Any) -> str:
    if "name" in labels:  # every sample has a namespace: that of the operator, where it tells no other
        return f"{labels['namespace']}/{labels['name']}"
    return str(labels.get("backend") or labels.get("kind") or "")


@contextmanager
def drift(world: World) -> Iterator[None]:
    """Somebody clicks in the console, and the operator only observes."""
    user = world.user()
    user.suspend_versioning("observed")
    yield
    enabled = {"Status": "Enabled"}
    user.s3.put_bucket_versioning(Bucket=user.bucket("observed"), VersioningConfiguration=enabled)


@contextmanager
def corrected(world: World) -> Iterator[None]:
    """Somebody clicks in the console, and the operator puts it right at once."""
    world.user().suspend_versioning("edited")
    yield


@contextmanager
def public(world: World) -> Iterator[None]:
    """Somebody opens a bucket by its ACL."""
    user = world.user("with-acls")
    user.patch("open", acl={})
    user.s3.put_bucket_acl(Bucket=user.bucket("open"), ACL="public-read")
    yield
    user.s3.put_bucket_acl(Bucket=user.bucket("open"), ACL="private")


@contextmanager
def nearly_full(world: World) -> Iterator[None]:
    """Somebody fills a bucket up, until more is allowed."""
    user = world.user("tiered")
    user.s3.put_object(Bucket=user.bucket("beside-a-tier"), Key="large", Body=b"x" * 900_000)
    user.patch("beside-a-tier", quota={"hard": "1Mi", "warnPercent": 80})
    yield
    user.patch("beside-a-tier", quota={"hard": "1Gi", "warnPercent": 80})


@contextmanager
def lost(world: World) -> Iterator[None]:
    """Somebody deletes a bucket, until the loss is acknowledged."""
    user = world.user()
    user.s3.delete_bucket(Bucket=user.bucket("lost"))
    yield
    held = user.get("lost")["status"]["plan"]["held"]
    user.patch("lost", approve=[next(h["token"] for h in held if h["facet"] == "content")])


@contextmanager
def not_ready(world: World) -> Iterator[None]:
    """A setting that the store has not."""
    world.user().patch("unable", transferAcceleration={"state": "Enabled"})
    yield
    world.user().patch("unable", transferAcceleration=None)


@contextmanager
def lossy(world: World) -> Iterator[None]:
    """A policy with a rule that the store cannot hold."""
    rule = {"name": "leftovers", "abortIncompleteMultipartUpload": {"days": 7}}
    manifest = {
        "apiVersion": "imagestore.dev/v1alpha1",
        "kind": "LifecyclePolicy",
        "metadata": {"name": "wide", "namespace": NAMESPACE},
        "spec": {"rules": [rule], "bucketRefs": [{"name": "unable"}]},
    }
    world.cluster.apply(yaml.safe_dump(manifest))
    yield
    world.cluster.kubectl("delete", "lcp", "wide", "-n", NAMESPACE, "--timeout=60s")


@contextmanager
def no_tier(world: World) -> Iterator[None]:
    """A remote tier that cannot be made: nobody listens there."""
    remote = {"type": "MinIO", "endpoint": NOWHERE.rstrip("/"), "bucket": "cold"}
    tier = {
        "tier": "Cool",
        "storageClass": "COLD",
        "remote": remote | {"credentials": {"secretRef": {"name": "tiered"}}},
    }
    _patch(world, "tiered", tiers=[tier])
    yield
    _patch(world, "tiered", tiers=None)


@contextmanager
def held(world: World) -> Iterator[None]:
    """A change that waits for approval."""
    world.user().patch("unwilling", versioning={"state": "Suspended"})
    yield
    world.user().patch("unwilling", versioning={"state": "Enabled"})


@contextmanager
def locked(world: World) -> Iterator[None]:
    """A Secret is gone."""
    world.cluster.kubectl("delete", "secret", "locked", "-n", SYSTEM)
    yield
    world.cluster.apply(yaml.safe_dump(world._backend("locked", None)[0]))


@contextmanager
def silent(world: World) -> Iterator[None]:
    """A store that resets every connection."""
    world.refusing.fault = reset_before
    yield
    world.refusing.fault = healthy
    # A Secret that changes makes a new connection and a probe at once; else that may take half a minute.
    patch = '{"stringData": {"rotation": "1"}}'
    world.cluster.kubectl("patch", "secret", "refusing", "-n", SYSTEM, "--type=merge", "-p", patch)


def every_second(fault: Fault) -> Fault:
    """Every second request of each kind is spoilt, so that each is answered when it is asked again.

    With one turn for all, those that met each other under load were spoilt three times, and a probe failed.
    """
    turns: defaultdict[tuple[str, str], Iterator[bool]] = defaultdict(lambda: itertools.cycle((True, False)))

    def spoilt(asked: Asked, forward: Forward) -> Answer:
        return fault(asked, forward) if next(turns[asked.method, asked.target]) else forward(asked)

    return spoilt


@contextmanager
def throttled(world: World) -> Iterator[None]:
    """A store that wants to be asked less often."""
    world.throttling.fault = every_second(error(503, "SlowDown"))
    yield
    world.throttling.fault = healthy


@contextmanager
def slow(world: World) -> Iterator[None]:
    """A backend that may be asked far less often than its buckets need."""
    _patch(world, "slow", limits={"requestsPerSecond": 1, "burst": 1, "concurrency": 1})
    yield
    _patch(world, "slow", limits={"requestsPerSecond": 1000, "burst": 1000, "concurrency": 8})


def _patch(world: World, backend: str, **spec: Any) -> None:
    patch = json.dumps({"spec": spec})
    world.cluster.kubectl("patch", "sbe", backend, "--type=merge", "-p", patch)


@contextmanager
def deaf(world: World) -> Iterator[None]:
    """Watches that stay open and tell nothing, while a bucket is edited."""
    world.relay.losing = True
    world.user().patch("edited", tags={"team": "press"})
    yield
    world.relay.mend()


@contextmanager
def hanging(world: World) -> Iterator[None]:
    """Every store hangs, so no reconcile ends: as if every worker were stuck."""
    world.store.pause()
    world.with_acls.pause()
    try:
        yield
    finally:
        world.with_acls.resume()
        world.store.resume()


@contextmanager
def frozen(world: World) -> Iterator[None]:
    """The operator's process stands still."""
    world.operator.server.pause()
    try:
        yield
    finally:
        world.operator.server.resume()
