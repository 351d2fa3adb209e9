"""MinIO is asked once for what all buckets hold."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dev.stores import Store
from imagestore.backends.base import HeldUsage
from imagestore.backends.s3.bucket.usages import LEAST, MOST, UsageAnswer, Usages, believed
from imagestore.backends.s3.transport.admin import OPERATIONS
from imagestore.core.errors import Unavailable
from tests.contract.stores import Recorded, connected

NOW = datetime(2026, 11, 29, 9, tzinfo=UTC)


class Server:
    """Counts, and answers with what it counted."""

    def __init__(self) -> None:
        self.asked, self.now = 0, 1000.0
        self.error: Exception | None = None

    def __call__(self) -> UsageAnswer:
        self.asked += 1
        if self.error:
            raise self.error
        return UsageAnswer(
            {"a": HeldUsage(self.asked, 0), "b": HeldUsage(self.asked, 1)}, NOW - timedelta(seconds=60)
        )


def test_one_answer_serves_all_buckets_until_it_is_old() -> None:
    server = Server()
    usages = Usages(lambda: server.now, lambda: NOW)
    assert [usages.of(name, server) for name in "abc"] == [HeldUsage(1, 0), HeldUsage(1, 1), None]
    server.now += 59
    assert usages.of("a", server) == HeldUsage(1, 0)
    server.now += 1
    assert usages.of("a", server) == HeldUsage(2, 0)
    assert server.asked == 2


@pytest.mark.parametrize(
    ("age", "seconds"),
    [(None, LEAST), (0, LEAST), (90, 90.0), (7200, MOST), (-3600, LEAST), (10 * 365 * 86400, MOST)],
)
def test_an_answer_is_believed_for_as_long_as_it_was_old(age: float | None, seconds: float) -> None:
    at = None if age is None else NOW - timedelta(seconds=age)
    assert believed(UsageAnswer({}, at), NOW) == seconds


def test_an_error_is_nobodys_answer_afterwards() -> None:
    server = Server()
    usages = Usages(lambda: server.now, lambda: NOW)
    server.error = Unavailable("no answer")
    with pytest.raises(Unavailable):
        usages.of("a", server)
    server.error = None
    assert usages.of("a", server) == HeldUsage(2, 0)


def test_an_answer_that_cannot_be_judged_keeps_none_waiting() -> None:
    """A moment without a zone: all who asked after that waited for ever."""
    server = Server()
    usages = Usages(lambda: server.now, lambda: NOW)
    odd = UsageAnswer({"a": HeldUsage(7, 0)}, NOW.replace(tzinfo=None))
    with pytest.raises(TypeError):
        usages.of("a", lambda: odd)
    heard: list[HeldUsage | None] = []
    asking = threading.Thread(target=lambda: heard.append(usages.of("a", server)), daemon=True)
    asking.start()
    asking.join(10)
    assert heard == [HeldUsage(1, 0)]


@pytest.mark.parametrize("zone", ["", "Z", "+00:00"])
def test_minios_moment_is_utc_where_it_names_no_zone(zone: str) -> None:
    told = {"lastUpdate": f"2026-11-29T09:00:00{zone}", "bucketsUsageInfo": {}}
    assert OPERATIONS["MinIO"]["admin:GetUsage"](lambda *_, **__: told, {})["At"] == NOW


def test_who_asks_meanwhile_waits_for_the_same_answer() -> None:
    started, go_on, server = threading.Event(), threading.Event(), Server()
    usages = Usages(lambda: server.now, lambda: NOW)

    def slow() -> UsageAnswer:
        started.set()
        assert go_on.wait(30)
        return server()

    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(usages.of, "a", slow)
        assert started.wait(30)
        others = [pool.submit(usages.of, "b", slow) for _ in range(8)]
        go_on.set()
        assert first.result() == HeldUsage(1, 0)
        assert {o.result() for o in others} == {HeldUsage(1, 1)}
    assert server.asked == 1


def test_a_real_minio_is_asked_once_for_fifty_buckets(minio_store: Store) -> None:
    found = connected(minio_store)
    recorded = Recorded(found.call, [])
    backend = replace(found, call=recorded, usages=Usages())
    for n in range(50):
        backend.usage(f"usage-{n}")
    assert recorded.operations == ["admin:GetUsage"]
