"""`imagestore backend probe` as an administrator uses it, on a server that nobody here has tuned for."""

from pathlib import Path

import pytest
import yaml

from dev.stores import Store
from imagestore.api.imagebucket import FACETS
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.probe.run import UNASKED, unasked
from imagestore.backends.s3.probe.verdict import Trial, judge
from imagestore.backends.trial import TrialReport
from imagestore.cli.probing.report import text
from imagestore.core.reading import FULL
from imagestore.facets.request_payment import RequestPayment
from tests.cli.world import Said, backend, bucket, imagestore, write


def probe(capsys: pytest.CaptureFixture[str], manifests: Path, name: str, *more: str) -> Said:
    """With consent."""
    options = ("--offline", "--bucket", name, "--yes-write-to", name)
    return imagestore(capsys, "backend", "probe", "-f", manifests, *options, *more)


def names(store: Store) -> list[str]:
    return [b["Name"] for b in store.s3().list_buckets()["Buckets"]]


def test_what_it_prints_goes_into_the_storagebackend_and_works(
    versitygw_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = backend(versitygw_store)
    eu = write(tmp_path, bare, "eu.yaml")
    done = probe(capsys, eu, "scratch-one", "--create", "--format", "yaml")
    assert done.code == 2, "a bare backend of provider S3 goes by less"
    assert "trying website" in done.err
    assert "scratch-one" not in names(versitygw_store)
    documents = list(yaml.safe_load_all(bare))
    documents[0]["spec"]["s3"] |= yaml.safe_load(done.out)
    eu.write_text(yaml.safe_dump_all(documents[:2]))
    again = probe(capsys, eu, "scratch-two", "--create")
    assert again.code == 0, again.out
    assert "This is what the operator assumes for eu." in again.out
    wish = bucket("new", "shop--own", "website: {indexDocument: index.html}", "tags: {team: shop}")
    eu.write_text(eu.read_text() + "\n---\n" + wish)
    planned = imagestore(capsys, "plan", "-f", eu, "--offline", "--format", "json")
    assert planned.code == 2, planned.out
    assert {c["facet"] for c in planned.bucket("shop/new")["changes"]} == {"website", "tags"}


def test_the_text_has_a_line_a_setting_with_the_stores_own_answer(
    versitygw_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = probe(capsys, write(tmp_path, backend(versitygw_store)), "scratch-text", "--create")
    lines = {line.split()[0]: line for line in done.out.splitlines() if line.split()[:1]}
    assert set(FACETS) <= set(lines)
    assert "yes" in done.out.splitlines()[0]
    assert any("no      PutBucketEncryption: 501 NotImplemented" in line for line in done.out.splitlines())
    assert "add it to spec.s3 of the StorageBackend eu" in done.out
    assert versitygw_store.secret_key not in done.out + done.err


def test_the_report_says_what_the_store_was_not_asked_for_and_shows_values_as_json() -> None:
    """ "the store said no" was said of what nobody had asked it for, and values stood there as Python has them."""
    said = dict.fromkeys(("objectLock", "quota", "acl"), FULL)
    found = dict(zip(said, UNASKED, strict=False))
    minio = S3Backend("eu", "MinIO", "http://minio", "here", lambda *_: {})
    shown = text("eu", minio, TrialReport(found, unasked(found)), said)
    assert shown.count("the operator assumes yes, the probe did not try it") == 3
    assert "the store said" not in shown
    trial = Trial("one", RequestPayment(payer="Requester"), refused="400")
    reason = judge([trial, Trial("owner", RequestPayment(payer="BucketOwner"))], [trial], ()).reason
    assert reason == '{"payer": "Requester"} is refused: 400'


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--bucket", "shop--photos"), "confirm with --yes-write-to shop--photos"),
        (("--bucket", "shop--photos", "--yes-write-to", "other"), "both must be the same"),
        (("--bucket", "nowhere", "--yes-write-to", "nowhere"), "there is no bucket nowhere"),
        (("us", "--bucket", "abc", "--yes-write-to", "abc"), "there is no StorageBackend us"),
    ],
)
def test_what_is_refused_is_a_sentence_and_writes_nothing(
    options: tuple[str, ...],
    said: str,
    minio_store: Store,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = names(minio_store)
    eu = write(tmp_path, backend(minio_store))
    done = imagestore(capsys, "backend", "probe", *options, "-f", eu, "--offline")
    assert done.code == (64 if "there is no" not in said else 1)
    assert said in done.err
    assert names(minio_store) == before


def test_without_a_manifest_it_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = imagestore(capsys, "backend", "probe", "--offline", "--bucket", "abc", "--yes-write-to", "abc")
    assert done.code == 64
    assert "name one: imagestore backend probe BACKEND" in done.err


def test_the_bucket_of_an_imagebucket_is_not_played_with(
    versitygw_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty bucket on a store without tags would have no mark to know it by."""
    versitygw_store.s3().create_bucket(Bucket="shop--claimed")
    eu = write(tmp_path, backend(versitygw_store) + bucket("photos", "shop--claimed"))
    done = probe(capsys, eu, "shop--claimed")
    assert done.code == 1
    assert "shop/photos claims shop--claimed" in done.err


def test_an_address_where_nobody_answers(
    minio_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = backend(minio_store).replace(minio_store.endpoint, "http://127.0.0.1:9")
    done = probe(capsys, write(tmp_path, nowhere), "scratch", "--create")
    assert done.code == 1
    assert "the probe failed: Unavailable" in done.err
