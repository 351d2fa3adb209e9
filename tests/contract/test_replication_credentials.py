"""What is told where nothing can be copied, and how the credentials of a destination are renewed."""

from dataclasses import replace

import pytest

from dev.stores.users import add_user, remove_user
from dev.wait import eventually
from imagestore.api.replication import COPYING_RIGHTS
from imagestore.backends.s3.client import Keys
from imagestore.backends.s3.replication.targets import targets_of
from imagestore.core.diff import diff
from imagestore.core.errors import Rejected
from tests.contract.pairs import ARRIVES, Pair, pair
from tests.contract.stores import LIVE, connected

__all__ = ["pair"]
pytestmark = pytest.mark.skipif(LIVE is not None, reason="needs two servers")


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


@pytest.mark.parametrize("lacking", ["s3:PutObject", "s3:DeleteObject"])
def test_rights_that_the_credentials_lack_are_told_plainly(pair: Pair, lacking: str) -> None:
    """MinIO itself takes credentials that may only look: then nothing arrived, and the rule was as it should be."""
    backend = pair.handing(add_user(pair.target, *(r for r in COPYING_RIGHTS if r != lacking)))
    for _ in range(2):  # as the operator tries again
        with pytest.raises(Rejected, match="permissions missing for replication user") as refusal:
            pair.write(pair.rules(), backend)
        assert "the rights that the user needs are in the reference of the StorageBackend" in str(
            refusal.value
        )
    pair.write(pair.rules(), pair.handing(add_user(pair.target, *COPYING_RIGHTS)))
    pair.put("a")
    pair.await_equal()


@pytest.mark.parametrize("side", ["source", "target"])
def test_versioning_that_is_off_is_told_plainly(pair: Pair, side: str) -> None:
    store, bucket = (pair.source, pair.bucket) if side == "source" else (pair.target, pair.copies)
    store.s3().put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    where = "set versioning.state: Enabled" + (
        " in the ImageBucket of the destination" if side == "target" else ""
    )
    with pytest.raises(Rejected, match=where):
        pair.write(pair.rules())


def test_the_least_rights_of_who_writes_copies_are_those_that_the_reference_names(pair: Pair) -> None:
    pair.backend = pair.handing(add_user(pair.target, *COPYING_RIGHTS))
    pair.put("old")
    pair.write(pair.rules(deleteMarkers=True, permanentDeletes=True, existingObjects=True))
    s3 = pair.source.s3()
    for key in ("kept", "deleted", "gone"):
        s3.put_object(Bucket=pair.bucket, Key=key, Body=b"a picture", Tagging="team=shop")
    pair.await_equal()
    assert s3.delete_object(Bucket=pair.bucket, Key="deleted")["DeleteMarker"]
    [gone] = s3.list_object_versions(Bucket=pair.bucket, Prefix="gone")["Versions"]
    s3.delete_object(Bucket=pair.bucket, Key="gone", VersionId=gone["VersionId"])
    s3.put_object_tagging(
        Bucket=pair.bucket, Key="kept", Tagging={"TagSet": [{"Key": "team", "Value": "press"}]}
    )
    pair.await_equal()
    tags = pair.target.s3()

    def team() -> str:
        return str(tags.get_object_tagging(Bucket=pair.copies, Key="kept")["TagSet"])

    eventually(lambda: "press" in team(), ARRIVES, team)


def test_rotated_credentials_are_noticed_and_renewed(pair: Pair) -> None:
    """By the access key, which MinIO tells; of a new secret for the same key only this process knows."""
    old, new = add_user(pair.target), add_user(pair.target)
    before, after = pair.handing(old), pair.handing(new)
    pair.write(pair.rules(), before)
    seen = before.drivers["replication"].read(pair.bucket)
    assert seen is not None
    assert not diff("", seen.canonical(), pair.rules().canonical())
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
