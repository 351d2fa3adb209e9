"""What is measured of MinIO's replication: its own account of it, and a canary, which believes none."""

import itertools
import time
from dataclasses import replace
from typing import Any

import pytest

from dev.wait import eventually
from imagestore.backends.objects import ObjectStore
from imagestore.backends.replicating import ReplicationPeer
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.client import Keys
from imagestore.core.errors import NotFound
from imagestore.reconcile.replication.canary import look_for_canary, remove_canary, send_canary
from tests.contract.pairs import ARRIVES, Pair, pair, versions
from tests.contract.stores import connected

__all__ = ["pair"]


def objects(backend: S3Backend) -> ObjectStore:
    assert backend.objects is not None
    return backend.objects


def test_a_canary_arrives_and_leaves_nothing_behind(pair: Pair) -> None:
    pair.write(pair.rules(filter={"prefix": "originals/"}, deleteMarkers=True))
    source, target = objects(pair.backend), objects(connected(pair.target))
    begun = time.monotonic()
    canary = send_canary(source, pair.bucket, "1", time.monotonic, prefix="originals/")

    def arrived() -> Any:
        nonlocal canary
        canary, delay = look_for_canary(target, pair.copies, canary, time.monotonic)
        return delay if delay.most is not None else None

    delay = eventually(arrived, ARRIVES, "the canary arrives")
    assert delay is not None
    assert 0 <= delay.least <= delay.most <= time.monotonic() - begun
    remove_canary(canary, (source, pair.bucket), (target, pair.copies))
    assert versions(pair.source, pair.bucket) == versions(pair.target, pair.copies) == set()
    remove_canary(canary, (source, pair.bucket), (target, pair.copies))


def test_a_canary_that_is_not_copied_is_late_and_the_lower_bound_grows(pair: Pair) -> None:
    pair.write(pair.rules(state="Disabled"))
    source, target = objects(pair.backend), objects(connected(pair.target))
    ticks = itertools.count(100.0, 10.0)
    canary = send_canary(source, pair.bucket, "1", lambda: next(ticks))
    canary, first = look_for_canary(target, pair.copies, canary, lambda: next(ticks))
    _, second = look_for_canary(target, pair.copies, canary, lambda: next(ticks))
    assert (first.least, first.most) == (10.0, None)
    assert (second.least, second.most) == (20.0, None)


def test_a_missing_copy_is_not_read_from_the_source(pair: Pair) -> None:
    """With rules both ways MinIO answers a read of what is missing with what the other side has."""
    other = connected(pair.target)
    back = ReplicationPeer(
        "near",
        pair.bucket,
        "MinIO",
        pair.source.endpoint,
        Keys(pair.source.access_key, pair.source.secret_key),
    )
    there = replace(pair, source=pair.target, target=pair.source, bucket=pair.copies, copies=pair.bucket)
    there.backend = other.toward({"photos": back})
    rules = there.rules()
    [rule] = rules.rules
    near = rule.destination.bucket_ref.model_copy(update={"store": "near"})
    to = rule.destination.model_copy(update={"bucket_ref": near})
    there.write(rules.model_copy(update={"rules": (rule.model_copy(update={"destination": to}),)}))
    pair.put("only at the source")
    seen = pair.target.s3().head_object(Bucket=pair.copies, Key="only at the source")
    assert seen["ContentLength"] == len(b"a picture"), "a plain read is passed on"
    with pytest.raises(NotFound):
        objects(other).head(pair.copies, "only at the source")
    with pytest.raises(NotFound), objects(other).read(pair.copies, "only at the source"):
        pass


def test_minios_own_account_of_it(pair: Pair) -> None:
    assert pair.backend.replicator.state(pair.bucket) == ()
    pair.write(pair.rules())
    [before] = pair.backend.replicator.state(pair.bucket)
    assert (before.store, before.bucket, before.rules) == ("other", pair.copies, ("all",))
    assert (before.copied_objects or 0, before.latency, before.resync) == (0, None, "")
    for i in range(5):
        pair.put(f"{i}", b"x" * 1000)
    pair.await_equal()

    def told() -> Any:
        [state] = pair.backend.replicator.state(pair.bucket)
        return state if state.copied_objects == 5 else None

    state = eventually(told, ARRIVES, lambda: str(pair.backend.replicator.state(pair.bucket)))
    assert state is not None
    assert (state.copied_bytes, state.failed_objects, state.queued_objects) == (5000, 0, 0)
    assert 0 < state.latency < ARRIVES
