"""The ten worst bugs of tools that move data, each as a story on real servers. docs/transfer.md lists them.

Two have more beside: edits of two sides against a model (``test_two_ways``), a revoked key in a cluster (the last one of the ten:
``tests/e2e/test_replication.py``, ``test_a_revoked_key_is_told_in_time``).
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from dev.stores import Store
from dev.stores.users import add_user, remove_user
from imagestore.core.errors import Denied, StoreError, Unavailable
from imagestore.core.objects import ObjectsPage
from imagestore.transfer.job import DeleteMode, Direction
from tests.contract.stores import connected
from tests.faults.proxy import Answer, Asked, Fault, Forward, Proxy, proxied
from tests.objects.corpus import LEGAL, ODD
from tests.transfer.stores import FIXTURES, PAIRS, Pair, Side, calls, pair
from tests.transfer.world import body
from tests.transfer.writers import SECONDS, Writers, hashes

LISTS = {"ListObjectsV2", "HeadBucket", "GetObject"}  # GetObject: the journal
WRITES = ("Put", "Copy", "Delete", "Create", "Complete", "Upload", "Abort")
EVERY_PAIR = [(a, b) for a in FIXTURES for b in FIXTURES if a != b]
REFUSAL = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"


class Paged:
    """A side's objects, five on a page."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def objects(self, bucket: str, after: Any, *, prefix: str = "", limit: int = 5) -> ObjectsPage:
        found: ObjectsPage = self._store.objects(bucket, after, prefix=prefix, limit=min(limit, 5))
        return found


def paged(side: Side, proxy: Proxy) -> Side:
    """The same bucket through a proxy, in small pages."""
    backend = connected(replace(side.server, endpoint=proxy.endpoint))
    return replace(side, backend=replace_objects(backend, Paged(backend.objects)))


def replace_objects(backend: Any, objects: Any) -> Any:
    """A backend that hands out these objects."""

    class Handing:
        def __getattr__(self, name: str) -> Any:
            return objects if name == "objects" else getattr(backend, name)

    return Handing()


def is_listing(asked: Asked) -> bool:
    return asked.method == "GET" and "list-type=2" in asked.target


def refused(_asked: Asked, _forward: Forward) -> Answer:
    return Answer(403, REFUSAL)


def cut_off(asked: Asked, forward: Forward) -> Answer:
    answer = forward(asked)
    return replace(answer, cut=len(answer.body) // 2)


def from_page(number: int, fault: Fault) -> Fault:
    """The page of this number and all behind it fail."""
    seen = count()
    return lambda asked, forward: fault(asked, forward) if next(seen) >= number else forward(asked)


@pytest.mark.parametrize(
    ("side", "fault", "error", "fails"),
    [
        # Each page, and the look whether the side is still there, right before deletes.
        ("source", refused, Denied, 3),
        ("destination", refused, Denied, 4),
        ("source", cut_off, Unavailable, 1),
    ],
)
def test_1_a_listing_that_fails_at_any_page_deletes_nothing(
    side: str, fault: Fault, error: type[StoreError], fails: int, request: pytest.FixtureRequest
) -> None:
    """s5cmd#695, mc#4047, azcopy#1380 (20 TB): all of the destination was deleted."""
    p = pair(request, ("MinIO", "Ceph"), versioned=True)
    whole, keys = replace(p), [f"k{i:02}" for i in range(14)]
    for key in keys:
        p.near.put(key, body(key))
    p.run()
    for key in keys[::2]:
        p.near.remove(key)
    chosen = p.near if side == "source" else p.far
    with proxied(chosen.server.endpoint) as proxy:
        spoiled = paged(chosen, proxy)
        p.near, p.far = (spoiled, p.far) if side == "source" else (p.near, spoiled)
        for page in range(fails):
            # A page that is cut off is asked for again after a pause, so it is only done for the second one.
            with proxy.failing(from_page(page + (fault is cut_off), fault), is_listing):
                found = p.run()
            assert found.trouble is not None, page
            assert (found.complete, found.deleted, found.trouble.side) == (False, 0, side)
            assert isinstance(found.trouble.error, error)
            assert whole.far.held() == {key: body(key) for key in keys}
    assert whole.run().deleted == len(keys) / 2
    assert whole.far.held() == whole.near.held()


@contextmanager
def minio_user_without_list(side: Side) -> Iterator[Store]:
    rights = ["GetObject", "PutObject", "DeleteObject", "DeleteObjectVersion", "GetBucketVersioning"]
    keys = add_user(side.server, *(f"s3:{right}" for right in rights))
    yield replace(side.server, access_key=keys.access_key_id, secret_key=keys.secret_access_key)
    remove_user(side.server, keys)


@contextmanager
def ceph_policy_without_list(side: Side) -> Iterator[Store]:
    resource = f"arn:aws:s3:::{side.bucket}"
    denied = ["s3:ListBucket", "s3:ListBucketVersions"]
    statement = {"Effect": "Deny", "Principal": "*", "Action": denied, "Resource": resource}
    side.policy(statement)
    yield side.server
    side.policy(None)


@pytest.mark.parametrize(
    ("names", "denied"),
    [(("Ceph", "MinIO"), minio_user_without_list), (("MinIO", "Ceph"), ceph_policy_without_list)],
    ids=["MinIO", "Ceph"],
)
def test_2_a_destination_that_may_not_be_listed_loses_nothing(
    names: tuple[str, str],
    denied: Callable[[Side], AbstractContextManager[Store]],
    request: pytest.FixtureRequest,
) -> None:
    """s5cmd#564: 250 TiB, twice. It may be read and written, and only its listing is refused."""
    p = pair(request, names, versioned=True)
    for key in ("kept", "gone"):
        p.near.put(key, body(key))
    p.run()
    p.near.remove("gone")
    p.near.put("new", b"new")
    with denied(p.far) as server:
        limited = replace(p, far=replace(p.far, backend=connected(server)))
        limited.far.put("beside", b"can be written")
        found = limited.run()
    assert found.trouble is not None
    assert (found.trouble.side, type(found.trouble.error)) == ("destination", Denied)
    assert (found.complete, found.deleted, found.copied.objects) == (False, 0, 0)
    assert set(p.far.held()) == {"kept", "gone", "beside"}
    assert p.run().deleted == 1
    assert set(p.far.held()) == {"kept", "new", "beside"}


def filled(p: Pair) -> list[str]:
    """The source with every key of the corpus that it holds as it is."""
    keys = [k for k in dict.fromkeys([*LEGAL, *ODD]) if p.near.objects.key_verdict(k).problem is None]
    for key in keys:
        p.near.put(key, b"" if key.endswith("/") else body(key))
    return keys


@pytest.mark.parametrize("names", EVERY_PAIR, ids="-".join)
def test_3_and_9_every_key_arrives_or_is_a_named_failure_and_the_second_run_writes_nothing(
    names: tuple[str, str], request: pytest.FixtureRequest
) -> None:
    """rclone skipped keys with // and exited with 0 (rclone#9383); others copied everything in each run (minio#11410)."""
    p = pair(request, names)
    keys = filled(p)
    fit = [k for k in keys if p.far.objects.key_verdict(k).problem is None]
    report = p.run()
    assert report.trouble is None
    assert sum(report.failed.values()) == len(keys) - len(fit)
    assert report.copied.objects == len(fit)
    assert p.far.held() == {k: v for k, v in p.near.held().items() if k in fit}
    kept, before = p.far.kept(), calls()
    again = p.run()
    asked = set(calls() - before)
    assert (again.equal, again.copied.objects, again.complete) == (len(fit), 0, True)
    assert [o for o in asked if o.startswith(WRITES)] == []
    if len(fit) == len(keys):
        assert asked <= LISTS
    assert p.far.kept() == kept


@pytest.mark.parametrize("names", PAIRS, ids="-".join)
def test_4_stores_that_list_in_other_orders_agree(
    names: tuple[str, str], request: pytest.FixtureRequest
) -> None:
    """``a-b`` beside ``a/b``: juicefs lost keys in silence, and deleted them as missing (juicefs#7489)."""
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


@pytest.mark.parametrize("names", [("Ceph", "SeaweedFS"), ("SeaweedFS", "Ceph")], ids="-".join)
def test_5_and_8_under_writers_no_mixture_arrives_and_nothing_that_is_there_is_deleted(
    names: tuple[str, str], request: pytest.FixtureRequest
) -> None:
    """Ceph honours no condition on the source of a copy. mc deleted what had come back meanwhile (mc#2439)."""
    p = pair(request, names, versioned=names[1] == "Ceph")
    writers = Writers(p.near)
    with writers.working(3):
        until, runs = time.monotonic() + SECONDS, 0
        while time.monotonic() < until or runs < 3:
            report = p.run()
            assert report.trouble is None or isinstance(report.trouble.error, StoreError)
            runs += 1
    assert all(digest in writers.written[key] for key, digest in hashes(p.far).items())
    p.run()
    assert p.far.held() == p.near.held()
    assert p.run().copied.objects == 0


def test_6_of_two_sides_that_both_changed_the_newer_one_wins_and_is_copied(
    request: pytest.FixtureRequest,
) -> None:
    """rclone#9417: the loser won, or the winner was not copied."""
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
    assert (len(p.far.held()), p.far.held()["n1"]) == (9, body("wins"))
    assert p.run().copied.objects == 0


@pytest.mark.parametrize("names", [("MinIO", "Ceph"), ("Ceph", "MinIO")], ids="-".join)
def test_7_markers_that_are_made_while_a_run_goes_on_follow(
    names: tuple[str, str], request: pytest.FixtureRequest
) -> None:
    """minio#12919: a resync lost markers, and removed others. Versions of both sides are compared afterwards."""
    p = pair(request, names, versioned=True)
    p.near.keep_versions()
    p.options = replace(p.options, deletes=DeleteMode.MARKERS)
    keys = [f"k{i:02}" for i in range(24)]
    for key in keys:
        p.near.put(key, body(key))
    p.run()
    for key in keys[::2]:  # what the run under which the deletes fall has to copy
        p.near.put(key, body(f"edited {key}"))
    gone, back = keys[::3], keys[::6]

    def delete() -> None:
        for key in gone:
            p.near.remove(key)
        for key in back:
            p.near.put(key, body(f"back {key}"))

    thread = threading.Thread(target=delete)
    thread.start()
    first = p.run()
    thread.join()
    assert first.complete
    assert p.run().complete
    assert p.run().copied.objects == 0
    near, far = p.near.versions(), p.far.versions()
    for key in keys:
        assert far[key][0] == near[key][0], key
        assert (far[key][0] is None) is (key in gone and key not in back), key
        assert body(key) in far[key], "the version that was copied first is kept"
