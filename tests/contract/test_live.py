"""`make live` on a server of our own, as if it were somebody's account: asked first, counted, and nothing left."""

import subprocess
import sys
from pathlib import Path

import pytest

from dev.stores import Store
from tests.cli.world import backend
from tests.contract.live import PREFIX, Live
from tests.contract.stores import connected

ROOT = Path(__file__).parents[2]


@pytest.fixture
def account(minio_store: Store, tmp_path: Path) -> Path:
    path = tmp_path / "eu.yaml"
    path.write_text(backend(minio_store))
    minio_store.s3().create_bucket(Bucket="somebodys-own")
    minio_store.s3().put_object(Bucket="somebodys-own", Key="picture.jpg", Body=b"x")
    return path


@pytest.fixture(autouse=True)
def _nobodys_bucket_is_touched(minio_store: Store, account: Path) -> object:
    yield
    s3 = minio_store.s3()
    assert s3.get_object(Bucket="somebodys-own", Key="picture.jpg")["Body"].read() == b"x"
    assert not [b for b in _names(minio_store) if b.startswith(PREFIX)], "nothing is left"
    s3.delete_object(Bucket="somebodys-own", Key="picture.jpg")
    s3.delete_bucket(Bucket="somebodys-own")


def _names(store: Store) -> list[str]:
    return [b["Name"] for b in store.s3().list_buckets()["Buckets"]]


def live(*argv: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dev.live", *map(str, argv)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=280)


SOME = ("-k", "test_drivers and (versioning or tags)", "-p", "no:cacheprovider")


def test_without_consent_it_says_what_it_would_cost_and_sends_nothing(
    minio_store: Store, account: Path
) -> None:
    before = _names(minio_store)
    done = live(account)
    assert done.returncode != 0
    assert "tests on eu (http://127.0.0.1:" in done.stdout
    assert "at S3's list price 0.10 USD" in done.stdout
    assert "nothing was sent; to agree, give CONSENT=eu" in done.stdout + done.stderr
    assert live(account, "--consent", "us").returncode != 0
    assert _names(minio_store) == before


def test_with_consent_the_suite_passes_and_what_a_killed_run_left_goes(
    minio_store: Store, account: Path
) -> None:
    s3 = minio_store.s3()
    s3.create_bucket(Bucket=f"{PREFIX}killed")
    s3.put_object(Bucket=f"{PREFIX}killed", Key="left", Body=b"x")
    done = live(account, "--consent", "eu", *SOME)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed" not in done.stdout
    assert "left: none" in done.stdout


def test_it_ends_when_the_requests_are_spent_and_cleans_up_all_the_same(account: Path) -> None:
    done = live(account, "--consent", "eu", "--requests", "40", *SOME)
    assert done.returncode == 1
    assert "40 requests were made, which is all that was allowed" in done.stdout
    assert "left: none" in done.stdout


def test_without_a_file_it_says_how_to_call_it() -> None:
    done = live()
    assert done.returncode == 2
    assert "make live BACKEND=eu.yaml" in done.stdout + done.stderr


@pytest.mark.parametrize("operation", ["PutBucketTagging", "DeleteBucket", "DeleteObjects", "CreateBucket"])
def test_nothing_without_the_prefix_is_written_to(minio_store: Store, operation: str) -> None:
    account = Live(connected(minio_store), "eu", "eu", allowed=10)
    with pytest.raises(AssertionError, match=f"the suite writes to {PREFIX}"):
        account.guarded.call(operation, {"Bucket": "somebodys-own"})
    assert account.requests == 0
