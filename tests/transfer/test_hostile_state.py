"""What a tenant writes to the place of the journal does not take the operator's memory."""

import pytest
from backports import zstd

from imagestore.transfer import journal, state
from imagestore.transfer.journal import MAGIC, JournalDamaged, JournalEntry, packed, unpacked
from tests.transfer.world import filled, world

PLACE = ".imagestore/transfer/job/"


@pytest.mark.parametrize("name", ["checkpoint", "journal.json", "rotation.json"])
def test_an_object_that_is_too_large_is_not_read_and_is_replaced(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = filled(world(reread=1))
    w.run()
    w.put(PLACE + name, b" " * 100_000, side="far")
    monkeypatch.setattr(state, "LARGEST_STATE", 50_000)
    job = w.job
    content = state.StateObjects(job.destination.store, "b", job.place, lambda: None).read(name)
    assert content is not None
    assert content.data == b""
    assert w.run().complete
    assert len(w.far.current("b").get(PLACE + name, b"")) < 50_000


def test_a_document_of_too_many_values_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    w = filled(world(reread=1))
    w.run()
    monkeypatch.setattr(state, "STATE_VALUES", 10_000)
    w.put(PLACE + "checkpoint", b'{"form":1,"x":[' + b"[]," * 20_000 + b"0]}", side="far")
    content = state.StateObjects(w.job.destination.store, "b", w.job.place, lambda: None).read("checkpoint")
    assert content is not None
    assert content.data == b""
    assert w.run().complete


def test_a_segment_that_unpacks_to_more_than_any_is_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte of it was 20 GB of zeros."""
    monkeypatch.setattr(journal, "LARGEST_SEGMENT", 10_000)
    entry = JournalEntry("a", 1, bytes(8), 1, bytes(8), 1)
    assert list(unpacked(packed([entry]))) == [entry]
    many = packed([replace_key(entry, n) for n in range(1000)])
    for block in (many, MAGIC + zstd.compress(bytes(10_000_000)), many[:-5]):
        with pytest.raises(JournalDamaged):
            unpacked(block)


def replace_key(entry: JournalEntry, number: int) -> JournalEntry:
    return entry._replace(key=f"k{number}")
