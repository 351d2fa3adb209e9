"""Killed before and after every call that changes something: nothing is lost, orphaned or done twice.

A pod is killed by its node, by memory, by an upgrade that takes too long: between any two calls. What an
operator knows only while it runs is gone then; what it finds on the next start is what it wrote before.
"""

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from dev.cluster.api import Json, bucket_path
from dev.stores import Store
from dev.wait import eventually
from tests.e2e.harness import OWNER
from tests.resilience.calm import assert_calm
from tests.resilience.objects import conditions, image_bucket, settled
from tests.resilience.sweeper import Call, Point, Sweeper, points
from tests.resilience.tenant import SHOP

SPEC: dict[str, Any] = {
    "versioning": {"state": "Enabled"},
    "tags": {"team": "shop"},
    "policy": {
        "statements": [
            {"sid": "kept", "effect": "Deny", "principals": ["*"], "actions": ["s3:DeleteObject"], "resources": ["kept/*"]}
        ]
    },
    "lifecycle": {"rules": [{"name": "thumbs", "match": {"prefix": "thumbs/"}, "expire": {"days": 30}}]},
    "quota": {"hard": "1Gi"},
}  # fmt: skip
EDITED: dict[str, Any] = {
    **SPEC,
    "tags": {"team": "lab"},
    "lifecycle": {"rules": [{"name": "thumbs", "match": {"prefix": "thumbs/"}, "expire": {"days": 90}}]},
    "quota": {"hard": "2Gi"},
    "encryption": {"algorithm": "SSE-S3"},
}
BARE: dict[str, Any] = {"versioning": SPEC["versioning"]}
ADDED: dict[str, Any] = {**BARE, "tags": SPEC["tags"], "lifecycle": SPEC["lifecycle"]}
POLICIES = {"emptying": "DeleteAll", "deletion": "DeleteIfEmpty", "interrupted": "DeleteIfEmpty"}
PATIENCE = 120.0
FULL = os.environ.get("IMAGESTORE_SWEEP") == "full"  # both sides of every call: `make soak` has the time
Act = Callable[[str], None]
Over = Callable[[str], bool]


class Sweep:
    """One kind of work, and one object for every place to die at."""

    def __init__(self, kind: str, store: Store, crashes: Sweeper) -> None:
        self.kind, self.api, self.store, self.crashes = kind, crashes.cluster.api, store, crashes
        self.s3 = store.s3()

    def apply(self, name: str, **spec: Any) -> None:
        """`kubectl apply` of an edit, or of a new object."""
        body = image_bucket(SHOP, name, "minio", **spec)
        if self.find(name) is None:
            self.api.call("POST", bucket_path(SHOP), body)
        else:
            self.api.merge(bucket_path(SHOP, name), {"spec": body["spec"]})

    def delete(self, name: str) -> None:
        """`kubectl delete`, without waiting."""
        self.api.call("DELETE", bucket_path(SHOP, name))

    def gone(self, name: str) -> bool:
        """Whether Kubernetes has forgotten it."""
        return self.find(name) is None

    def find(self, name: str) -> Json | None:
        """The object."""
        return self.api.find(bucket_path(SHOP, name))

    def measure(self, act: Act, over: Over, prepared: dict[str, Any] | None = None) -> list[Point]:
        """Every place to die at, from a run in which nobody dies, on a new bucket or one ``prepared`` like this."""
        name = f"{self.kind}-whole"
        if prepared:
            self.prepare([name], prepared)
        with self.crashes.working(name, ends=signal.SIGTERM):
            act(name)
            self.await_all([name], over)
        found = points(self.crashes.numbered(name), full=FULL)
        assert len(found) >= 3, found
        return found

    def prepare(self, names: list[str], spec: dict[str, Any]) -> None:
        """Buckets in order, with content."""
        for name in names:
            self.apply(name, **spec, deletionPolicy=POLICIES.get(self.kind, "Retain"))
        with self.crashes.working():
            self.await_all(names, lambda n: settled(self.find(n)))
        for name in names:
            if self.kind != "deletion":
                self.fill(name)

    def fill(self, name: str) -> None:
        """Versions, a delete marker and an open upload."""
        bucket = f"{SHOP}--{name}"
        for number in range(3):
            self.s3.put_object(Bucket=bucket, Key=f"{number % 2}.jpg", Body=b"picture")
        self.s3.put_object(Bucket=bucket, Key="gone.jpg", Body=b"x")
        self.s3.delete_object(Bucket=bucket, Key="gone.jpg")
        self.s3.create_multipart_upload(Bucket=bucket, Key="half.tif")

    def names(self, at: list[Point]) -> list[str]:
        """Of the objects that meet these points."""
        return [f"{self.kind}-{p.number:02}{p.side[0]}" for p in at]

    def run(self, at: list[Point], act: Act, over: Over, after: Act = lambda _: None) -> list[str]:
        """Die at each point with an object of its own, then repair; the objects' names."""
        names = self.names(at)
        for name, point in zip(names, at, strict=True):
            act(name)
            self.crashes.dies(name, point)
            after(name)
        with self.crashes.working():
            self.await_all(names, over)
        return names

    def await_all(self, names: list[str], over: Over) -> None:
        """Until all of them are where they belong."""
        left = set(names)

        def done() -> bool:
            left.difference_update([n for n in left if over(n)])
            return not left

        eventually(done, PATIENCE, lambda: f"{sorted(left)}: {[self.find(n) for n in left][:1]}")

    def content(self, name: str) -> list[tuple[str, str]]:
        """Keys and version ids."""
        listed = self.s3.list_object_versions(Bucket=f"{SHOP}--{name}")
        found = [*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())]
        return sorted((v["Key"], v["VersionId"]) for v in found)

    def buckets(self) -> set[str]:
        """What is in the store."""
        return {b["Name"] for b in self.s3.list_buckets()["Buckets"]}

    def creation(self, name: str) -> int:
        """The number of the call that made an object's bucket."""
        (made,) = {
            c.number for c in self.crashes.numbered(name) if c.method == "PUT" and self.is_bucket(name, c)
        }
        return made

    def is_bucket(self, name: str, call: Call) -> bool:
        """Whether a call is for the bucket itself."""
        parts, paths = urlsplit(call.url), (f"/{SHOP}--{name}", f"/{SHOP}--{name}/")
        return call.url.startswith(self.store.endpoint) and parts.path in paths and not parts.query

    def sent(self, name: str, method: str) -> list[Call]:
        """Good answers to a request for the bucket itself, such as CreateBucket.

        One that was under way when another object's turn to die came has no answer here.
        """
        return [
            c for c in self.crashes.calls()
            if c.method == method and c.side == "after" and c.status < 300 and self.is_bucket(name, c)
        ]  # fmt: skip

    def check_settings(self, name: str, team: str, days: int) -> None:
        """The store holds what the spec says, and status says nothing else."""
        bucket = f"{SHOP}--{name}"
        tags = {t["Key"]: t["Value"] for t in self.s3.get_bucket_tagging(Bucket=bucket)["TagSet"]}
        assert tags == {"team": team, OWNER: f"e2e/{SHOP}/{name}"}, name
        assert self.s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
        rules = self.s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        assert [(r["Status"], r["Expiration"]["Days"]) for r in rules] == [("Enabled", days)], name
        obj = self.find(name) or {}
        assert set(conditions(obj)) == {"Ready"}, obj
        assert "intent" not in obj["status"], obj
        assert "lostAt" not in obj["status"], obj


@pytest.fixture
def sweep(request: pytest.FixtureRequest, store: Store, crashes: Sweeper) -> Iterator[Sweep]:
    """Of the kind that the test is called after; afterwards the log is calm and nothing is left."""
    called = getattr(request.node, "callspec", None)
    kind = called.params["kind"] if called else request.node.name.removeprefix("test_").split("_")[0]
    made = Sweep(kind, store, crashes)
    yield made
    assert_calm(crashes.log.read_text())


def test_creation_survives_every_crash(sweep: Sweep) -> None:
    """One bucket each, made once, with every setting and the owner's mark."""

    def act(name: str) -> None:
        sweep.apply(name, **SPEC)

    def over(name: str) -> bool:
        return settled(sweep.find(name))

    at = sweep.measure(act, over)
    for name in sweep.run(at, act, over):
        assert len(sweep.sent(name, "PUT")) <= 1, f"{name} was created more than once"
        sweep.check_settings(name, "shop", 30)


def test_update_survives_every_crash(sweep: Sweep) -> None:
    """The edit is in the store, the content is untouched, nothing is mistaken for drift or loss."""

    def act(name: str) -> None:
        sweep.apply(name, **EDITED)

    def over(name: str) -> bool:
        return settled(sweep.find(name))

    at = sweep.measure(act, over, prepared=SPEC)
    sweep.prepare(sweep.names(at), SPEC)
    before = {n: sweep.content(n) for n in sweep.names(at)}
    for name in sweep.run(at, act, over):
        sweep.check_settings(name, "lab", 90)
        assert sweep.content(name) == before[name]


def test_withdrawn_edit_leaves_nothing_behind(sweep: Sweep) -> None:
    """Settings are added, the operator dies of it, and they are taken out again before it is back.

    Seen in the soak: tags that the store had and no status remembered stayed for ever.
    """

    def act(name: str) -> None:
        sweep.apply(name, **ADDED)

    def over(name: str) -> bool:
        return settled(sweep.find(name))

    at = sweep.measure(act, over, prepared=BARE)
    sweep.prepare(sweep.names(at), BARE)
    for name in sweep.run(at, act, over, after=lambda n: sweep.apply(n, **BARE, tags=None, lifecycle=None)):
        tags = sweep.s3.get_bucket_tagging(Bucket=f"{SHOP}--{name}")["TagSet"]
        assert tags == [{"Key": OWNER, "Value": f"e2e/{SHOP}/{name}"}], name
        with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
            sweep.s3.get_bucket_lifecycle_configuration(Bucket=f"{SHOP}--{name}")


@pytest.mark.parametrize("kind", ["emptying", "deletion", "retaining"])
def test_the_end_survives_every_crash(sweep: Sweep, kind: str) -> None:
    """Deleted once and for all, or kept with every version; a neighbour's bucket is never touched."""
    sweep.s3.create_bucket(Bucket=f"{SHOP}--{kind}")  # a name that all the others begin with
    at = sweep.measure(sweep.delete, sweep.gone, prepared=SPEC)
    sweep.prepare(sweep.names(at), SPEC)
    before = {n: sweep.content(n) for n in sweep.names(at)}
    for name in sweep.run(at, sweep.delete, sweep.gone):
        kept = f"{SHOP}--{name}" in sweep.buckets()
        assert kept == (kind == "retaining")
        assert not kept or sweep.content(name) == before[name]
        assert len(sweep.sent(name, "PUT")) == 1, "made once, at the beginning"
        assert len(sweep.sent(name, "DELETE")) <= (0 if kept else 1)
    assert f"{SHOP}--{kind}" in sweep.buckets()


def test_interrupted_creation_leaves_no_orphan(sweep: Sweep) -> None:
    """The object is deleted while the operator that was making its bucket is dead: no bucket is left behind."""

    def act(name: str) -> None:
        sweep.apply(name, **SPEC, deletionPolicy="DeleteIfEmpty")

    for name in sweep.run(
        sweep.measure(act, lambda n: settled(sweep.find(n))), act, sweep.gone, after=sweep.delete
    ):
        assert f"{SHOP}--{name}" not in sweep.buckets(), "nobody answers for this bucket"


def test_uploaded_before_the_mark_is_told_and_taken_over_by_a_token(sweep: Sweep) -> None:
    """Killed between CreateBucket and the mark; a picture comes before the next start. It was an orphan for ever."""

    def act(name: str) -> None:
        sweep.apply(name, **SPEC, deletionPolicy="DeleteAll")

    def upload(name: str) -> None:
        sweep.s3.put_object(Bucket=f"{SHOP}--{name}", Key="new.jpg", Body=b"picture")

    def asked(name: str) -> bool:
        return conditions(sweep.find(name) or {}).get("Ready", {}).get("reason") == "CreationNotProven"

    sweep.measure(act, lambda n: settled(sweep.find(n)))
    (name,) = sweep.run([Point(sweep.creation("uploaded-whole"), "after")], act, asked, after=upload)
    (held,) = (sweep.find(name) or {})["status"]["plan"]["held"]
    sweep.apply(name, **SPEC, deletionPolicy="DeleteAll", approve=[held["token"]])
    with sweep.crashes.working():
        sweep.await_all([name], lambda n: settled(sweep.find(n)))
        sweep.check_settings(name, "shop", 30)
        assert [key for key, _ in sweep.content(name)] == ["new.jpg"]
        sweep.delete(name)
        sweep.await_all([name], sweep.gone)
    assert f"{SHOP}--{name}" not in sweep.buckets()
