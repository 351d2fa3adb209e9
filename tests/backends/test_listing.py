"""What is in a bucket is told page by page, on the real servers: odd keys, versions newest first, uploads."""

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from imagestore.backends.base import ListingScope, Lists
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.bucket import listing
from imagestore.core.errors import StoreError
from imagestore.core.stored import HOT, StoredVersion
from imagestore.facets.lifecycle import Lifecycle
from imagestore.reconcile.shared.survey import Survey, SurveyQuestion
from tests.contract.stores import backend_of

# Not "a b" beside "a/b": SeaweedFS 4.48 lists versions of the first and, on the next page, never those of the second.
ODD = ["b b+c%20d", "a/größe/✓/😀", "&<>\"'", "line\nbreak", "question?mark#hash", "z"]
# What XML 1.0 cannot hold, one after the other and next to others: RGW's pages of two end at some of them, and their markers
# stand in the document as they are. And a legal key that looks as such a one does in a document.
CONTROL = [
    "bell\x07",
    "bell\x07\x07",
    "bells",
    "c/unit\x1fseparator",
    "\x01",
    "\x02",
    "\ufffe",
    "replaced\ufffd",
]


@pytest.fixture(params=["MinIO", "Ceph", "SeaweedFS"])
def backend(request: pytest.FixtureRequest) -> S3Backend:
    return backend_of(request.param, request)


@pytest.fixture(autouse=True)
def pages_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few objects are many pages."""
    monkeypatch.setattr(listing, "LISTED_AT_ONCE", 2)


def made(backend: S3Backend, *, versioned: bool = False) -> str:
    name = f"listing-{uuid.uuid4().hex[:10]}"
    backend.create(name, {})
    if versioned:
        config = {"Status": "Enabled"}
        backend.call("PutBucketVersioning", {"Bucket": name, "VersioningConfiguration": config})
    return name


def put(backend: S3Backend, name: str, key: str, body: bytes = b"x", tags: str = "") -> None:
    more = {"Tagging": tags} if tags else {}
    backend.call("PutObject", {"Bucket": name, "Key": key, "Body": body, **more})


def listed(backend: Lists, name: str, scope: ListingScope) -> Iterator[StoredVersion]:
    after: Mapping[str, str] | None = {}
    for _ in range(50):
        if after is None:
            return
        page = backend.page(name, scope, after)
        assert len(page.items) <= 2
        yield from page.items
        after = page.after
    raise AssertionError("it never ends")


@pytest.mark.parametrize("scope", ["objects", "versions"])
def test_all_objects_are_told_once_by_key(backend: S3Backend, scope: ListingScope) -> None:
    name = made(backend)
    for i, key in enumerate([*ODD, *CONTROL]):
        put(backend, name, key, b"x" * i)
    found = list(listed(backend, name, scope))
    assert {s.key: s.size for s in found} == {key: i for i, key in enumerate([*ODD, *CONTROL])}
    assert sorted(s.key for s in found) == sorted([*ODD, *CONTROL])
    today = datetime.now(UTC).toordinal()
    assert all(s.latest and not s.marker and s.storage_class == HOT for s in found)
    assert all(0 <= today - s.modified <= 1 for s in found)


def test_a_survey_counts_each_key_once_and_matches_it_by_its_bytes(backend: S3Backend) -> None:
    """What a change would remove is counted through the same pages; one that could not be read held it for ever."""
    name = made(backend)
    for key in (*ODD, *CONTROL):
        put(backend, name, key)
    rules = [{"name": "bell", "match": {"prefix": "bell\x07"}, "expire": {"days": 1}}]
    wished = Lifecycle.model_validate({"rules": rules}).rules
    late = datetime.now(UTC).date() + timedelta(days=9)
    survey = Survey(SurveyQuestion(backend.name, name, wished), backend, late)
    counted = next(c for _ in range(50) if (c := survey.step(0)) is not None)
    assert counted.census.present.objects == len(ODD) + len(CONTROL)
    assert counted.census.tolls["bell"].removed.objects == 2


def test_versions_and_markers_come_newest_first(backend: S3Backend) -> None:
    name = made(backend, versioned=True)
    for key in ("a", "b"):
        for size in (1, 2, 3):
            put(backend, name, key, b"x" * size)
    backend.call("DeleteObject", {"Bucket": name, "Key": "a"})
    found = list(listed(backend, name, "versions"))
    assert [(s.key, s.size, s.latest, s.marker) for s in found] == [
        ("a", 0, True, True),
        ("a", 3, False, False),
        ("a", 2, False, False),
        ("a", 1, False, False),
        ("b", 3, True, False),
        ("b", 2, False, False),
        ("b", 1, False, False),
    ]
    assert len({s.version for s in found}) == 7


@pytest.mark.parametrize("backend", ["Ceph", "SeaweedFS"], indirect=True)
def test_uploads_are_told_once(backend: S3Backend) -> None:
    """MinIO lists those of one key only; a rule that aborts them is refused there, so nobody asks."""
    name = made(backend)
    begun = ["a/b", "größe +x", "z"]
    for key in begun:
        backend.call("CreateMultipartUpload", {"Bucket": name, "Key": key})
    found = list(listed(backend, name, "uploads"))
    assert sorted(s.key for s in found) == begun
    assert all(s.upload and s.version for s in found)


def test_tags_of_a_version_and_of_one_that_is_gone(backend: S3Backend) -> None:
    name = made(backend)
    put(backend, name, "größe +x", tags="keep=no&team=a")
    put(backend, name, "plain")
    told = {s.key: backend.tags_of(name, s) for s in listed(backend, name, "objects")}
    assert told == {"größe +x": {"keep": "no", "team": "a"}, "plain": {}}
    assert backend.tags_of(name, StoredVersion("gone", 1, 1)) == {}


def test_a_bucket_that_is_gone_is_an_error_and_no_empty_listing(backend: S3Backend) -> None:
    with pytest.raises(StoreError):
        backend.page("never-was-there", "objects", {})
