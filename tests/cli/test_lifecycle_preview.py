"""``lifecycle preview`` and ``plan --preview`` on a real MinIO: the numbers are those of what was put."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dev.stores import Store
from imagestore.backends.base import ListingPage, ListingScope
from imagestore.backends.s3.backend import S3Backend
from imagestore.core.errors import Unavailable
from tests.cli.world import Said, backend, bucket, imagestore, write

TODAY = datetime.now(UTC).date()
BUCKET = "shop--previewed"
PRICED = (
    "tiers: [{tier: Cool, storageClass: WARM}]",
    "prices: {currency: EUR, classes: [{storageClass: STANDARD, gbMonth: '20'},"
    " {storageClass: WARM, gbMonth: '10', transitions1000: '0.5'}]}",
)
RULES = (
    "lifecycle: {rules: ["
    "{name: cool, match: {prefix: originals/}, transitions: [{days: 30, tier: Cool}]}, "
    "{name: thumbs, match: {prefix: thumbs/, minSize: '5'}, expire: {days: 60}}, "
    "{name: nothing, match: {prefix: elsewhere/}, expire: {days: 1}}]}"
)
ODD = ["originals/a b+c%20d", "originals/größe/✓/😀", "originals/&<>\"'", "originals/bell\x07"]


def put(store: Store, name: str, objects: dict[str, bytes], **more: Any) -> None:
    s3 = store.s3()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda k: s3.put_object(Bucket=name, Key=k, Body=objects[k], **more), objects))


@pytest.fixture(scope="module")
def filled(minio_store: Store) -> Store:
    """Three pages of objects: 1204 originals of ten bytes, 1000 thumbnails of 1 to 10 bytes, 200 others."""
    minio_store.s3().create_bucket(Bucket=BUCKET)
    originals = [f"originals/{i:04}" for i in range(1200)] + ODD
    put(minio_store, BUCKET, dict.fromkeys(originals, b"0123456789"))
    put(minio_store, BUCKET, {f"thumbs/{i:04}": b"x" * (1 + i % 10) for i in range(1000)})
    put(minio_store, BUCKET, {f"z{i}": b"" for i in range(200)})
    return minio_store


def manifests(store: Store, folder: Path, *settings: str, name: str = BUCKET) -> Path:
    grant = f"{{adoptionGrants: [{{namespace: shop, bucketName: {name}}}]}}"
    text = backend(store, *PRICED, tenancy=grant)
    return write(folder, text + bucket("photos", name, "adoption: Granted", *settings))


def preview(capsys: pytest.CaptureFixture[str], path: Path, *more: object, days: int = 0) -> Said:
    day = TODAY + timedelta(days=days)
    return imagestore(capsys, "lifecycle", "preview", "-f", path, "--offline", "--day", day, *more)


def touches(said: Said) -> dict[str, list[tuple[str, str, int, int]]]:
    """Of the only bucket, by rule: until when, what, objects, bytes."""
    (found,) = said.json["buckets"]
    return {
        r["name"]: [(t["until"], t["action"], t["objects"], t["bytes"]) for t in r["touches"]]
        for r in found["rules"]
    }


def after(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


def test_a_preview_counts_what_was_put(
    filled: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = manifests(filled, tmp_path, RULES)
    said = preview(capsys, path, "--format", "json", "--months", 3)
    assert said.code == 0, said.out + said.err
    large = sum(1 + i % 10 for i in range(1000) if 1 + i % 10 > 5)
    assert touches(said) == {
        "cool": [(after(60), "move", 1204, 12040)],
        "thumbs": [(after(90), "remove", 500, large)],
        "nothing": [],
    }
    (found,) = said.json["buckets"]
    assert found["classes"] == {"STANDARD": {"objects": 2404, "bytes": 12040 + 5500}}
    assert found["prices"] == {"currency": "EUR", "asOf": None}
    (cool,) = found["rules"][0]["touches"]
    assert cool["transitionFees"] == "0.602"
    assert cool["monthlySaving"].startswith("0.0001121")  # 12040 bytes at ten euros a GB
    assert filled.s3().list_objects_v2(Bucket=BUCKET)["KeyCount"] == 1000, "nothing was removed"


def test_what_is_due_is_touched_now_and_said_in_words(
    filled: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = manifests(filled, tmp_path, RULES)
    said = preview(capsys, path, days=31)
    assert said.code == 0, said.out
    for sentence in (
        "2404 objects, 17.1 KiB (STANDARD 17.1 KiB); 0.0003 EUR a month",
        "now  move to WARM  1204 objects  11.8 KiB  saves 0.0001 EUR a month; costs 0.60 EUR once",
        f"by {after(61)}  remove  500 objects",
        "nothing: affects nothing within 12 months",
    ):
        assert sentence in said.out
    marked = preview(capsys, path, "--format", "markdown", days=31)
    assert "| `` cool `` | now | move to WARM | 1204 objects | 11.8 KiB |" in marked.out
    planned = imagestore(
        capsys, "plan", "-f", path, "--offline", "--preview", "--day", after(31), "--format", "text"
    )
    assert planned.code == 2
    line = "lifecycle.rules[name=cool] affects now 1204 objects, 11.8 KiB"
    assert line in planned.out
    assert "touches" not in imagestore(capsys, "plan", "-f", path, "--offline").out


def test_without_prices_no_money_is_shown(
    filled: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grant = f"{{adoptionGrants: [{{namespace: shop, bucketName: {BUCKET}}}]}}"
    text = backend(filled, PRICED[0], tenancy=grant)
    path = write(tmp_path, text + bucket("photos", BUCKET, "adoption: Granted", RULES))
    said = preview(capsys, path)
    assert "no costs are shown: the StorageBackend has no spec.prices" in said.out
    assert "EUR" not in said.out


def test_tags_are_sampled_and_it_is_said(
    filled: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "shop--tagged"
    filled.s3().create_bucket(Bucket=name)
    put(filled, name, {f"k{i:03}": b"12345" for i in range(60)}, Tagging="keep=no")
    put(filled, name, {f"m{i:03}": b"12345" for i in range(240)}, Tagging="keep=yes")
    rule = "lifecycle: {rules: [{name: r, match: {tags: {keep: 'no'}}, expire: {days: 1}}]}"
    path = manifests(filled, tmp_path, rule, name=name)
    all_of_them = preview(capsys, path, "--format", "json", days=9)
    assert touches(all_of_them) == {"r": [(after(9), "remove", 60, 300)]}
    assert all_of_them.json["buckets"][0]["tagsSampled"] == {"keys": 300, "of": 300}
    some = preview(capsys, path, "--format", "json", "--sample", 100, days=9)
    ((_, _, objects, size),) = touches(some)["r"]
    assert 20 < objects < 100
    assert size == 5 * objects
    assert "read of 100 of the 300 keys that those rules may match" in " ".join(
        some.json["buckets"][0]["notes"]
    )


def test_old_versions_markers_and_uploads(
    filled: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, s3 = "shop--versioned", filled.s3()
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"22", b"333", b"4444"):
        put(filled, name, {f"k{i:02}": body for i in range(40)})
    for i in range(10):
        s3.delete_object(Bucket=name, Key=f"k{i:02}")
    rules = (
        "lifecycle: {rules: [{name: old, noncurrent: {expire: {days: 5, keepNewest: 2}}},"
        " {name: current, expire: {days: 20}}]}"
    )
    said = preview(capsys, manifests(filled, tmp_path, rules, name=name), "--format", "json", "--months", 1)
    (found,) = said.json["buckets"]
    assert found["deleteMarkers"] == 10
    assert found["classes"]["STANDARD"] == {"objects": 160, "bytes": 400}
    old = {t["action"]: (t["objects"], t["bytes"]) for t in found["rules"][0]["touches"]}
    # Of ten deleted keys the versions 333 and 4444 are kept, of thirty more 22 and 333, until 4444 is hidden.
    assert old == {"remove": (20 + 30 + 30, 10 * 3 + 30 * 1 + 30 * 2)}
    current = {t["action"]: (t["objects"], t["bytes"]) for t in found["rules"][1]["touches"]}
    assert current == {"hide": (30, 120)}


class Breaks:
    """A store that stops answering after so many pages."""

    def __init__(self, after: int) -> None:
        self.left, self.whole = after, S3Backend.page
        self.asked: list[dict[str, str]] = []

    def __call__(self, lists: Any, name: str, scope: ListingScope, after: dict[str, str]) -> ListingPage:
        self.asked.append(dict(after))
        if len(self.asked) > self.left:
            raise Unavailable("ListObjectsV2: the store is silent")
        return self.whole(lists, name, scope, after)


def test_an_interrupted_listing_goes_on_from_its_key(
    filled: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, kept = manifests(filled, tmp_path, RULES), tmp_path / "kept.json"
    whole = preview(capsys, path, "--format", "json")
    with monkeypatch.context() as broken:
        breaks = Breaks(2)
        broken.setattr(S3Backend, "page", lambda *a: breaks(*a))
        said = preview(capsys, path, "--checkpoint", kept)
    assert said.code == 1
    assert "the store is silent; the same command resumes from the checkpoint" in said.out
    assert kept.stat().st_mode & 0o077 == 0
    with monkeypatch.context() as watched:
        goes_on = Breaks(99)
        watched.setattr(S3Backend, "page", lambda *a: goes_on(*a))
        resumed = preview(capsys, path, "--format", "json", "--checkpoint", kept)
    assert [a["StartAfter"][:7] for a in goes_on.asked] == ["thumbs/"], "two pages are not listed again"
    assert touches(resumed) == touches(whole)
    assert "resumed from the checkpoint, after 1999 keys" in " ".join(resumed.json["buckets"][0]["notes"])
    assert not kept.exists(), "all is told"


def test_a_file_that_is_no_checkpoint_is_left_alone(
    filled: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = manifests(filled, tmp_path, RULES)
    notes = tmp_path / "notes.json"
    notes.write_text(json.dumps({"mine": 1}))
    said = preview(capsys, path, "--checkpoint", notes)
    assert said.code == 1
    assert "is not a checkpoint of this version of imagestore; remove it, or give another file" in said.err
    assert json.loads(notes.read_text()) == {"mine": 1}


def test_what_the_operator_would_refuse_is_not_previewed(
    filled: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = "lifecycle: {rules: [{name: r, transitions: [{days: 30, tier: Archive}]}]}"
    said = preview(capsys, manifests(filled, tmp_path, rule))
    assert said.code == 1
    assert "the StorageBackend's spec.tiers has Cool; add the tier there" in said.out
    absent = preview(capsys, write(tmp_path, backend(filled) + bucket("new", "shop--absent", RULES_PLAIN)))
    assert absent.code == 0
    assert "the bucket does not exist yet; there is nothing to list" in absent.out


RULES_PLAIN = "lifecycle: {rules: [{name: r, expire: {days: 30}}]}"


def test_policies_are_previewed_with_the_buckets_that_they_match(
    filled: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = manifests(filled, tmp_path)
    write(
        tmp_path,
        """\
apiVersion: imagestore.dev/v1alpha1
kind: LifecyclePolicy
metadata: {name: clean-up, namespace: shop}
spec:
  bucketRefs: [{name: photos}]
  rules: [{name: others, match: {prefix: z}, expire: {days: 10}}]
""",
        "policy.yaml",
    )
    said = preview(capsys, path.parent, "--format", "json", days=11)
    assert touches(said) == {"clean-up/others": [(after(11), "remove", 200, 0)]}
