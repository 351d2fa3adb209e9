"""One ImageBucket on a real store behind the proxy, with a clock that the backend's waits move, too."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Self

from botocore.exceptions import ClientError

from dev.stores import Store as Server
from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import FACETS, ImageBucketSpec, wishes
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.guard.call import Timing
from imagestore.backends.registry import connect
from imagestore.backends.s3.backend import S3Backend
from imagestore.core.errors import NotFound
from imagestore.core.outcome import Outcome
from imagestore.core.plan import plan
from imagestore.reconcile.bucket.observe import readings
from imagestore.reconcile.bucket.situation import BucketSituation
from imagestore.reconcile.shared.situation import Store
from tests.faults.proxy import Proxy
from tests.reconcile.world import MARK, START, World

ANSWER = 0.3  # seconds that an answer, or a piece of one, may take here
MANY = 20  # steps in which everything must have settled

SPEC: Mapping[str, Any] = {
    "versioning": {"state": "Enabled"},
    "tags": {"team": "shop"},
    "policy": {
        "statements": [
            {"sid": "kept", "effect": "Deny", "principals": ["*"], "actions": ["s3:DeleteObject"], "resources": ["kept/*"]}
        ]
    },
    "lifecycle": {"rules": [{"name": "thumbs", "match": {"prefix": "thumbs/"}, "expire": {"days": 30}}]},
}  # fmt: skip
EDITED: Mapping[str, Any] = {
    **SPEC,
    "tags": {"team": "lab"},
    "lifecycle": {"rules": [{"name": "thumbs", "match": {"prefix": "thumbs/"}, "expire": {"days": 90}}]},
}
QUOTA = {"quota": {"hard": "1Gi"}}  # where there is an admin API


def settings_of(server: Server, endpoint: str, **more: Any) -> StorageBackendSpec:
    """The StorageBackend of a server that is reached at ``endpoint``; the Secret ``keys`` has its keys."""
    credentials = {"secretRef": {"name": "keys"}}
    spec: dict[str, Any] = {
        "provider": server.provider,
        "s3": {"endpoint": endpoint, "region": server.region},
        "credentials": credentials,
        "namespaces": {"names": ["shop"]},
        "limits": {"requestsPerSecond": 5000, "burst": 5000},
        "tenancy": {"deletionPolicies": ["Retain", "DeleteIfEmpty", "DeleteAll"]},
    }
    if server.admin_endpoint == server.endpoint:
        spec["admin"] = {"endpoint": endpoint, "credentials": credentials}
    return StorageBackendSpec.model_validate({**spec, **more})


@dataclass
class StoreWorld(World):
    """``backend`` goes through the proxy, ``truth`` past it."""

    server: Server | None = None
    proxy: Proxy | None = None
    secrets: dict[str, bytes] = field(default_factory=dict)
    backend: S3Backend | None = None
    bucket_name: str = field(default_factory=lambda: f"shop--{uuid.uuid4().hex[:12]}")
    pauses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        assert self.server is not None
        self.secrets = self.secrets or keys_of(self.server)
        self.usable = False  # the memory store of the parent is not asked
        self.connect()

    def connect(self) -> None:
        """As after the start of the operator."""
        assert self.backend_spec is not None
        timing = Timing(
            clock=lambda: (self.now - START).total_seconds(),
            sleep=self._sleep,
            chance=lambda: 0.5,
            connect=2.0,
            read=ANSWER,
        )
        made = connect("store", self.backend_spec, lambda _: self.secrets, timing=timing)
        assert isinstance(made, S3Backend)
        self.backend = made

    def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += timedelta(seconds=seconds)

    def situation(self) -> BucketSituation:
        """The parent's, on the real store."""
        return replace(super().situation(), store=Store(self.backend_spec, self.backend))

    def apply(self, **spec: Any) -> Self:
        """The parent's, for this bucket."""
        super().apply(**{"bucketName": self.bucket_name, **spec})
        return self

    def step(self) -> Outcome[ImageBucketStatus]:
        """The parent's; afterwards nothing false may have been said."""
        outcome = super().step()
        self.check()
        return outcome

    def go(self, steps: int, *, at_least: float = 1.0) -> Self:
        """So many steps, each after the wait that the last one asked for."""
        for _ in range(steps):
            self.step()
            self.now += timedelta(seconds=max(self.wait or 0.0, at_least))
        return self

    def recover(self) -> Self:
        """Only time passes until it is ready."""
        for _ in range(MANY):
            self.step()
            if self.gone or (self.ready[0] == "True" and (self.wait or 0) >= 300):
                return self
            self.now += timedelta(seconds=self.wait or 0.0)
        raise AssertionError(f"does not recover: {self.ready_message}")

    def finish(self) -> Self:
        """Only time passes until the object is gone."""
        for _ in range(MANY):
            if self.gone:
                return self
            self.go(1, at_least=0.0)
        raise AssertionError(f"is not deleted: {self.ready_message}")

    @property
    def ready_message(self) -> str:
        """Ready in words."""
        found = self.condition("Ready")
        return f"{found.status} {found.reason}: {found.message}" if found else "no condition"

    def check(self) -> None:
        """What must hold after every step, whatever the store answered."""
        text = json.dumps(self.status) + json.dumps([[n.reason, n.message] for n in self.events])
        for secret in self.secrets.values():
            assert secret.decode(errors="replace") not in text
        assert self.condition("DriftDetected") is None, self.status
        assert "DriftDetected" not in self.reasons()
        assert self.condition("ContentLost") is None, self.status
        assert self.held() == {}, self.status
        if self.status and self.ready[0] == "True" and self.status["observedGeneration"] == self.generation:
            assert self.differences() == [], "Ready, and the store holds something else"

    @property
    def truth(self) -> S3Backend:
        """The store itself, with the keys of its owner."""
        return direct(self.server)

    def differences(self) -> list[str]:
        """In which settings the real bucket is not as the spec says; ``[bucket]`` if there is none."""
        sight = self.truth.check(self.bucket_name)
        if sight is None:
            return ["bucket"]
        wished = wishes(ImageBucketSpec.model_validate(self.spec))
        found = readings(self.truth, self.bucket_name, wished, sight)
        tagged = self.backend is not None and "tags" in self.backend.drivers
        marked = ["mark"] if tagged and sight.owner != MARK else []
        return [c.facet for c in plan(wished, found, {}, FACETS).writes] + marked

    def snapshot(self) -> dict[str, Any] | None:
        """The bucket as the server answers a plain client; None if there is none."""
        return snapshot(self.server, self.bucket_name)


def keys_of(server: Server) -> dict[str, bytes]:
    """The Secret of a server."""
    return {"accessKeyId": server.access_key.encode(), "secretAccessKey": server.secret_key.encode()}


_direct: dict[str, S3Backend] = {}


def direct(server: Server | None) -> S3Backend:
    """A backend without a proxy; one for each server, because a client takes a while to make."""
    assert server is not None
    if server.endpoint not in _direct:
        made = connect("truth", settings_of(server, server.endpoint), lambda _: keys_of(server))
        assert isinstance(made, S3Backend)
        _direct[server.endpoint] = made
    return _direct[server.endpoint]


_READS: Mapping[str, str] = {
    "get_bucket_versioning": "Status",
    "get_bucket_tagging": "TagSet",
    "get_bucket_policy": "Policy",
    "get_bucket_lifecycle_configuration": "Rules",
    "list_object_versions": "Versions",
}
_clients: dict[str, Any] = {}


def plain(server: Server | None) -> Any:
    """A boto3 client of the server's owner."""
    assert server is not None
    if server.endpoint not in _clients:
        _clients[server.endpoint] = server.s3()
    return _clients[server.endpoint]


def snapshot(server: Server | None, bucket: str) -> dict[str, Any] | None:
    """All that a write could have changed; None if there is no such bucket."""
    client, found = plain(server), dict[str, Any]()
    if bucket not in names(server):
        return None
    for operation, member in _READS.items():
        try:
            value = getattr(client, operation)(Bucket=bucket).get(member)
            # MinIO answers tags in any order.
            found[operation] = sorted(value, key=str) if member == "TagSet" else value
        except ClientError as error:
            found[operation] = error.response["Error"]["Code"]
    return found


def names(server: Server | None) -> set[str]:
    """All buckets of the server."""
    return {b["Name"] for b in plain(server).list_buckets()["Buckets"]}


@contextmanager
def nothing_else(server: Server, bucket: str) -> Iterator[None]:
    """No other bucket comes or goes meanwhile."""
    before = names(server) - {bucket}
    yield
    assert names(server) - {bucket} == before


def gone(world: StoreWorld) -> bool:
    """Whether the bucket is not there."""
    try:
        return world.truth.check(world.bucket_name) is None
    except NotFound:
        return True


def make(server: Server, proxy: Proxy, **more: Any) -> StoreWorld:
    """A world on a server behind a proxy."""
    spec = more.pop("backend_spec", None) or settings_of(server, proxy.endpoint)
    return StoreWorld(server=server, proxy=proxy, backend_spec=spec, **more)


Make = Callable[..., StoreWorld]
