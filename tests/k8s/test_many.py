"""Ten thousand buckets on one backend: what the operator remembers of them, and what one event costs.

Times are compared within one run, as a ratio, and generously: what is quadratic misses by a factor of ten.
"""

import gc
import time
import tracemalloc

import pytest

from imagestore.controller.work.queue import Priority
from tests.k8s.test_triggers import DONE, World

MANY, FEW = 10_000, 1_000
NAMESPACES = 20
KB = 1024


def filled(count: int) -> tuple[World, float]:
    """A world that has listed so many settled buckets, and the seconds that it took."""
    world = World()
    world.backend(None)
    status = DONE | {"inputsHash": world.inputs(), "bucketName": "x" * 40, "facets": _FACETS}
    began = time.process_time()
    for n in range(count):
        world.bucket(None, f"b{n:05}", namespace=f"team-{n % NAMESPACES}", age=n, status=status)
    return world, time.process_time() - began


_FACETS = [
    {"name": n, "state": "InSync", "desiredDigest": "0123456789ab"} for n in ("versioning", "tags", "policy")
]


def test_a_listing_costs_each_the_same() -> None:
    filled(FEW)  # what is loaded once is no cost of a bucket
    _, few = filled(FEW)
    world, many = filled(MANY)
    assert len(world.cache) == MANY + 1
    assert many < 3 * (MANY / FEW) * few, f"{MANY} took {many:.2f} s, {FEW} took {few:.2f} s"


def test_little_is_remembered_of_each() -> None:
    filled(FEW)
    gc.collect()
    tracemalloc.start()
    try:
        world, _ = filled(FEW)
        gc.collect()
        each = tracemalloc.get_traced_memory()[0] / len(world.cache)
    finally:
        tracemalloc.stop()
    assert each < 5 * KB, f"{each:.0f} bytes"


def test_one_event_among_many_looks_at_one() -> None:
    world, _ = filled(MANY)
    assert [name for name, _ in world.taken()] == ["eu"]
    world.bucket("MODIFIED", "b00007", namespace="team-7", version=2, metadata={"generation": 2})
    assert list(world.taken()) == [("b00007", Priority.EDIT)]
    world.bucket("DELETED", "b00007", namespace="team-7", version=3)
    assert list(world.taken()) == []
    assert len(world.cache) == MANY


@pytest.mark.parametrize("how", ["edit", "secret"])
def test_what_concerns_all_is_a_queue_in_which_an_edit_does_not_wait(how: str) -> None:
    world, _ = filled(MANY)
    list(world.taken())
    if how == "edit":
        world.backend("MODIFIED", 2, limits={"concurrency": 4})
    else:
        world.triggers.secret("keys")
    assert world.queue.ready == MANY + 1
    first = [world.queue.take() for _ in range(NAMESPACES)]
    assert len({taken.key.namespace for taken in first if taken}) >= NAMESPACES - 1, "namespaces take turns"
    for taken in first:
        assert taken is not None
        world.queue.done(taken.key)
    world.bucket("MODIFIED", "b09999", namespace="team-19", version=2, metadata={"generation": 2})
    assert ("b09999", Priority.EDIT) in (world.taken_one(), world.taken_one())
    assert len(list(world.taken())) == MANY + 1 - NAMESPACES - 2
