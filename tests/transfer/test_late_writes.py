"""What is written to a side that was left is brought over, counted and listed, also long after both sides were equal."""

import json
from dataclasses import replace

import pytest
from backports import zstd

from imagestore.transfer.description import described, run_of
from imagestore.transfer.job import LateAfter
from imagestore.transfer.report import TransferSide
from tests.transfer.world import World, world

EQUAL = {"old": b"1", "both": b"1"}


def promoted(side: TransferSide) -> World:
    """Both sides are equal, and ``side`` is not written to any more."""
    w = world(two_way=True)
    for key, data in EQUAL.items():
        w.put(key, data)
    w.run()
    w.options = replace(w.options, late=LateAfter(side, w.clock.ms()))
    assert w.run().late_writes == 0
    return w


def listed(w: World, report: str) -> dict[str, str]:
    lines = zstd.decompress(w.far.current("b")[report]).decode().splitlines()
    return {line["key"]: line["reason"] for line in map(json.loads, lines)}


@pytest.mark.parametrize(
    ("side", "here", "there"), [("source", "near", "far"), ("destination", "far", "near")]
)
def test_a_write_that_ends_late_is_brought_over_and_listed(side: TransferSide, here: str, there: str) -> None:
    w = promoted(side)
    w.put("late", b"late", side=here)
    w.put("old", b"changed late", side=here)
    w.put("of-applications", b"2", side=there)
    found = w.run()
    assert found.late_writes == 2
    assert w.held("near") == w.held("far")
    assert w.held()["late"] == b"late"
    told = listed(w, found.report_key)
    assert (told["late"], told["old"]) == ("LateWrite", "LateWrite")
    assert told.get("of-applications", "CopiedBack") == "CopiedBack"
    assert w.run().late_writes == 0, "each is told once"


def test_a_late_write_that_meets_a_newer_one_is_kept_aside_and_listed() -> None:
    w = promoted("source")
    w.put("both", b"late", side="near")
    w.put("both", b"of applications", side="far")
    found = w.run()
    assert (found.late_writes, found.conflicts) == (1, 1)
    assert w.held("near")["both"] == w.held("far")["both"] == b"of applications"
    assert b"late" in w.near.current("b").values(), "the loser is below .imagestore/conflicts/"


def test_what_was_there_before_is_not_late() -> None:
    w = world(two_way=True)
    w.put("before", b"1")
    w.options = replace(w.options, late=LateAfter("source", w.clock.ms() + 1))
    found = w.run()
    assert (found.copied.objects, found.late_writes) == (1, 0)


def test_shards_are_told_of_it() -> None:
    w = promoted("source")
    stores = {"near": w.job.source.store, "far": w.job.destination.store}
    again = run_of(described(w.job, "r", ("m",), {}), stores.__getitem__)
    assert again.job.options.late == w.job.options.late
