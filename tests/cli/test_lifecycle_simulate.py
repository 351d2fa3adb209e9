"""``lifecycle simulate``: a listing in a file, a bucket of a real MinIO, pictures, and what it takes."""

import csv
import gzip
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from dev.stores import Store
from imagestore.cli.forecasting import plot
from tests.cli.world import Said, backend, bucket, imagestore, write

ROOT = Path(__file__).parents[2]

BEGIN = date(2027, 3, 1)
POLICY = """\
apiVersion: imagestore.dev/v1alpha1
kind: LifecyclePolicy
metadata: {name: cool-down, namespace: shop}
spec:
  bucketSelector: {matchLabels: {class: photos}}
  rules:
    - name: originals
      match: {prefix: originals/}
      transitions: [{days: 30, tier: Cool}, {days: 90, tier: Archive}]
    - name: thumbs
      match: {prefix: thumbs/}
      expire: {days: 9}
    - name: old-versions
      noncurrent: {expire: {days: 5}}
"""
GIB = 2**30


def simulate(capsys: pytest.CaptureFixture[str], *more: object) -> Said:
    return imagestore(capsys, "lifecycle", "simulate", "--offline", "--day", BEGIN, *more)


def listing(folder: Path, text: str, name: str = "listing.csv") -> tuple[str, ...]:
    return ("-f", str(write(folder, POLICY)), "--listing", str(write(folder, text, name)))


PLAIN = f"""\
key,size,lastModified
originals/a.jpg,{GIB},2027-02-28T23:00:00Z
thumbs/a.jpg,1024,2027-02-28T23:00:00Z
"""


def test_a_gigabyte_walks_down_the_classes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = simulate(
        capsys, *listing(tmp_path, PLAIN), "--prices", "AWS", "--days", 120, "--by", "day", "--format", "csv"
    )
    assert said.code == 0, said.err
    rows = {date.fromisoformat(r["day"]): r for r in csv.DictReader(io.StringIO(said.out))}
    assert len(rows) == 121
    held = {
        day: next(c for c in ("STANDARD", "STANDARD_IA", "DEEP_ARCHIVE") if int(row[f"bytes {c}"]) >= GIB)
        for day, row in rows.items()
    }
    assert [d for d in held if held[d] == "STANDARD_IA"] == [BEGIN + timedelta(days=n) for n in range(30, 90)]
    assert held[BEGIN + timedelta(days=90)] == "DEEP_ARCHIVE"
    assert (rows[BEGIN + timedelta(days=8)]["objects"], rows[BEGIN + timedelta(days=9)]["objects"]) == (
        "2",
        "1",
    )
    assert float(rows[BEGIN + timedelta(days=60)]["month"]) == pytest.approx(0.0125)


def test_the_table_ends_with_what_it_costs_with_and_without_rules(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = simulate(capsys, *listing(tmp_path, PLAIN), "--prices", "AWS", "--days", 30)
    assert "2 objects, 1.0 GiB (STANDARD 1.0 GiB); 0.02 USD a month" in said.out
    assert "30 days cost 0.02 USD; without rules 0.02 USD" in said.out
    assert "list prices of AWS as of 2026-05-01, without discounts" in said.out
    other = simulate(capsys, *listing(tmp_path, PLAIN), "--prices", "GCS")
    assert "NEARLINE" in other.out
    assert "an estimate, because sources disagree: ARCHIVE: transitions" in other.out
    without = simulate(capsys, *listing(tmp_path, PLAIN))
    assert "no costs are shown: give --prices, or a StorageBackend with spec.prices" in without.out
    assert "USD" not in without.out


VERSIONS = """\
Key,VersionId,IsLatest,IsDeleteMarker,Size,LastModifiedDate,StorageClass
a,v2,false,false,20,2027-01-05T00:00:00.000Z,STANDARD
a,v3,true,false,300,2027-02-20T00:00:00.000Z,STANDARD
a,v1,false,false,1,2027-01-01T00:00:00.000Z,STANDARD
b,m1,true,true,,2027-02-28T00:00:00.000Z,
b,v1,false,false,4000,2027-01-01T00:00:00.000Z,STANDARD
"""


def test_an_inventory_with_versions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = simulate(capsys, *listing(tmp_path, VERSIONS), "--days", 20, "--by", "day", "--format", "csv")
    sizes = [int(r["bytes STANDARD"]) for r in csv.DictReader(io.StringIO(said.out))]
    assert sizes == [4300] * 5 + [300] * 16, "of a, both old versions go at once; b's after five days"


@pytest.mark.parametrize("name", ["l.csv.gz", "l.jsonl", "l.json", "versions.json"])
def test_every_form_of_a_listing_says_the_same(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = simulate(capsys, *listing(tmp_path, PLAIN), "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(PLAIN)))
    titled = [{"Key": r["key"], "Size": int(r["size"]), "LastModified": r["lastModified"]} for r in rows]
    path = tmp_path / name
    if name == "l.csv.gz":
        path.write_bytes(gzip.compress(PLAIN.encode()))
    else:
        path.write_text(
            {
                "l.jsonl": "\n".join(json.dumps(r) for r in rows),
                "l.json": json.dumps({"Contents": titled}),
                "versions.json": json.dumps({"Versions": [{**t, "IsLatest": True} for t in titled]}),
            }[name]
        )
    said = simulate(capsys, "-f", write(tmp_path, POLICY), "--listing", path, "--format", "csv")
    assert (said.out, said.err) == (expected, "")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "listing.csv:1: the file is empty"),
        (
            "key,size\n",
            "listing.csv:1: the first line must name the columns, and last_modified_date is missing",
        ),
        ("a.jpg,2\n", "An S3 inventory has no such line: give its manifest.json instead"),
        (
            "key,size,lastModified\na,x,2027-01-01\n",
            'listing.csv:2: size must be a whole number of bytes, not "x"',
        ),
        (
            "key,size,lastModified\na,-1,2027-01-01\n",
            'listing.csv:2: size must be a whole number of bytes, not "-1"',
        ),
        ("key,size,lastModified\na,1,2027-01-01\nb,1,\n", "listing.csv:3: lastModified is missing"),
        (
            "key,size,lastModified\na,1,2027-01-01\n,,\n",
            "listing.csv:3: key and size and lastModified are missing",
        ),
        (
            "key,size,lastModified\na,1,yesterday\n",
            'listing.csv:2: lastModified must be a time such as 2027-01-31T12:00:00Z, not "yesterday"',
        ),
        (VERSIONS + "a,v0,false,false,1,2027-01-01T00:00:00Z,STANDARD\n", "is not sorted by key; sort it"),
    ],
)
def test_a_listing_that_makes_no_sense_is_a_sentence(
    text: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = simulate(capsys, *listing(tmp_path, text))
    assert said.code == 1
    assert sentence in said.err
    assert "Traceback" not in said.err


def test_what_is_asked_wrongly_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = listing(tmp_path, PLAIN)
    for more, code, sentence in (
        (("--days", 0), 64, "--days 0: give a number from 1 to 3650"),
        (("--plot", "x.gif"), 1, "the file name must end in .svg or .png"),
        (("--bucket", "shop/x"), 64, "--bucket: give one of the ImageBuckets in the manifests: none"),
        (("--listing", "absent.csv"), 1, "absent.csv: No such file or directory"),
    ):
        said = simulate(capsys, *there, *more)
        assert (said.code, said.out) == (code, "")
        assert sentence in said.err
    assert "give an ImageBucket with -f, or a listing" in simulate(capsys, *there[:2]).err


@pytest.mark.parametrize(("name", "begins"), [("c.svg", b"<?xml"), ("c.png", b"\x89PNG")])
def test_the_curve_is_drawn(
    name: str, begins: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = simulate(capsys, *listing(tmp_path, PLAIN), "--prices", "AWS", "--plot", tmp_path / name)
    assert said.code == 0, said.err
    drawn = (tmp_path / name).read_bytes()
    assert drawn.startswith(begins)
    assert name == "c.png" or b"DEEP_ARCHIVE" in drawn


def test_without_matplotlib_it_says_how_to_get_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plot, "find_spec", lambda _: None)
    said = simulate(capsys, *listing(tmp_path, PLAIN), "--plot", tmp_path / "c.svg")
    assert (said.code, said.out) == (1, "")
    assert "install it: pip install 'imagestore-operator[plot]'" in said.err


def test_a_bucket_is_walked_through_its_rules(
    minio_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, s3 = "shop--simulated", minio_store.s3()
    s3.create_bucket(Bucket=name)
    for i in range(30):
        s3.put_object(Bucket=name, Key=f"tmp/{i}" if i < 20 else f"kept/{i}", Body=b"x" * 100)
    rule = "lifecycle: {rules: [{name: tmp, match: {prefix: tmp/}, expire: {days: 3}}]}"
    grant = f"{{adoptionGrants: [{{namespace: shop, bucketName: {name}}}]}}"
    text = backend(minio_store, tenancy=grant) + bucket("photos", name, "adoption: Granted", rule)
    today = datetime.now(UTC).date()
    said = imagestore(
        capsys, "lifecycle", "simulate", "-f", write(tmp_path, text), "--offline",
        "--day", today, "--days", 7, "--by", "day", "--format", "json",
    )  # fmt: skip
    assert said.code == 0, said.err
    objects = [p["classes"]["STANDARD"]["objects"] for p in said.json["points"]]
    assert objects == [30] * 4 + [10] * 4


def rows(count: int) -> Iterator[str]:
    yield "key,size,lastModified\n"
    for i in range(count):
        day = BEGIN - timedelta(days=i * 7 % 700)
        yield f"{'originals' if i % 2 else 'thumbs'}/{i:07},{i % 5_000_000},{day}T10:00:00Z\n"


def peak(path: Path, folder: Path) -> int:
    """KiB that a process of its own held at most."""
    argv = [
        "lifecycle", "simulate", "-f", str(write(folder, POLICY)), "--offline", "--day", str(BEGIN),
        "--listing", str(path), "--prices", "AWS",
    ]  # fmt: skip
    code = (
        "import sys; from imagestore.__main__ import main; from dev.memory import peak; main(sys.argv[1:]);"
        "print(round(peak() * 1024), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, *argv]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return int(said.stderr)


def test_memory_does_not_grow_with_the_listing(tmp_path: Path) -> None:
    """A million keys, measured by hand, are in docs/lifecycle-preview.md."""
    held = []
    for count in (20_000, 200_000):
        path = tmp_path / f"{count}.csv"
        with path.open("w") as file:
            file.writelines(rows(count))
        held.append(peak(path, tmp_path))
    assert held[1] - held[0] < 10_000, f"KiB: {held}"
