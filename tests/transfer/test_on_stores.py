"""MinIO, Ceph's gateway and SeaweedFS: what both buckets hold after a run, and what a run asks of them."""

from dataclasses import replace
from random import SystemRandom

import pytest

from imagestore.core.errors import Denied
from imagestore.transfer.job import DeleteMode, Direction, TransferHooks
from imagestore.transfer.parity import parity_sample
from tests.objects.corpus import LEGAL, ODD
from tests.transfer.stores import PAIRS, Pair, calls, pair
from tests.transfer.world import body

LISTS = {"ListObjectsV2", "HeadBucket", "GetObject"}  # GetObject: the journal


def filled(p: Pair) -> list[str]:
    """The source with every key of the corpus that it holds as it is."""
    keys = [k for k in dict.fromkeys([*LEGAL, *ODD]) if p.near.objects.key_verdict(k).problem is None]
    for key in keys:
        p.near.put(key, b"" if key.endswith("/") else body(key))
    return keys


@pytest.mark.parametrize("names", PAIRS, ids="-".join)
def test_every_key_arrives_or_is_a_named_failure_and_the_second_run_only_lists(
    names: tuple[str, str], request: pytest.FixtureRequest
) -> None:
    """rclone skipped keys with // and exited with 0 (rclone#9383); others copied everything in each run (minio#11410)."""
    p = pair(request, names)
    keys = filled(p)
    fit = [k for k in keys if p.far.objects.key_verdict(k).problem is None]
    report = p.run()
    assert report.trouble is None
    assert (
        report.failed.total()
        if hasattr(report.failed, "total")
        else sum(report.failed.values()) == len(keys) - len(fit)
    )
    assert report.copied.objects == len(fit)
    assert p.far.held() == {k: v for k, v in p.near.held().items() if k in fit}
    kept, before = p.far.kept(), calls()
    again = p.run()
    assert (again.equal, again.copied.objects, again.complete) == (len(fit), 0, True)
    if len(fit) == len(keys):
        assert set(calls() - before) <= LISTS
    assert p.far.kept() == kept


@pytest.mark.parametrize("names", PAIRS, ids="-".join)
def test_edits_and_deletes_follow(names: tuple[str, str], request: pytest.FixtureRequest) -> None:
    """``a-b`` beside ``a/b``: the stores list them in different orders (juicefs#7489)."""
    p = pair(request, names, versioned=names[1] == "Ceph")
    for key in ("a/b", "a-b", "😀", "\ufffd", "k", "gone"):
        p.near.put(key, body(key))
    p.far.put("foreign", b"theirs")
    p.run()
    p.near.put("k", body("edited"))
    p.near.remove("gone")
    p.near.remove("a/b")
    report = p.run()
    assert (report.copied.objects, report.equal) == (1, 3)
    # MinIO deletes without a condition, and this bucket keeps no versions: nothing is deleted there.
    deletes = names[1] != "MinIO"
    assert report.deleted == (2 if deletes else 0)
    assert report.kept == ({} if deletes else {"NoConditionalDelete": 2}) | {"NotOurs": 1}
    left = {} if deletes else {"gone": body("gone"), "a/b": body("a/b")}
    assert p.far.held() == {**p.near.held(), "foreign": b"theirs", **left}


def test_two_ways_between_two_stores(request: pytest.FixtureRequest) -> None:
    p = pair(request, ("MinIO", "Ceph"), versioned=True)
    p.options = replace(p.options, direction=Direction.TWO_WAY)
    for i in range(5):
        p.near.put(f"n{i}", body(i))
        p.far.put(f"f{i}", body(-i - 1))
    p.run()
    assert len(p.near.held()) == 10
    assert p.near.held() == p.far.held()
    before = calls()
    assert p.run().equal == 10
    assert set(calls() - before) <= LISTS  # our own writes do not bounce
    p.near.put("n0", body("near"))
    p.far.put("f0", body("far"))
    p.near.put("n1", body("loses"))
    p.far.put("n1", body("wins"))
    p.near.remove("n2")
    report = p.run()
    assert (report.copied.objects, report.conflicts, report.deleted) == (3, 1, 1)
    assert p.near.held() == p.far.held()
    assert len(p.far.held()) == 9
    assert p.run().copied.objects == 0


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
    assert not {o for o in calls() - before if o.startswith(("Put", "Copy", "Delete"))}
