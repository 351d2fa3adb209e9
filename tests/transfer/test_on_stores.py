"""MinIO, Ceph's gateway and SeaweedFS: what both buckets hold after a run, and what a run asks of them."""

from dataclasses import replace
from random import SystemRandom

import pytest

from imagestore.core.errors import Denied
from imagestore.transfer.job import DeleteMode, TransferHooks
from imagestore.transfer.parity import parity_sample
from tests.transfer.stores import calls, pair
from tests.transfer.world import body

LISTS = {"ListObjectsV2", "HeadBucket", "GetObject"}  # GetObject: the journal


def test_a_key_that_may_not_read_deletes_nothing(request: pytest.FixtureRequest) -> None:
    """The wrong secret at the source: neither an empty source nor an end of its listing."""
    p = pair(request, ("SeaweedFS", "Ceph"))
    p.near.put("a", b"1")
    p.run()
    whole = p.near.backend
    wrong = replace(p.near.server, secret_key="x" * 40)
    from tests.contract.stores import connected

    p.near.backend = connected(wrong)
    report = p.run()
    assert report.trouble is not None
    assert (report.trouble.side, type(report.trouble.error), report.deleted) == ("source", Denied, 0)
    p.near.backend = whole
    assert p.run().complete
    assert p.far.held() == {"a": b"1"}


def test_a_journal_that_was_lost_costs_time_and_copies_nothing(request: pytest.FixtureRequest) -> None:
    p = pair(request, ("MinIO", "SeaweedFS"))
    for i in range(30):
        p.near.put(f"k{i}", body(i))
    p.run()
    for key in p.far.kept():
        p.far.remove(key)
    p.near.remove("k0")
    report = p.run()
    assert (report.copied.objects, report.equal, report.deleted, report.kept) == (0, 29, 0, {"NotOurs": 1})


def test_a_sample_finds_bytes_that_listings_call_equal(request: pytest.FixtureRequest) -> None:
    p = pair(request, ("MinIO", "Ceph"))
    for i in range(10):
        p.near.put(f"k{i}", body(i))
    p.run()
    hooks = TransferHooks("parity")
    assert parity_sample(p.job, hooks, 10, SystemRandom()).mismatched == 0
    p.far.put("k3", b"rotten")
    assert parity_sample(p.job, hooks, 10, SystemRandom()).mismatched == 1


def test_markers_only_where_versions_are_kept(request: pytest.FixtureRequest) -> None:
    p = pair(request, ("MinIO", "SeaweedFS"), versioned=True)
    p.options = replace(p.options, deletes=DeleteMode.MARKERS)
    p.near.put("a", b"1")
    p.near.put("b", b"2")
    p.run()
    p.near.remove("a")
    assert p.run().deleted == 1
    assert p.far.held() == {"b": b"2"}
    versions = p.far.server.s3().list_object_versions(Bucket=p.far.bucket, Prefix="a")
    assert len(versions["Versions"]) == len(versions["DeleteMarkers"]) == 1


def test_tags_that_no_listing_shows_are_found_by_reading_again(request: pytest.FixtureRequest) -> None:
    """SeaweedFS' listings do not move with tags; one in n keys is read again in each run."""
    p = pair(request, ("SeaweedFS", "MinIO"))
    for i in range(4):
        p.near.put(f"k{i}", body(i))
    p.run()
    p.near.objects.set_tags(p.near.bucket, "k1", {"team": "press"})
    assert p.run().copied.objects == 0
    p.options = replace(p.options, reread=1)
    assert p.run().copied.objects == 1
    assert p.far.objects.tags(p.far.bucket, "k1") == {"team": "press"}
    before = calls()
    assert p.run().copied.objects == 0
    written = {o: n for o, n in (calls() - before).items() if o.startswith(("Put", "Copy", "Delete"))}
    assert written == {"PutObject": 1}, "whose turn it is next"
