"""plan -> import -> plan on every store that runs here, and that neither command changes anything."""

import json
from pathlib import Path
from typing import Any

import pytest

from dev.stores import Store
from imagestore.api.imagebucket import FACETS
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.base import Observation
from imagestore.backends.s3.client import Keys
from imagestore.backends.s3.connecting import connect_with_keys
from imagestore.metrics import REGISTRY
from imagestore.reconcile.bucket.observe import readings
from tests.cli.world import PROVIDERS, Said, backend, bucket, imagestore, write
from tests.contract.samples import MINIO_WEBHOOK

GRANT = "{adoptionGrants: [{namespace: shop, bucketName: %s}], allowPublic: true}"

OURS = {
    "ID": "imagestore/bucket/tmp",
    "Status": "Enabled",
    "Filter": {"Prefix": "tmp/"},
    "Expiration": {"Days": 3},
}
THEIRS = {"ID": "console", "Status": "Enabled", "Filter": {"Prefix": "old/"}, "Expiration": {"Days": 9}}


def _policy(name: str) -> str:
    def allow(folder: str, **more: str) -> dict[str, Any]:
        resource = f"arn:aws:s3:::{name}/{folder}/*"
        return {
            "Effect": "Allow",
            "Principal": {"AWS": ["*"]},
            "Action": ["s3:GetObject"],
            "Resource": [resource],
            **more,
        }

    return json.dumps({"Version": "2012-10-17", "Statement": [allow("public", Sid="cdn"), allow("nameless")]})


def _grown(store: Store, name: str) -> None:
    """A bucket as people leave them behind: settings of all sorts, by hand, some of them not expressible."""
    s3 = store.s3()
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "team", "Value": "yes"}]})
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [OURS, THEIRS]})
    s3.put_bucket_policy(Bucket=name, Policy=_policy(name))
    if store.provider == "MinIO":
        hook = {"Id": "somebody's", "QueueArn": MINIO_WEBHOOK, "Events": ["s3:ObjectCreated:*"]}
        s3.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"QueueConfigurations": [hook]}
        )
    if store.provider == "AWS":
        rule = {"AllowedOrigins": ["https://shop.example"], "AllowedMethods": ["GET"], "MaxAgeSeconds": 60}
        s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [rule]})
        s3.put_public_access_block(
            Bucket=name,
            PublicAccessBlockConfiguration={"BlockPublicAcls": True, "RestrictPublicBuckets": False},
        )


def _writes() -> dict[str, float]:
    """How often this process has sent anything to a store that does not only read, by operation."""
    samples = [s for m in REGISTRY.collect() for s in m.samples if s.name == "imagestore_store_calls_total"]
    assert samples
    sent = {s.labels["operation"]: s.value for s in samples}
    return {o: n for o, n in sent.items() if not o.removeprefix("admin:").startswith(("Get", "Head", "List"))}


def _all_of(store: Store, name: str) -> dict[str, Any]:
    """Everything that a driver can read of a bucket, and what is in it."""
    text = {
        "provider": store.provider,
        "s3": {"endpoint": store.endpoint, "region": store.region},
        "credentials": {},
    }
    keys = Keys(store.access_key, store.secret_key)
    reader = connect_with_keys("eu", StorageBackendSpec.model_validate(text), keys)
    sight = reader.check(name)
    names = [b["Name"] for b in store.s3().list_buckets()["Buckets"]]
    read = readings(reader, name, FACETS, sight or Observation())
    return {"sight": sight, "buckets": names, **{n: repr(r) for n, r in read.items()}}


@pytest.fixture(params=PROVIDERS)
def store(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"{request.param}_store")


def test_planning_an_imported_bucket_changes_nothing(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "shop--imported"
    _grown(store, name)
    eu = write(tmp_path, backend(store, tenancy=GRANT % name), "eu.yaml")
    before = _all_of(store, name)
    imported = imagestore(capsys, "import", f"eu/{name}", "-f", eu, "-n", "shop", "--offline")
    assert imported.code == 0
    wrote = _writes()
    for word in ("adoption: Granted", "team: 'yes'", "sid: cdn", "name: tmp", "state: Enabled"):
        assert word in imported.out
    for word in (
        "console",
        "nameless",
        "adoptionGrants",
        *(["somebody's"] if store.provider == "MinIO" else []),
    ):
        assert any(word in line and line.lstrip().startswith("#") for line in imported.out.splitlines())
    write(tmp_path, imported.out, "photos.yaml")
    planned = imagestore(capsys, "plan", "-f", tmp_path, "--offline", "--format", "json")
    assert planned.code == 0, planned.out
    found = planned.bucket(f"shop/{name}")
    assert found["adopt"]
    assert {c["op"] for c in found["changes"]} == {"Keep"}
    assert _writes() == wrote
    assert _all_of(store, name) == before


def test_a_plan_shows_a_change_behind_our_back_and_makes_none(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "shop--changed"
    _grown(store, name)
    eu = write(tmp_path, backend(store, tenancy=GRANT % name), "eu.yaml")
    manifest = imagestore(capsys, "import", f"eu/{name}", "-f", eu, "-n", "shop", "--offline").out
    write(tmp_path, manifest, "photos.yaml")
    s3 = store.s3()
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"})
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "team", "Value": "press"}]})
    before, wrote = _all_of(store, name), _writes()
    planned = imagestore(capsys, "plan", "-f", tmp_path, "--offline", "--format", "json")
    assert planned.code == 2, planned.out
    assert _writes() == wrote
    changes = {c["facet"]: c for c in planned.bucket(f"shop/{name}")["changes"] if c["op"] == "Set"}
    assert set(changes) == {"versioning", "tags"}
    assert changes["tags"]["fields"] == [{"path": 'tags["team"]', "before": "press", "after": "yes"}]
    assert [c["operation"] for c in changes["versioning"]["calls"]] == ["PutBucketVersioning"]
    sent = changes["tags"]["calls"][0]["parameters"]["Tagging"]["TagSet"]
    assert {"Key": "imagestore.dev/owner", "Value": f"<installation>/shop/{name}"} in sent
    assert _all_of(store, name) == before


def test_a_plan_for_a_new_bucket_names_the_calls_and_makes_none(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, backend(store) + bucket("new", "shop--new", "versioning: {state: Enabled}"))
    planned = imagestore(capsys, "plan", "-f", tmp_path, "--offline", "--format", "json")
    assert planned.code == 2, planned.out
    found = planned.bucket("shop/new")
    assert found["create"]["calls"][0]["operation"] == "CreateBucket"
    assert found["changes"][0]["calls"][0]["parameters"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "shop--new" not in [b["Name"] for b in store.s3().list_buckets()["Buckets"]]


def _plan(tmp_path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> Said:
    return imagestore(capsys, "plan", "-f", tmp_path, "--offline", *more)


def test_credentials_from_the_environment_or_a_file_and_what_is_said_without(
    minio_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    only = backend(minio_store).partition("---")[0]
    repository = tmp_path / "repository"
    repository.mkdir()
    write(repository, only + bucket("new", "shop--creds"))
    without = _plan(repository, capsys)
    assert without.code == 1
    assert "no credentials for eu: give --credentials FILE (eu), IMAGESTORE_EU_ACCESS_KEY_ID" in without.out
    keys = write(
        tmp_path, f"[eu]\naccessKeyId={minio_store.access_key}\nsecretAccessKey={minio_store.secret_key}", "k"
    )
    keys.chmod(0o644)
    with_file = _plan(repository, capsys, "--credentials", str(keys))
    assert with_file.code == 2
    assert "chmod 600" in with_file.out
    monkeypatch.setenv("IMAGESTORE_EU_ACCESS_KEY_ID", minio_store.access_key)
    monkeypatch.setenv("IMAGESTORE_EU_SECRET_ACCESS_KEY", "wrong")
    wrong = _plan(repository, capsys)
    assert wrong.code == 1
    assert "Denied" in wrong.out
    for said in (without, with_file, wrong):
        assert minio_store.secret_key not in said.out + said.err


def test_importing_what_is_not_there_is_a_sentence(
    minio_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    eu = write(tmp_path, backend(minio_store))
    assert (
        "there is no bucket nowhere on eu"
        in imagestore(capsys, "import", "eu/nowhere", "-f", eu, "--offline").err
    )
    assert (
        "there is no StorageBackend us"
        in imagestore(capsys, "import", "us/nowhere", "-f", eu, "--offline").err
    )
    with pytest.raises(SystemExit) as ended:
        imagestore(capsys, "import", "nowhere", "-f", eu, "--offline")
    assert ended.value.code == 64
    assert "write BACKEND/BUCKET" in capsys.readouterr().err


LOG_DELIVERY = 'uri="http://acs.amazonaws.com/groups/s3/LogDelivery"'


def test_a_bucket_that_writes_into_others_is_imported_with_their_names(
    aws_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On moto, which stands in for Amazon: no other store here has logging or inventory."""
    s3, name = aws_store.s3(), "shop--referring"
    for each in (name, "shop--audit"):
        s3.create_bucket(Bucket=each)
    s3.put_bucket_acl(Bucket="shop--audit", GrantWrite=LOG_DELIVERY, GrantReadACP=LOG_DELIVERY)
    logged = {"LoggingEnabled": {"TargetBucket": "shop--audit", "TargetPrefix": "photos/"}}
    s3.put_bucket_logging(Bucket=name, BucketLoggingStatus=logged)
    for config, into in (("ours", "shop--audit"), ("theirs", "nobodys")):
        _put_inventory(s3, name, config, into)
    eu = write(tmp_path, backend(aws_store, tenancy=GRANT % name), "eu.yaml")
    alone = imagestore(capsys, "import", f"eu/{name}", "-f", eu, "-n", "shop", "--offline")
    for place in ("logging.targetBucketRef", "inventory.configurations[name=ours].destination.bucketRef"):
        assert f"# left out: {place} refers to the bucket shop--audit" in alone.out
    assert "logging:\n" not in alone.out
    write(tmp_path, bucket("audit", "shop--audit"), "audit.yaml")
    imported = imagestore(capsys, "import", f"eu/{name}", "-f", tmp_path, "-n", "shop", "--offline")
    assert imported.out.count("name: audit") == 2
    assert "[name=theirs].destination.bucketRef refers to the bucket nobodys" in imported.out
    write(tmp_path, imported.out, "photos.yaml")
    planned = imagestore(capsys, "plan", "-f", tmp_path, "--offline", "--format", "json")
    found = planned.bucket(f"shop/{name}")
    assert found["problems"] == []
    assert {"logging", "inventory"} <= {c["facet"] for c in found["changes"]}
    assert {c["op"] for c in found["changes"]} == {"Keep"}


def _put_inventory(s3: Any, bucket_name: str, name: str, into: str) -> None:
    destination = {"Bucket": f"arn:aws:s3:::{into}", "Format": "CSV", "AccountId": "123456789012"}
    s3.put_bucket_inventory_configuration(
        Bucket=bucket_name,
        Id=name,
        InventoryConfiguration={
            "Id": name,
            "IsEnabled": True,
            "IncludedObjectVersions": "All",
            "Schedule": {"Frequency": "Daily"},
            "Destination": {"S3BucketDestination": destination},
        },
    )


ROLE = "arn:aws:iam::123456789012:role/imagestore"
BARRED: dict[str, dict[str, Any]] = {
    "but by condition": {"Principal": "*", "Condition": {"ArnNotEquals": {"aws:PrincipalArn": ROLE}}},
    "but by negation": {"NotPrincipal": {"AWS": ROLE}},
}


@pytest.mark.parametrize("how", [*BARRED])
@pytest.mark.parametrize("fixture", ["ceph_store", "aws_store"])
def test_a_bucket_that_denies_all_but_the_operator_is_imported_and_planned_without_changes(
    fixture: str, how: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """MinIO knows neither form. The plan was an error, WouldLockOut, of a policy that had been there for years."""
    store = request.getfixturevalue(fixture)
    s3, name = store.s3(), f"shop--barred-{len(how)}"
    s3.create_bucket(Bucket=name)
    resources = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
    barring = {
        "Sid": "barred",
        "Effect": "Deny",
        "Action": "s3:PutBucket*",
        "Resource": resources,
        **BARRED[how],
    }
    public = {"Sid": "cdn", "Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": "s3:GetObject"}
    statements = [barring, {**public, "Resource": f"arn:aws:s3:::{name}/public/*"}]
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    strict = f"{{adoptionGrants: [{{namespace: shop, bucketName: {name}}}]}}"
    eu = write(tmp_path, backend(store, tenancy=strict), "eu.yaml")
    imported = imagestore(capsys, "import", f"eu/{name}", "-f", eu, "-n", "shop", "--offline")
    assert imported.code == 0
    assert "sid: barred" not in imported.out
    assert any("barred" in line and line.lstrip().startswith("#") for line in imported.out.splitlines())
    assert (
        "# The administrator has to allow policy: statement cdn would make the bucket public" in imported.out
    )
    write(tmp_path, imported.out, "photos.yaml")
    write(tmp_path, backend(store, tenancy=GRANT % name), "eu.yaml")
    planned = imagestore(capsys, "plan", "-f", tmp_path, "--offline", "--format", "json")
    assert planned.code == 0, planned.out
    assert {c["op"] for c in planned.bucket(f"shop/{name}")["changes"]} <= {"Keep"}
