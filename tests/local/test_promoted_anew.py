"""A promoted policy whose state is lost and that is applied anew: between real stores, nothing older is written over what is newer."""

from pathlib import Path

import pytest

from dev.stores import Store
from tests.local.pair import Pair, content

PRIMARY, PROMOTED = ({"role": role, "fence": False} for role in ("Primary", "Promoted"))


def test_applied_anew_it_finds_the_promotion_and_then_brings_all_back(
    tmp_path: Path, minio_store: Store, ceph_store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = Pair(tmp_path / "manifests", minio_store, ceph_store, capsys)
    near, far = pair.buckets()
    pair.policy(failover=PROMOTED)
    assert pair.apply().code == 0
    near_s3, far_s3 = pair.source.s3(), pair.destination.s3()
    near_s3.put_object(Bucket=near, Key="a.jpg", Body=b"old")
    far_s3.put_object(Bucket=far, Key="a.jpg", Body=b"newer")

    (pair.path / ".imagestore/replicationpolicies/shop/keep.yaml").unlink()
    pair.policy(failover=PRIMARY)
    pair.apply()
    assert pair.condition()[:2] == ("False", "StillPromoted")
    assert "promoted by the ReplicationPolicy shop/keep" in pair.condition()[2]
    assert content(far_s3, far) == {"a.jpg": b"newer"}

    pair.policy(failover=PROMOTED)
    pair.apply()
    assert pair.condition()[:2] == ("True", "Replicated")
    assert content(near_s3, near) == content(far_s3, far) == {"a.jpg": b"newer"}
