"""Listings in files: inventories of S3's as they come, what is none, and the options of a simulation."""

import csv
import gzip
import io
import json
from pathlib import Path

import pytest

from tests.cli.test_lifecycle_simulate import PLAIN, POLICY, listing, simulate
from tests.cli.world import write


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("l.json", b"[1", "l.json:1: is not JSON"),
        ("l.json", b"", "l.json:1: is not JSON"),
        ("l.json", b'{"Buckets": []}', "this JSON document is not a listing"),
        ("l.json", b"[1]", 'give a JSON object such as {"key": \u2026}, not 1'),
        ("l.jsonl", b'{"key": "a", "size": 1, "lastModified": "2027-01-01"}\n{"key"', "l.jsonl:2: is not JSON"),
        ("l.csv", b"key,size,lastModified\n\xff,1,2027-01-01\n", "is not UTF-8 text"),
        # Without the time: it stands in the test's name, which two processes that collect at two seconds disagree about.
        ("l.csv.gz", gzip.compress(PLAIN.encode(), mtime=0)[:-20], "is truncated, or not compressed by gzip"),
        ("l.csv.gz", PLAIN.encode(), "is truncated, or not compressed by gzip"),
        ("manifest.json", b'{"fileFormat": "ORC", "fileSchema": "struct<>", "files": []}', "inventories in ORC are not supported"),
        ("manifest.json", b'{"fileSchema": "Bucket, Key", "files": [{"key": "x/data/1.csv.gz"}]}',
         "its data file x/data/1.csv.gz is missing; copy it"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_listing_is_a_sentence(
    name: str, content: bytes, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(content)
    said = simulate(capsys, "-f", write(tmp_path, POLICY), "--listing", tmp_path / name)
    assert said.code == 1
    assert sentence in said.err


INVENTORY = """"shop","my%20photos/a%2Bb.jpg","2048","2027-02-20T00:00:00.000Z","STANDARD"
"shop","my%20photos/b%25.jpg","1024","2027-02-20T00:00:00.000Z","STANDARD"
"shop","others/gr%C3%B6%C3%9Fe+x.jpg","4096","2027-02-20T00:00:00.000Z","STANDARD"
"""
VERSIONED = """"shop","my%20photos/a%2Bb.jpg","v2","true","false","2048","2027-02-20T00:00:00.000Z","e","STANDARD"
"shop","my%20photos/b%25.jpg","m1","true","true","","2027-02-28T00:00:00.000Z","",""
"shop","my%20photos/b%25.jpg","v1","false","false","1024","2027-01-01T00:00:00.000Z","e","STANDARD"
"shop","others/x.jpg","v1","true","false","4096","2027-02-20T00:00:00.000Z","e","STANDARD"
"""
BLANKS = (
    POLICY.partition("  rules:")[0]
    + "  rules: [{name: mine, match: {prefix: my photos/}, expire: {days: 9}}]\n"
)
SCHEMAS = {
    INVENTORY: "Bucket, Key, Size, LastModifiedDate, StorageClass",
    VERSIONED: "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass",
}


def _inventory(folder: Path, text: str, form: str) -> Path:
    """As S3 writes it below a prefix of the destination, or one of its files alone, or one with a header of somebody's."""
    data = folder / "inventories" / "shop" / "daily" / "data"
    data.mkdir(parents=True)
    packed = data / "0b5f.csv.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    if form == "data":
        return packed
    if form == "header":
        return write(data, f"{SCHEMAS[text].replace(' ', '')}\n{text}", "plain.csv")
    run = data.parent / "2027-03-01T01-00Z"
    run.mkdir()
    files = [{"key": "inventories/shop/daily/data/0b5f.csv.gz", "size": 1, "MD5checksum": "x"}]
    told = {"sourceBucket": "shop", "fileFormat": "CSV", "fileSchema": SCHEMAS[text], "files": files}
    return write(run, json.dumps(told), "manifest.json")


@pytest.mark.parametrize("form", ["manifest", "data", "header"])
@pytest.mark.parametrize(
    ("text", "left"), [(INVENTORY, 4096), (VERSIONED, 4096 + 1024)], ids=["objects", "versions"]
)
def test_an_inventory_of_s3s_is_read_as_it_comes(
    form: str, text: str, left: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its keys are URL-encoded: the prefix ``my photos/`` matched nothing."""
    path = _inventory(tmp_path, text, form)
    there = ("-f", write(tmp_path, BLANKS), "--listing", path)
    said = simulate(capsys, *there, "--days", 1, "--by", "day", "--format", "csv")
    assert said.code == 0, said.err
    first, last = list(csv.DictReader(io.StringIO(said.out)))
    assert int(last["bytes STANDARD"]) == left, (first, last)


def test_a_listing_of_ones_own_is_no_inventory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its keys are what they are: 100%25.jpg is another key than 100%.jpg."""
    mine = "key,size,lastModified\nmy%20photos/a.jpg,1,2027-01-01\nmy photos/100%25.jpg,2,2027-01-01\n"
    there = ("-f", write(tmp_path, BLANKS), "--listing", write(tmp_path, mine, "l.csv"))
    said = simulate(capsys, *there, "--days", 1, "--by", "day", "--format", "csv")
    assert [int(r["bytes STANDARD"]) for r in csv.DictReader(io.StringIO(said.out))] == [1, 1]


@pytest.mark.parametrize(
    ("days", "said"), [(1, "1 day costs "), (30, "30 days cost "), (365, "365 days cost ")]
)
def test_as_many_days_are_counted_as_were_asked_for(
    days: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in simulate(capsys, *listing(tmp_path, PLAIN), "--prices", "aws", "--days", days).out


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--day", "2027-13-01"), "argument --day: give a day such as 2027-01-31, not 2027-13-01"),
        (("--days", "a year"), "argument --days: give a whole number, not a year"),
        (("--prices", "Azur"), "argument --prices: give one of AWS, GCS, Azure, OCI, not Azur"),
    ],
)
def test_an_option_that_makes_no_sense_is_a_sentence(
    more: tuple[str, ...], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        simulate(capsys, *listing(tmp_path, PLAIN), *more)
    assert ended.value.code == 64
    assert sentence in capsys.readouterr().err


def test_prices_of_a_bucket_are_its_backends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = simulate(capsys, "-f", write(tmp_path, POLICY), "--prices", "AWS")
    assert (said.code, "--prices needs --listing" in said.err) == (64, True)
