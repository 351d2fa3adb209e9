"""Replication by ``imagestore apply``, between real stores: what is at the destination afterwards, and what is told of it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backports import zstd
from botocore.exceptions import ClientError

from dev.stores import Store
from tests.local.pair import Pair, content, events, fill, keys
from tests.local.world import writes

IMAGES = {"originals/a.jpg": b"a", "originals/b.jpg": b"bb", "thumbs/a.jpg": b"t", "ä ö/ü+%.png": b"odd"}
Pairs = Callable[..., Pair]


@pytest.fixture
def pair(tmp_path: Path, minio_store: Store, ceph_store: Store, capsys: pytest.CaptureFixture[str]) -> Pair:
    """From MinIO to Ceph."""
    return Pair(tmp_path / "manifests", minio_store, ceph_store, capsys)


@pytest.mark.parametrize("ends", [("ceph", "seaweedfs"), ("seaweedfs", "minio")], ids="-to-".join)
def test_between_any_two_stores(
    ends: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    near, far = (request.getfixturevalue(f"{name}_store") for name in ends)
    pair = Pair(tmp_path / "manifests", near, far, capsys)
    s3, bucket, far_s3, copy = filled(pair)
    pair.policy()
    assert pair.apply().code == 0
    assert content(far_s3, copy) == content(s3, bucket) == IMAGES
    before = {k: far_s3.head_object(Bucket=copy, Key=k)["LastModified"] for k in keys(far_s3, copy)}
    pair.apply()
    assert {k: far_s3.head_object(Bucket=copy, Key=k)["LastModified"] for k in before} == before


def filled(pair: Pair, objects: dict[str, bytes] | None = None, **buckets: Any) -> tuple[Any, str, Any, str]:
    """Both buckets are there, and the source has images."""
    near, far = pair.buckets(**buckets)
    assert pair.apply().code == 0
    fill(pair.source.s3(), near, IMAGES if objects is None else objects)
    return pair.source.s3(), near, pair.destination.s3(), far


def test_all_objects_are_copied_and_both_sides_were_read(pair: Pair) -> None:
    _, near, far_s3, far = filled(pair)
    pair.source.s3().put_object(
        Bucket=near, Key="typed.svg", Body=b"<svg/>", ContentType="image/svg+xml", Metadata={"camera": "x"}
    )
    pair.policy(objectives={"rpo": "1h"})
    said = pair.apply()
    assert said.code == 0, said
    assert content(far_s3, far) == {**IMAGES, "typed.svg": b"<svg/>"}
    typed = far_s3.head_object(Bucket=far, Key="typed.svg")
    assert (typed["ContentType"], typed["Metadata"]) == ("image/svg+xml", {"camera": "x"})
    assert pair.condition()[:2] == ("True", "Replicated")
    assert pair.condition("WithinObjective")[:2] == ("True", "WithinObjective")
    status = pair.status()
    assert status["copied"] == {"objects": 5, "bytes": sum(map(len, IMAGES.values())) + 6}
    assert status["backlog"] == {"objects": 0, "bytes": 0}
    assert "Replicated" in events(said)
    assert not any(key in str(status) for key in IMAGES), "keys are in no status"


def test_a_second_run_over_what_is_equal_writes_nothing_but_its_records(pair: Pair) -> None:
    _, _, far_s3, far = filled(pair)
    pair.policy()
    pair.apply()
    before = {k: far_s3.head_object(Bucket=far, Key=k)["LastModified"] for k in keys(far_s3, far)}
    kept, sent = pair.status(), writes()
    assert pair.apply().code == 0
    assert {k: far_s3.head_object(Bucket=far, Key=k)["LastModified"] for k in keys(far_s3, far)} == before
    more = {op: n - sent.get(op, 0.0) for op, n in writes().items() if n != sent.get(op, 0.0)}
    assert sum(more.values()) <= 4, f"the journal and the checkpoint at most: {more}"
    assert pair.status()["copied"] == kept["copied"]


def test_prefix_and_filter_decide_what_is_copied_and_whereto(pair: Pair) -> None:
    s3, near, far_s3, far = filled(pair)
    pair.policy(filter={"prefixes": ["originals/"]}, destination={"prefix": "mirror/"})
    fill(far_s3, far, {"mirror/mine.txt": b"other", "thumbs/a.jpg": b"other"})
    pair.apply()
    assert content(far_s3, far) == {
        "mirror/originals/a.jpg": b"a", "mirror/originals/b.jpg": b"bb", "mirror/mine.txt": b"other",
        "thumbs/a.jpg": b"other",
    }  # fmt: skip
    s3.put_object(Bucket=near, Key="originals/a.jpg", Body=b"A2")
    pair.apply()
    assert content(far_s3, far)["mirror/originals/a.jpg"] == b"A2"


def test_deletes_are_ignored_unless_asked_for(pair: Pair) -> None:
    s3, near, far_s3, far = filled(pair)
    pair.policy()
    pair.apply()
    s3.delete_object(Bucket=near, Key="thumbs/a.jpg")
    pair.apply()
    assert content(far_s3, far) == IMAGES


VERSIONED = {"versioning": {"state": "Enabled"}}


def test_deletes_above_the_guard_are_held_and_go_with_their_token(pair: Pair) -> None:
    many = {f"o/{n:03}.jpg": b"x" for n in range(40)}
    s3, near, far_s3, far = filled(pair, many, destination=VERSIONED)
    pair.policy(deletes="Markers", guard={"maxDeletes": 5, "maxDeletePercent": 100})
    pair.apply()
    for n in range(10):
        s3.delete_object(Bucket=near, Key=f"o/{n:03}.jpg")
    said = pair.apply()
    held = pair.status()["held"]
    assert held["objects"] == 10
    assert pair.condition("Held")[:2] == ("True", "DeletesHeld")
    assert "DeletesHeld" in events(said)
    assert len(keys(far_s3, far)) == 40, "nothing is deleted"

    pair.policy(deletes="Markers", guard={"maxDeletes": 5, "maxDeletePercent": 100}, approve=[held["token"]])
    pair.apply()
    assert len(keys(far_s3, far)) == 30
    assert "held" not in pair.status()
    versions = far_s3.list_object_versions(Bucket=far, Prefix="o/")
    assert len(versions["DeleteMarkers"]) == 10
    assert len(versions["Versions"]) == 40, "each can be brought back"

    for n in range(10, 20):
        s3.delete_object(Bucket=near, Key=f"o/{n:03}.jpg")
    pair.apply()
    assert pair.status()["held"]["token"] != held["token"], "a token is good for one hold"
    assert len(keys(far_s3, far)) == 30


def test_a_source_that_was_emptied_deletes_nothing(pair: Pair) -> None:
    s3, near, far_s3, far = filled(pair, destination=VERSIONED)
    pair.policy(deletes="Markers", guard={"maxDeletes": 1000, "maxDeletePercent": 100})
    pair.apply()
    for key in keys(s3, near):
        s3.delete_object(Bucket=near, Key=key)
    pair.apply()
    assert content(far_s3, far) == IMAGES
    assert pair.condition("Held")[0] == "True"


def test_a_source_bucket_that_was_deleted_wholesale_deletes_nothing(pair: Pair) -> None:
    """The operator recreates a missing bucket, empty: its emptiness must not be mirrored (s5cmd#695, azcopy#1380: 20 TB)."""
    s3, near, far_s3, far = filled(pair, destination=VERSIONED)
    pair.policy(deletes="Markers", objectives={"rpo": "1h"})
    pair.apply()
    for key in keys(s3, near):
        s3.delete_object(Bucket=near, Key=key)
    s3.delete_bucket(Bucket=near)
    pair.apply()
    pair.apply()
    assert content(far_s3, far) == IMAGES
    assert s3.head_bucket(Bucket=near), "it was recreated"


def test_a_bucket_of_another_owner_is_neither_read_nor_written(pair: Pair) -> None:
    """A status is older than a run: the mark is read before each."""
    s3, near, far_s3, far = filled(pair)
    pair.policy(objectives={"rpo": "1h"})
    pair.apply()
    s3.put_object(Bucket=near, Key="late.jpg", Body=b"late")
    taken = {"TagSet": [{"Key": "imagestore.dev/owner", "Value": "other/shop/photos"}]}
    s3.put_bucket_tagging(Bucket=near, Tagging=taken)
    pair.apply()
    assert "late.jpg" not in keys(far_s3, far)
    assert pair.condition()[0] != "True"


def test_credentials_that_may_not_write_are_said(pair: Pair) -> None:
    """A read-only destination: Ready says so at once, and nothing claims to be within its objective."""
    _, _, far_s3, far = filled(pair, destination={"policy": READ_ONLY})
    pair.policy(objectives={"rpo": "1h"})
    pair.apply()
    assert pair.condition()[0] == "False"
    assert pair.condition()[1] in ("Denied", "ObjectsFailed")
    assert pair.condition("WithinObjective")[0] != "True"
    assert keys(far_s3, far) == []
    with pytest.raises(ClientError, match="AccessDenied"):
        far_s3.put_object(Bucket=far, Key="x", Body=b"x")


READ_ONLY = {
    "statements": [
        {
            "sid": "read-only", "effect": "Deny", "principals": ["*"], "actions": ["s3:PutObject"], "resources": ["*"],
        }
    ]
}  # fmt: skip


def test_two_ways_bring_each_side_what_the_other_has(pair: Pair) -> None:
    s3, near, far_s3, far = filled(pair)
    fill(far_s3, far, {"far/only.jpg": b"far"})
    pair.policy(direction="TwoWay")
    pair.apply()
    assert content(s3, near) == content(far_s3, far) == {**IMAGES, "far/only.jpg": b"far"}
    far_s3.put_object(Bucket=far, Key="thumbs/a.jpg", Body=b"newer")
    pair.apply()
    assert content(s3, near)["thumbs/a.jpg"] == b"newer"


def test_objects_from_before_the_policy_may_be_left_out(pair: Pair) -> None:
    s3, near, far_s3, far = filled(pair)
    time.sleep(1.1)  # a creationTimestamp has whole seconds
    pair.policy(existingObjects=False)
    pair.apply()
    assert keys(far_s3, far) == []
    s3.put_object(Bucket=near, Key="new.jpg", Body=b"new")
    pair.apply()
    assert content(far_s3, far) == {"new.jpg": b"new"}


def test_a_policy_that_is_refused_copies_nothing_and_says_what_to_change(pair: Pair) -> None:
    _, _, far_s3, far = filled(pair)
    pair.policy(deletes="Markers")
    pair.apply()
    assert pair.condition()[:2] == ("False", "VersioningNeeded")
    assert keys(far_s3, far) == []


def test_a_suspended_policy_copies_nothing(pair: Pair) -> None:
    _, _, far_s3, far = filled(pair)
    pair.policy(suspend=True, objectives={"rpo": "1h"})
    pair.apply()
    assert keys(far_s3, far) == []
    assert pair.condition("WithinObjective")[:2] == ("Unknown", "Suspended")


def test_a_full_destination_is_said(pair: Pair) -> None:
    """What fits is copied, the rest is counted by reason, and nothing claims to be within its objective."""
    large = {f"{n}.tif": b"x" * 60_000 for n in range(5)}
    _, _, far_s3, far = filled(pair, large, destination={"quota": {"hard": "100Ki"}})
    pair.policy(objectives={"rpo": "1h"}, limits={"concurrency": 1})
    pair.apply()
    assert 0 < len(keys(far_s3, far)) < 5
    assert pair.condition()[:2] == ("False", "ObjectsFailed")
    status = pair.status()
    assert status["failed"]["count"] == 5 - len(keys(far_s3, far)) == status["backlog"]["objects"]
    packed = far_s3.get_object(Bucket=far, Key=status["failed"]["report"])["Body"].read()
    report = zstd.decompress(packed).decode()
    assert all(key in report for key in large.keys() - set(keys(far_s3, far)))
    assert not any(key in str(status) for key in large), "keys are in the report only"


def test_of_two_policies_on_one_pair_the_younger_is_refused(pair: Pair) -> None:
    _, _, far_s3, far = filled(pair)
    pair.policy("first")
    pair.apply()
    pair.policy("second", deletes="Markers")
    pair.policy("third", destination={"prefix": "third/"})
    pair.apply()
    assert pair.condition(name="first")[:2] == ("True", "Replicated")
    assert pair.condition(name="second")[:2] == ("False", "Conflict")
    assert pair.condition(name="third")[1] == "Conflict", "it begins below what first writes"
    assert content(far_s3, far) == IMAGES


def test_samples_are_read_on_both_sides(pair: Pair) -> None:
    filled(pair)
    pair.policy(verify={"sample": 3, "every": "6h"})
    pair.apply()
    assert pair.condition("ParityVerified")[:2] == ("True", "Verified")
    parity = pair.status()["parity"]
    assert (parity["sampled"], parity["mismatched"]) == (3, 0)
    pair.apply()
    assert pair.status()["parity"] == parity, "the next one is due in six hours"
