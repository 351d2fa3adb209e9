"""The probe finds out what the profiles say, tells when a server goes wild, and leaves nothing behind."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from dev.stores import Store
from imagestore.api.imagebucket import FACETS
from imagestore.api.samples import KMS_KEY, SAMPLES
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.probe.run import Probe
from imagestore.backends.s3.probe.scratch import KEY
from imagestore.backends.trial import TrialError, TrialRequest
from imagestore.core.errors import NotFound, Rejected, Unavailable
from imagestore.core.reading import Level
from imagestore.facets.tags import OWNER
from tests.contract.profiles import PRODUCTS, probed, supports
from tests.contract.stores import FIXTURES, Recorded, connected

Call = Callable[[str, Mapping[str, Any]], dict[str, Any]]

# Where the probe and the operator's own profile differ, and why. Nothing so far.
DIFFER: Mapping[tuple[str, str], str] = {}


def new() -> str:
    return f"probe-{uuid.uuid4().hex[:12]}"


def names(store: Store) -> set[str]:
    return {b["Name"] for b in store.s3().list_buckets()["Buckets"]}


def probe(backend: S3Backend, bucket: str, *, create: bool = True, facets: set[str] | None = None) -> Probe:
    """A probe of a few settings only: the others have no samples, and nothing is sent for them."""
    samples = {f: (s if facets is None or f in facets else {}) for f, s in SAMPLES.items()}
    return Probe(backend, TrialRequest(bucket, samples, create=create, kms_key=KMS_KEY))


@pytest.mark.parametrize("provider", ["MinIO", "Ceph", "SeaweedFS"])
def test_it_finds_out_what_the_profile_says(provider: str, request: pytest.FixtureRequest) -> None:
    store: Store = request.getfixturevalue(FIXTURES[provider])
    backend, bucket = connected(store), new()
    found = probed(backend, bucket)
    assert {f for f, s in found.support.items() if s.reason.startswith("not probed")} == {*FACETS} - {
        *SAMPLES
    }
    for facet in SAMPLES:
        have, said = found.support[facet], backend.support[facet]
        same = (have.level, set(have.lost)) == (said.level, set(said.lost))
        assert same == ((provider, facet) not in DIFFER), f"{facet}: {have} is not {said}"
        if said.level is Level.NONE and facet != "quota":
            assert have.reason in said.reason, "the store's own answer"
    assert not found.alarms
    assert not found.left
    assert bucket not in names(store)


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_server_that_nobody_tuned_for_is_as_it_was_found_before(
    product: str, request: pytest.FixtureRequest
) -> None:
    """The suite runs on what is committed; `python -m tests.contract.profiles` finds it out anew."""
    store: Store = request.getfixturevalue(FIXTURES[product])
    bucket = new()
    found = probed(connected(store), bucket)
    fresh = {f: (s.level, s.reason, s.lost) for f, s in found.support.items()}
    assert fresh == {f: (s.level, s.reason, s.lost) for f, s in supports(product).items()}
    assert not found.left
    assert bucket not in names(store)


@dataclass
class Pretending:
    """In front of a server: it claims to hold websites. Only what removes them goes through, as it is."""

    call: Call
    held: dict[str, Any] = field(default_factory=dict)

    def __call__(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if operation == "PutBucketWebsite":
            self.held = dict(parameters["WebsiteConfiguration"])
            return {}
        if operation == "GetBucketWebsite":
            if not self.held:
                raise Rejected("GetBucketWebsite: 404", code="NoSuchWebsiteConfiguration")
            return self.held
        if operation == "DeleteBucketWebsite":
            self.held = {}
        return self.call(operation, parameters)


def test_a_removal_that_takes_the_bucket_along_is_told_and_the_setting_is_out(seaweedfs_store: Store) -> None:
    """SeaweedFS takes DELETE ?website for DELETE, and deletes a bucket with an object in it."""
    backend, bucket = connected(seaweedfs_store), new()
    wild = replace(backend, call=Pretending(backend.call))
    found = probe(wild, bucket, facets={"website", "cors"}).run()
    assert found.support["website"].level is Level.NONE
    assert "DeleteBucketWebsite deleted the bucket itself" in found.support["website"].reason
    assert len(found.alarms) == 1
    assert "never send that" in found.alarms[0]
    assert found.support["cors"].level is Level.FULL, (
        "the others are probed on the bucket that was made again"
    )
    assert not found.left
    assert bucket not in names(seaweedfs_store)


def _full(store: Store, name: str) -> None:
    store.s3().put_object(Bucket=name, Key="somebody's/picture.jpg", Body=b"x")


def _marked(store: Store, name: str) -> None:
    tags = [{"Key": OWNER, "Value": "any/shop/photos"}]
    store.s3().put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})


def _uploading(store: Store, name: str) -> None:
    store.s3().create_multipart_upload(Bucket=name, Key="unfinished")


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (_full, "is not empty: it holds 1 versions and 0 open uploads"),
        (_uploading, "is not empty: it holds 0 versions and 1 open uploads"),
        (_marked, "belongs to an ImageBucket"),
    ],
)
def test_a_bucket_of_somebodys_is_not_touched(
    minio_store: Store, prepare: Callable[[Store, str], None], said: str
) -> None:
    backend, bucket = connected(minio_store), new()
    minio_store.s3().create_bucket(Bucket=bucket)
    prepare(minio_store, bucket)
    for create, words in ((False, said), (True, "exists; leave out --create")):
        recorded = Recorded(backend.call, [])
        with pytest.raises(TrialError, match=words):
            probe(replace(backend, call=recorded), bucket, create=create).run()
        assert not [o for o in recorded.operations if o.startswith(("Put", "Delete", "Create"))]


def test_a_bucket_that_is_not_there_is_made_only_if_told_to(minio_store: Store) -> None:
    bucket = new()
    with pytest.raises(TrialError, match="let the probe make it: --create"):
        probe(connected(minio_store), bucket, create=False).run()
    assert bucket not in names(minio_store)


def test_a_bucket_of_the_administrators_stays_and_is_never_locked(seaweedfs_store: Store) -> None:
    s3, bucket = seaweedfs_store.s3(), new()
    s3.create_bucket(Bucket=bucket)
    backend = connected(seaweedfs_store)
    recorded = Recorded(backend.call, [])
    found = probe(replace(backend, call=recorded), bucket, create=False, facets={"tags", "objectLock"}).run()
    assert found.support["objectLock"].level is Level.NONE
    assert "with --create" in found.support["objectLock"].reason
    assert "PutObjectLockConfiguration" not in recorded.operations
    assert bucket in names(seaweedfs_store)
    left = s3.list_object_versions(Bucket=bucket)
    assert not left.get("Versions")
    assert not left.get("DeleteMarkers")


@pytest.mark.parametrize("facets", [{"tags"}, {"objectLock"}])
def test_what_somebody_else_put_there_meanwhile_is_left_and_told(
    seaweedfs_store: Store, facets: set[str]
) -> None:
    """SeaweedFS deletes a bucket with whatever is in it: so it is never asked to before a listing is empty."""
    backend, bucket = connected(seaweedfs_store), new()

    def busy(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if operation in ("PutBucketTagging", "PutObjectLockConfiguration"):
            _full(seaweedfs_store, bucket)
        return backend.call(operation, parameters)

    try:
        left = probe(replace(backend, call=busy), bucket, facets=facets | {"versioning"}).run().left
    except TrialError as error:
        left = str(error)
    assert "it holds 1 versions and 0 open uploads" in left
    kept = seaweedfs_store.s3().list_objects_v2(Bucket=bucket)["Contents"]
    assert [o["Key"] for o in kept] == ["somebody's/picture.jpg"]


@dataclass
class Breaking:
    """A store that is gone for the rest of one setting's turn."""

    call: Call
    operations: tuple[str, ...]

    def __call__(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if operation in self.operations:
            raise Unavailable(f"{operation}: no answer", operation=operation)
        return self.call(operation, parameters)


def test_a_probe_that_ends_early_tidies_up(minio_store: Store) -> None:
    backend, bucket = connected(minio_store), new()
    broken = replace(backend, call=Breaking(backend.call, ("PutBucketTagging",)))
    with pytest.raises(Unavailable):
        probe(broken, bucket).run()
    assert bucket not in names(minio_store)


def test_what_an_early_end_leaves_is_told(minio_store: Store) -> None:
    backend, bucket = connected(minio_store), new()
    broken = replace(backend, call=Breaking(backend.call, ("PutBucketTagging", "DeleteBucket")))
    with pytest.raises(Unavailable) as ended:
        probe(broken, bucket).run()
    assert f"{bucket} could not be tidied up" in ended.value.__notes__[0]
    minio_store.s3().delete_bucket(Bucket=bucket)


def test_without_a_key_nothing_that_needs_one_is_supported(minio_store: Store) -> None:
    samples = {f: (s if f == "encryption" else {}) for f, s in SAMPLES.items()}
    found = Probe(connected(minio_store), TrialRequest(new(), samples, create=True)).run()
    held = found.support["encryption"]
    assert held.level is Level.PARTIAL
    assert set(held.lost) == {"keyId", "bucketKey"}
    assert "--kms-key" in held.reason


def test_the_object_goes_before_the_bucket(minio_store: Store) -> None:
    """Its own object, every version of it and no other key."""
    backend = connected(minio_store)
    recorded = Recorded(backend.call, [])
    probe(replace(backend, call=recorded), new(), facets={"versioning"}).run()
    deleted = [p for o, p in recorded.seen if o == "DeleteObject"]
    assert {p["Key"] for p in deleted} == {KEY}
    assert recorded.operations[-1] == "DeleteBucket"
    assert recorded.operations.index("DeleteObject") < recorded.operations.index("DeleteBucket")
    with pytest.raises(NotFound):
        backend.call("ListObjectsV2", {"Bucket": recorded.seen[-1][1]["Bucket"]})
