"""What MinIO makes of our replication rules: what arrives at another MinIO, what is told where nothing can arrive, and when.

No test here believes a status of MinIO's own: each compares what the two servers hold.
"""

import hashlib
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest

from dev.stores import Store
from dev.stores.users import add_user, remove_user
from dev.wait import eventually
from imagestore.backends.replicating import ReplicationPeer
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.client import Keys
from imagestore.backends.s3.replication.targets import targets_of
from imagestore.core.diff import diff
from imagestore.core.errors import Rejected
from imagestore.facets.replication import Replication
from tests.contract.stores import LIVE, connected

pytestmark = pytest.mark.skipif(LIVE is not None, reason="needs two servers")
ARRIVES = 60  # seconds; a second on a quiet machine
Versions = set[tuple[str, str, str]]  # key, version, and the hash of its bytes or "marker"


@dataclass
class Pair:
    """A bucket of one MinIO, one of another, and the first one's backend, which knows the second."""

    source: Store
    target: Store
    backend: S3Backend
    bucket: str
    copies: str

    def rules(self, **rule: Any) -> Replication:
        """One rule, as it is once its reference was followed."""
        to = {
            "bucketRef": {"bucket": self.copies, "store": "other", "access": "Current"},
            **rule.pop("to", {}),
        }
        return Replication.model_validate({"rules": [{"name": "all", "destination": to, **rule}]})

    def handing(self, keys: Keys) -> S3Backend:
        """The backend, which is to give MinIO these credentials."""
        peer = ReplicationPeer("other", self.copies, "MinIO", self.target.endpoint, keys)
        return self.backend.toward({"copies": peer})

    def write(self, wanted: Replication, backend: S3Backend | None = None) -> None:
        """As the operator does: over what it has read, and read back."""
        driver = (backend or self.backend).drivers["replication"]
        driver.write(self.bucket, wanted, driver.read(self.bucket))
        have = driver.read(self.bucket)
        assert have is not None
        assert not diff("", have.canonical(), wanted.canonical())

    def put(self, key: str, body: bytes = b"a picture") -> None:
        self.source.s3().put_object(Bucket=self.bucket, Key=key, Body=body)

    def await_equal(self) -> None:
        """Version for version and byte for byte."""
        eventually(
            lambda: versions(self.source, self.bucket) == versions(self.target, self.copies),
            ARRIVES,
            lambda: (
                f"{versions(self.source, self.bucket) ^ versions(self.target, self.copies)} on one side only"
            ),
        )


def versions(store: Store, bucket: str) -> Versions:
    """What a bucket holds. A listing is never passed on to the other server, as a read may be."""
    s3 = store.s3()
    pages = [*s3.get_paginator("list_object_versions").paginate(Bucket=bucket)]
    markers = {(m["Key"], m["VersionId"], "marker") for p in pages for m in p.get("DeleteMarkers", ())}
    return markers | {
        (v["Key"], v["VersionId"], _hash(s3, bucket, v)) for p in pages for v in p.get("Versions", ())
    }


def _hash(s3: Any, bucket: str, version: dict[str, Any]) -> str:
    found = s3.get_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    return hashlib.sha256(found["Body"].read()).hexdigest()


def versioned(store: Store, name: str) -> str:
    bucket = f"{name}-{uuid.uuid4().hex[:8]}"
    store.s3().create_bucket(Bucket=bucket)
    store.s3().put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


@pytest.fixture
def pair(tiered_minio_store: Store) -> Pair:
    source, target = tiered_minio_store, tiered_minio_store.behind
    assert target is not None
    made = Pair(source, target, connected(source), versioned(source, "photos"), versioned(target, "copies"))
    made.backend = made.handing(Keys(target.access_key, target.secret_key))
    return made


def test_objects_markers_and_permanent_deletes_arrive_as_the_rule_says(pair: Pair) -> None:
    pair.write(pair.rules(deleteMarkers=True, permanentDeletes=True))
    s3 = pair.source.s3()
    for key in ("kept", "deleted", "gone for good"):
        pair.put(key)
        pair.put(key, b"another picture")
    pair.await_equal()
    s3.delete_object(Bucket=pair.bucket, Key="deleted")
    gone = s3.list_object_versions(Bucket=pair.bucket, Prefix="gone")["Versions"]
    s3.delete_object(Bucket=pair.bucket, Key="gone for good", VersionId=gone[0]["VersionId"])
    pair.await_equal()
    assert len(versions(pair.target, pair.copies)) == 6, "five versions and a marker"


def test_a_rule_that_does_not_say_so_deletes_nothing(pair: Pair) -> None:
    pair.write(pair.rules())
    for key in ("a", "b"):
        pair.put(key)
    pair.await_equal()
    before = versions(pair.target, pair.copies)
    pair.source.s3().delete_object(Bucket=pair.bucket, Key="a")
    [b] = [v for k, v, _ in before if k == "b"]
    pair.source.s3().delete_object(Bucket=pair.bucket, Key="b", VersionId=b)
    pair.put("c")  # queued after both
    eventually(
        lambda: "c" in {k for k, _, _ in versions(pair.target, pair.copies)},
        ARRIVES,
        "what came later is there",
    )
    assert {v for v in versions(pair.target, pair.copies) if v[0] != "c"} == before


def test_what_was_there_before_is_copied_once_a_rule_says_so(pair: Pair) -> None:
    for i in range(20):
        pair.put(f"old/{i}")
    pair.write(pair.rules(existingObjects=True))
    pair.await_equal()
    [state] = pair.backend.replicator.state(pair.bucket)
    assert (state.store, state.bucket, state.rules) == ("other", pair.copies, ("all",))
    eventually(
        lambda: pair.backend.replicator.state(pair.bucket)[0].resync == "Completed",
        ARRIVES,
        "MinIO says so, too",
    )


def test_a_target_that_was_removed_comes_back_with_what_it_missed(pair: Pair) -> None:
    """As `mc replicate rm --all --force` leaves it: neither rules nor target."""
    wanted = pair.rules(existingObjects=True)
    pair.write(wanted)
    pair.put("before")
    pair.await_equal()
    pair.source.s3().delete_bucket_replication(Bucket=pair.bucket)
    assert pair.backend.drivers["replication"].read(pair.bucket) is None
    pair.put("meanwhile")
    pair.write(wanted)
    pair.put("after")
    pair.await_equal()


def test_resync_copies_what_the_destination_has_lost(pair: Pair) -> None:
    pair.write(pair.rules(existingObjects=True))
    pair.put("a")
    pair.await_equal()
    [(_, version, _)] = versions(pair.target, pair.copies)
    pair.target.s3().delete_object(Bucket=pair.copies, Key="a", VersionId=version)
    eventually(
        lambda: pair.backend.replicator.state(pair.bucket)[0].resync == "Completed",
        ARRIVES,
        "the first one is over",
    )
    pair.backend.replicator.resync(pair.bucket, "other", pair.copies)
    pair.await_equal()
    with pytest.raises(Rejected, match="is no destination of the bucket"):
        pair.backend.replicator.resync(pair.bucket, "other", "elsewhere")


def test_wrong_credentials_are_told_plainly_and_change_nothing(pair: Pair) -> None:
    wrong = pair.handing(Keys(pair.target.access_key, "not-the-secret-of-anybody"))
    with pytest.raises(Rejected, match="refuses the credentials") as refusal:
        pair.write(pair.rules(), wrong)
    said = str(refusal.value)
    assert f"the destination is the bucket {pair.copies} of the StorageBackend other" in said
    assert "not-the-secret-of-anybody" not in said
    assert pair.target.secret_key not in said
    assert wrong.drivers["replication"].read(pair.bucket) is None
    assert targets_of(pair.backend.call, pair.bucket) == {}


@pytest.mark.parametrize("side", ["source", "target"])
def test_versioning_that_is_off_is_told_plainly(pair: Pair, side: str) -> None:
    store, bucket = (pair.source, pair.bucket) if side == "source" else (pair.target, pair.copies)
    store.s3().put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    where = "set versioning.state: Enabled" + (
        " in the ImageBucket of the destination" if side == "target" else ""
    )
    with pytest.raises(Rejected, match=where):
        pair.write(pair.rules())


def test_rotated_credentials_are_noticed_and_renewed(pair: Pair) -> None:
    """By the access key, which MinIO tells; of a new secret for the same key only this process knows."""
    old, new = add_user(pair.target), add_user(pair.target)
    before, after = pair.handing(old), pair.handing(new)
    pair.write(pair.rules(), before)
    assert not diff("", before.drivers["replication"].read(pair.bucket), pair.rules().canonical())
    stale = after.drivers["replication"].read(pair.bucket)
    assert stale is not None
    assert [r["destination"]["bucketRef"]["access"] for r in stale.to_json()["rules"]] == ["Stale"]
    pair.write(pair.rules(), after)
    remove_user(pair.target, old)
    pair.put("after the rotation")
    pair.await_equal()
    add_user(pair.target, keys=replace(new, secret_access_key="another-secret-of-the-key"))
    rotated = pair.handing(replace(new, secret_access_key="another-secret-of-the-key"))
    pair.write(pair.rules(), rotated)
    pair.put("after the second one")
    pair.await_equal()


def test_a_restarted_operator_asks_minio_whether_the_credentials_still_work(pair: Pair) -> None:
    """The secret of the same access key was changed while no operator ran: nothing in MinIO's lists tells."""
    keys = add_user(pair.target)
    pair.write(pair.rules(), pair.handing(keys))
    changed = replace(keys, secret_access_key="changed-while-nobody-ran")
    add_user(pair.target, keys=changed)
    restarted = replace(pair, backend=connected(pair.source)).handing(changed)
    seen = restarted.drivers["replication"].read(pair.bucket)
    assert seen is not None
    assert [r["destination"]["bucketRef"]["access"] for r in seen.to_json()["rules"]] == ["Stale"]
    pair.write(pair.rules(), restarted)
    pair.put("after the restart")
    pair.await_equal()


def test_another_destination_on_the_same_server_replaces_the_first(pair: Pair) -> None:
    """MinIO has one target for each server, and refuses a second one."""
    pair.write(pair.rules())
    other = replace(pair, copies=versioned(pair.target, "elsewhere"))
    other.backend = other.handing(Keys(pair.target.access_key, pair.target.secret_key))
    other.write(other.rules(existingObjects=True))
    assert [t.bucket for t in targets_of(pair.backend.call, pair.bucket).values()] == [other.copies]
    other.put("a")
    other.await_equal()
    assert versions(pair.target, pair.copies) == set()


def test_only_targets_of_our_rules_are_removed(pair: Pair, minio_store: Store) -> None:
    """A rule that another program made keeps its target, and goes on copying."""
    theirs = replace(pair, target=minio_store, copies=versioned(minio_store, "theirs"))
    theirs.backend = theirs.handing(Keys(minio_store.access_key, minio_store.secret_key))
    theirs.write(theirs.rules())
    [arn] = targets_of(pair.backend.call, pair.bucket)
    rule = pair.source.s3().get_bucket_replication(Bucket=pair.bucket)["ReplicationConfiguration"]["Rules"][0]
    configuration = {"Role": "", "Rules": [{**rule, "ID": "by-hand", "Priority": 7}]}
    pair.source.s3().put_bucket_replication(Bucket=pair.bucket, ReplicationConfiguration=configuration)
    driver = pair.backend.drivers["replication"]
    held = driver.read(pair.bucket)
    assert isinstance(held, Replication)
    wanted = pair.rules().merge(held, {"all"})
    driver.write(pair.bucket, wanted, held)
    assert len(targets_of(pair.backend.call, pair.bucket)) == 2
    driver.clear(pair.bucket, pair.rules())
    assert list(targets_of(pair.backend.call, pair.bucket)) == [arn]
    theirs.put("a")
    theirs.await_equal()


def test_64_writers_at_once_end_equal(pair: Pair) -> None:
    """They share keys, and each deletes one of its own.

    What several delete and write at the same moment is not in here: MinIO's source loses a marker then that it has replicated
    (docs/replication-native.md).
    """
    pair.write(pair.rules(deleteMarkers=True, permanentDeletes=True))
    clients = [pair.source.s3() for _ in range(8)]

    def work(writer: int) -> None:
        s3 = clients[writer % 8]
        for turn in range(4):
            body = f"{writer} {turn}".encode() * 500
            s3.put_object(Bucket=pair.bucket, Key=f"shared/{writer % 16}", Body=body)
        s3.put_object(Bucket=pair.bucket, Key=f"own/{writer}", Body=body)
        if writer % 4 == 0:
            s3.delete_object(Bucket=pair.bucket, Key=f"own/{writer}")

    with ThreadPoolExecutor(64) as pool:
        list(pool.map(work, range(64)))
    assert len(versions(pair.source, pair.bucket)) == 64 * 5 + 16, "all versions, and the markers"
    pair.await_equal()
