"""The real stores as backends, and what they refuse in their own words."""

import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest

from dev.stores import Store
from dev.stores.ceph import TIERS as CEPH_TIERS
from dev.wait import eventually
from imagestore.api.providers import Provider
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.base import Driver
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.client import Keys
from imagestore.backends.s3.connecting import connect_with_keys
from imagestore.backends.s3.lifecycle.tiers import limited
from imagestore.backends.s3.profiles.servers import PROFILES
from imagestore.backends.s3.replication.rules import TARGETED
from imagestore.backends.s3.settings.setting import S3Setting, Setting
from imagestore.backends.s3.settings.table import SETTINGS
from imagestore.core.errors import NotFound
from imagestore.core.facet import Facet
from imagestore.core.reading import Support
from imagestore.facets.object_lock import ObjectLock
from tests.contract.amazon import Amazon
from tests.contract.destinations import ROLE, replicating
from tests.contract.live import PREFIX, from_environment
from tests.contract.profiles import PRODUCTS, declared, supports
from tests.contract.samples import SAMPLES as ALL_SAMPLES

ROWS = {row.facet: row for row in SETTINGS}
# A real account instead of the servers on this machine: `make live`.
LIVE = from_environment()
# What `world` made for the test that runs.
WORLDS: "list[World]" = []
_LOCAL = {
    "AWS": "aws_store",
    "MinIO": "tiered_minio_store",
    "Ceph": "ceph_store",
    "SeaweedFS": "seaweedfs_store",
    # Of these nobody has written a profile: they are reached with what a probe found out.
    "VersityGW": "versitygw_store",
    "rclone": "rclone_store",
}
FIXTURES = {LIVE.provider: ""} if LIVE else _LOCAL
SAMPLES = LIVE.samples() if LIVE else ALL_SAMPLES
# What the stores here have: moto Amazon's own classes, MinIO another MinIO, Ceph two more pools. SeaweedFS has none;
# it is given words for them, so that its own answer can be heard.
TIERS: Mapping[str, Mapping[str, str]] = {
    "AWS": PROFILES["AWS"].tiering.defaults,
    "MinIO": {"Cool": "WARM"},
    "Ceph": CEPH_TIERS,
    "SeaweedFS": {"Cool": "COOL", "Cold": "COLD", "Archive": "ICE"},
}


def _limited(provider: Provider, held: Mapping[str, Support]) -> Mapping[str, Support]:
    """As the stores here are: what a lifecycle may use depends on their tiers."""
    tiers = TIERS.get(provider, {})
    return {**held, "lifecycle": limited(held["lifecycle"], PROFILES[provider].tiering, tiers)}


# How much of each facet each of them holds: the operator's profiles, and what the probe found out.
MATRIX: Mapping[str, Mapping[str, Support]] = {
    **{str(p): _limited(p, profile.support) for p, profile in PROFILES.items()},
    **{product: supports(product) for product in PRODUCTS},
    **({LIVE.provider: LIVE.backend.support} if LIVE else {}),
}

# What a store answers with an error, and so needs no driver to find out.
REFUSED: Mapping[tuple[str, str, str], str] = {
    ("MinIO", "tags", "words"): "MalformedXML",  # beyond ASCII
    ("SeaweedFS", "tags", "many"): "InvalidTag",  # more than 10
    ("Ceph", "quota", "odd"): "InvalidArgument",  # not in whole KiB
    # Targets that the store has not.
    ("MinIO", "notifications", "queue"): "InvalidArgument",
    ("MinIO", "notifications", "each-kind"): "InvalidArgument",
    ("MinIO", "notifications", "full"): "InvalidArgument",
    ("Ceph", "notifications", "each-kind"): "NoSuchKey",
    ("Ceph", "notifications", "full"): "NoSuchKey",
    ("AWS", "notifications", "webhook"): "InvalidArgument",
    ("AWS", "notifications", "webhooks"): "InvalidArgument",
}

# What moto loses and Amazon S3 keeps (by its documentation).
MOTO_LOSES = frozenset(
    {
        ("lifecycle", "sizes"), ("lifecycle", "keep-newest"), ("lifecycle", "full"),
        ("notifications", "full"),  # EventBridge
        ("notifications", "topic"), ("notifications", "topics"),  # refused, and stored all the same
    }
)  # fmt: skip

# Settings that Amazon S3 has (by its documentation) and moto has not: tests/contract/amazon.py has.
# Of logging moto loses the format of keys, of replication filters and times; it has no call that removes an inventory.
MOTO_LACKS = frozenset(
    {
        "requestPayment",
        "intelligentTiering",
        "requestMetrics",
        "storageClassAnalysis",
        "logging",
        "inventory",
        "replication",
    }
)


_CANNED = {"AllUsers": "public-read", "AuthenticatedUsers": "authenticated-read"}


def _acl(value: Any) -> tuple[str, dict[str, Any]]:
    return "PutBucketAcl", {"ACL": _CANNED[value.grants[0].grantee]}


# How somebody else writes what our drivers only look at.
BY_HAND: Mapping[str, Callable[[Any], tuple[str, dict[str, Any]]]] = {"acl": _acl}


def row_of(server: str, facet: str) -> Setting[Any]:
    """The store's own row, or the usual one."""
    profiles = {str(p): profile for p, profile in PROFILES.items()}
    return profiles[server].row(ROWS[facet]) if server in profiles else ROWS[facet]


@dataclass(frozen=True)
class Recorded:
    """A call that remembers what went through it."""

    call: Callable[[str, Mapping[str, Any]], dict[str, Any]]
    seen: list[tuple[str, dict[str, Any]]]

    def __call__(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self.seen.append((operation, dict(parameters)))
        return self.call(operation, parameters)

    @property
    def operations(self) -> list[str]:
        """The names only."""
        return [operation for operation, _ in self.seen]


def connected(store: Store, **more: Any) -> S3Backend:
    """The store as the command line would reach it."""
    spec: dict[str, Any] = {
        "provider": store.provider,
        "s3": {"endpoint": store.endpoint, "region": store.region},
        "credentials": {"ambient": {}},
        # The suite's own haste is not what is tested here.
        "limits": {"requestsPerSecond": 5000, "burst": 5000},
    }
    if store.product:
        spec["s3"]["profile"] = declared(store.product)
    elif store.provider != "AWS":
        spec["tiers"] = [{"tier": t, "storageClass": c} for t, c in TIERS[store.provider].items()]
    if store.provider == "AWS":
        spec["replication"] = {"role": ROLE}
    if store.admin_endpoint:
        spec["admin"] = {"endpoint": store.admin_endpoint, "credentials": {"ambient": {}}}
    backend = connect_with_keys(
        store.name.lower(),
        StorageBackendSpec.model_validate(spec),
        Keys(store.access_key, store.secret_key),
        admin_keys=Keys(store.admin_access_key or "", store.admin_secret_key or ""),
        **more,
    )
    assert isinstance(backend, S3Backend)
    return backend


def encrypted(backend: S3Backend) -> S3Backend:
    """The backend as if it were reached by TLS: requireTls is refused otherwise."""
    return replace(backend, endpoint=backend.endpoint.replace("http://", "https://"))


@dataclass(frozen=True)
class World:
    """One provider's backend with a bucket of its own, for one facet."""

    backend: S3Backend
    facet: str
    bucket: str
    recorded: Recorded

    @property
    def server(self) -> str:
        """Which server it is, as the matrix calls it."""
        return next(name for name in FIXTURES if name.lower() == self.backend.name)

    @property
    def driver(self) -> Driver:
        """Of the facet."""
        return self.backend.drivers[self.facet]

    def raw(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """A call behind the driver's back."""
        return self.recorded.call(operation, {"Bucket": self.bucket, **parameters})

    def asked(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """A call as the driver makes it: on MinIO, replication's targets stand in between."""
        driver = self.backend.drivers.get(self.facet)
        call = driver.call if isinstance(driver, S3Setting) else self.recorded.call
        return call(operation, {"Bucket": self.bucket, **parameters})

    @property
    def calls(self) -> list[str]:
        """What was sent, by name."""
        return self.recorded.operations

    def forget(self) -> None:
        """What was sent."""
        self.recorded.seen.clear()

    @property
    def reads(self) -> frozenset[str]:
        """One operation, in one or more pages. MinIO tells of its targets in another one."""
        more = {"admin:ListRemoteTargets"} if self.row is TARGETED else set()
        return frozenset({self.row.read, *more})

    @property
    def cleared(self) -> Facet | None:
        """What its row writes where it cannot remove."""
        cleared: Facet | None = self.row.cleared
        return cleared

    @property
    def removed_one_by_one(self) -> bool:
        """Named configurations are."""
        return self.row.named

    def fill(self) -> None:
        """One object."""
        self.raw("PutObject", Key="a/picture.jpg", Body=b"kept")

    def filled(self) -> bool:
        """Whether it is there as it was."""
        return bool(self.raw("GetObject", Key="a/picture.jpg")["Body"].read() == b"kept")

    @property
    def row(self) -> Setting[Any]:
        """The store's, of the facet."""
        return self.backend.profile.row(ROWS[self.facet])

    def put(self, value: Facet) -> None:
        """Write it without the driver's caution, or as somebody else would where no driver does."""
        if not self.row.write:
            operation, parameters = BY_HAND[self.facet](value)
            self.raw(operation, **parameters)
            return
        for sent in self.row.puts(value, None, self.backend._place(self.bucket)):
            self.asked(self.row.write, **sent)

    def remove(self, seen: Facet) -> None:
        """Remove what was seen, without the driver's caution."""
        for sent in self.row.removals(None, seen):
            self.raw(self.row.clear, **sent)

    def read(self) -> Facet | None:
        """What the store holds."""
        return self.driver.read(self.bucket)


def world(backend: S3Backend, facet: str) -> World:
    """A new bucket. What moto has not of Amazon S3 is answered by ``amazon``."""
    lacking = backend.provider == "AWS" and facet in MOTO_LACKS and not LIVE
    recorded = Recorded(Amazon(backend.call) if lacking else backend.call, [])
    backend = replace(backend, call=recorded)
    name = f"{PREFIX if LIVE else 'contract-'}{uuid.uuid4().hex[:12]}"
    backend.create(name, {"objectLock": ObjectLock()} if facet == "objectLock" else {})
    made = World(backend, facet, name, recorded)
    if facet == "replication" and backend.provider in ("AWS", "MinIO"):
        made.raw("PutBucketVersioning", VersioningConfiguration={"Status": "Enabled"})
    if facet in backend.drivers:
        # SeaweedFS answered NoSuchBucket once, right after it had made the bucket; the operator looks again.
        eventually(lambda: made.read() or True, 30, "the new bucket is seen", retry_on=(NotFound,))
    recorded.seen.clear()
    WORLDS.append(made)
    return made


def stop_lifecycles() -> None:
    """Remove the rules that tests have left on Ceph, which goes on carrying them out: with those of forty tests a pass took 100 s."""
    while WORLDS:
        made = WORLDS.pop()
        with suppress(NotFound):  # a test may have deleted its bucket
            if made.backend.provider == "Ceph" and made.backend.drivers["lifecycle"].read(made.bucket):
                made.raw("DeleteBucketLifecycle")  # waits seconds for a pass that is under way


def backend_of(provider: str, request: pytest.FixtureRequest) -> S3Backend:
    """The provider's running store."""
    if LIVE:
        return LIVE.guarded
    store = request.getfixturevalue(FIXTURES[provider])
    return replicating(store, encrypted(connected(store)))
