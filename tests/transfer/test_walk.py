"""A listing is whole and in order, or it is an error."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagestore.backends.memory_content import MemoryContent, MemoryObjectServer
from imagestore.backends.memory_objects import MemoryObjectStore
from imagestore.core.errors import Denied, StoreError, Unavailable
from imagestore.core.objects import KeyOrder, ListedObject, ObjectAttributes, ObjectsPage
from imagestore.transfer import sorting
from imagestore.transfer.order import common_order, outermost_prefixes, rank_of
from imagestore.transfer.walk import KeyListing, OrderBroken, walk

ODD = [
    "a",
    "a-b",
    "a/b",
    "a//b",
    "é",
    "e\u0301",
    "\U0001f600",
    "\ufffd",
    "\ue000",
    "\udc80",
    "\udcff/x",
    "a/",
    "a\x01",
]
KEYS = st.lists(
    st.one_of(st.sampled_from(ODD), st.text("ab/-\U0001f600\ue000\udc80", min_size=1)), unique=True
)
ORDERS = [KeyOrder.BYTES, KeyOrder.UTF16, KeyOrder.DIRECTORY]


def store(keys: list[str], order: KeyOrder = KeyOrder.BYTES, page: int = 3) -> MemoryObjectStore:
    server = MemoryObjectServer({"b": MemoryContent()}, page=page)
    server.traits = replace(server.traits, order=order, version_order=order)
    for key in keys:
        server.put("b", key, b"x", ObjectAttributes())
    return MemoryObjectStore(server, "near")


def keys(listing: KeyListing) -> list[str]:
    return [item.key for item in walk(listing)]


@given(KEYS, st.sampled_from(ORDERS))
def test_every_key_is_listed_once_in_the_stores_order(held: list[str], order: KeyOrder) -> None:
    assert keys(KeyListing(store(held, order), "b")) == sorted(held, key=rank_of(order))


@given(KEYS, st.sampled_from(ORDERS), st.sampled_from(ODD), st.sampled_from(ODD))
def test_a_range_is_what_lies_behind_its_first_key_up_to_its_last(
    held: list[str], order: KeyOrder, after: str, until: str
) -> None:
    rank = rank_of(order)
    expected = [k for k in sorted(held, key=rank) if rank(after) < rank(k) <= rank(until)]
    assert keys(KeyListing(store(held, order), "b", after=after, until=until)) == expected


@given(
    KEYS, st.sampled_from(ORDERS), st.lists(st.sampled_from(["a", "a/", "a-", "\U0001f600", "b", "ab"])), KEYS
)
def test_prefixes_are_listed_once_and_in_order(
    held: list[str], order: KeyOrder, prefixes: list[str], starts: list[str]
) -> None:
    rank, after = rank_of(order), starts[0] if starts else ""
    wanted = [k for k in held if not prefixes or k.startswith(tuple(prefixes))]
    expected = [k for k in sorted(wanted, key=rank) if not after or rank(k) > rank(after)]
    assert keys(KeyListing(store(held, order), "b", tuple(prefixes), after)) == expected


def test_what_the_operator_keeps_for_itself_is_not_listed() -> None:
    held = [".imagestore", ".imagestore-canary/1", ".imagestore/transfer/x/journal", "a"]
    assert keys(KeyListing(store(held), "b")) == [".imagestore", "a"]


def test_versions_of_a_key_come_newest_first() -> None:
    near = store([])
    near.server.buckets["b"].versioned = True
    for data in (b"1", b"2", b"3"):
        near.server.put("b", "k", data, ObjectAttributes())
    near.server.remove("b", "k")
    near.server.put("b", "l", b"x", ObjectAttributes())
    listed = list(walk(KeyListing(near, "b", versions=True)))
    assert [(i.key, i.version, i.marker, i.latest) for i in listed] == [
        ("k", "v4", True, True), ("k", "v3", False, False), ("k", "v2", False, False), ("k", "v1", False, False),
        ("l", "v5", False, True),
    ]  # fmt: skip


@pytest.mark.parametrize("error", [Denied("no"), Unavailable("cut off")])
@pytest.mark.parametrize("page", range(4))
def test_an_error_at_any_page_is_not_the_end(page: int, error: StoreError) -> None:
    near = store(list("abcdefghij"))
    calls = iter(range(99))

    def fail(operation: str, bucket: str, key: str) -> None:
        if next(calls) == page:
            raise error

    near.server.fault = fail
    seen: list[str] = []
    with pytest.raises(type(error)):
        seen.extend(item.key for item in walk(KeyListing(near, "b")))
    assert len(near.server.calls) == page + 1


def test_a_store_that_lists_in_another_order_is_named() -> None:
    """juicefs#7489: keys were lost in silence, and then deleted as missing."""
    near = store(["a/b", "a-b"])
    near.server.ranks = lambda _order: rank_of(KeyOrder.DIRECTORY)
    with pytest.raises(OrderBroken, match="the store near listed") as caught:
        keys(KeyListing(near, "b"))
    assert "a-b" not in str(caught.value)


class Ignorant(MemoryObjectStore):
    """Answers each page from the beginning, and empty pages first."""

    def objects(self, bucket: str, after: Any, *, prefix: str = "", limit: int = 1000) -> ObjectsPage:
        item = ListedObject("a", 1, "", 0)
        return ObjectsPage((item,) if after else (), {"key": str(len(after.get("key", "")) + 1)})


class Stuck(MemoryObjectStore):
    """Leads from a page to the same page."""

    def objects(self, bucket: str, after: Any, *, prefix: str = "", limit: int = 1000) -> ObjectsPage:
        return ObjectsPage((), {"key": "a"})


@pytest.mark.parametrize("kind", [Ignorant, Stuck])
def test_an_ignored_start_is_not_the_end(kind: Callable[[MemoryObjectServer], MemoryObjectStore]) -> None:
    with pytest.raises(OrderBroken):
        keys(KeyListing(kind(store([]).server), "b"))


class Sparse(MemoryObjectStore):
    """Answers with empty pages in between."""

    def objects(self, bucket: str, after: Any, *, prefix: str = "", limit: int = 1000) -> ObjectsPage:
        if "odd" in after:
            return super().objects(bucket, {k: v for k, v in after.items() if k != "odd"}, prefix=prefix)
        return ObjectsPage((), {**after, "odd": "1"})


def test_empty_pages_lead_on() -> None:
    assert keys(KeyListing(Sparse(store(list("abcdefg")).server), "b")) == list("abcdefg")


@given(KEYS, st.sampled_from([*ORDERS, KeyOrder.NONE]), st.integers(1, 4))
def test_sorted_on_disk_is_sorted_by_bytes(held: list[str], order: KeyOrder, in_memory: int) -> None:
    rank = rank_of(KeyOrder.BYTES)
    with sorting.sorted_on_disk(
        walk(KeyListing(store(held, order), "b")), rank, in_memory=in_memory
    ) as found:
        assert [i.key for i in found] == sorted(held, key=rank)


def test_many_runs_are_merged_in_steps_and_leave_no_file(tmp_path: Path) -> None:
    numbers = [(i * 7919) % 1009 for i in range(1009)]
    items = (ListedObject(f"{n:05}", n, "", 0) for n in numbers)
    with sorting.sorted_on_disk(items, rank_of(KeyOrder.BYTES), tmp_path, in_memory=2) as found:
        assert len(list(tmp_path.glob("*/*"))) < 3 * sorting.FAN_IN
        assert [i.size for i in found] == list(range(1009))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said() -> None:
    """/dev/full answers each write as a full disk does."""
    said = "no space left in /var/lists, where the run keeps lists"
    with pytest.raises(sorting.DiskFull, match=said), sorting.saying_disk_full(Path("/var/lists")):
        Path("/dev/full").write_text("x")


def test_same_orders_merge_and_others_meet_in_that_of_bytes() -> None:
    assert common_order(KeyOrder.DIRECTORY, KeyOrder.DIRECTORY) is KeyOrder.DIRECTORY
    assert common_order(KeyOrder.DIRECTORY, KeyOrder.BYTES) is KeyOrder.BYTES
    assert common_order(KeyOrder.NONE, KeyOrder.NONE) is KeyOrder.BYTES
    assert outermost_prefixes(("a/", "a", "b"), rank_of(KeyOrder.BYTES)) == ("a", "b")
