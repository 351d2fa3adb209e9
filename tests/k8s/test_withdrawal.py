"""A deletion is asked about once, together with all that were seen by then; the real CRD goes in tests/resilience."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from imagestore.api.kinds import IMAGE_BUCKET, Kind
from imagestore.controller.state.objects import Key, Stored
from imagestore.k8s.api.client import ApiError, ListPage
from imagestore.k8s.life.withdrawal import Withdrawal, asking, crd_deleted, crd_unknown
from imagestore.kinds import ALL
from tests.k8s.known import stored
from tests.k8s.test_object_cache import raw


def deleted(name: str, **more: Any) -> Stored:
    marked = {"metadata": {"deletionTimestamp": "2026-11-25T12:00:00Z"}}
    return stored(IMAGE_BUCKET, raw(name, **{"spec": {"deletionPolicy": "DeleteAll"}, **marked, **more}))


GONE, UNKNOWN = crd_deleted(IMAGE_BUCKET), crd_unknown(IMAGE_BUCKET)


class Asked:
    """The API server's answers, in turn."""

    def __init__(self, *answers: str) -> None:
        self.left, self.times = list(answers), 0

    async def __call__(self, kind: Kind) -> str:
        assert kind is IMAGE_BUCKET
        self.times += 1
        await asyncio.sleep(0)
        return self.left.pop(0)


def test_all_deletions_that_were_seen_share_an_answer_and_a_later_one_does_not() -> None:
    cache, asked = ALL.cache(), Asked("", GONE)
    withdrawal = Withdrawal(ALL, asked, cache)
    early = [deleted(f"b{n}") for n in range(5)]
    for obj in early:
        cache.put(obj)

    async def story() -> None:
        assert await asyncio.gather(*map(withdrawal.concerns, early)) == [""] * 5
        assert asked.times == 1
        late = deleted("late")
        cache.put(late)
        assert await withdrawal.concerns(late), "the CRD may have been deleted since"
        assert not await withdrawal.concerns(early[0])
        assert asked.times == 2

    asyncio.run(story())


def test_only_a_deletion_that_may_remove_something_is_asked_about() -> None:
    asked = Asked(GONE)
    withdrawal = Withdrawal(ALL, asked, ALL.cache())

    async def story() -> None:
        assert not await withdrawal.concerns(deleted("kept", spec={"deletionPolicy": "Retain"}))
        assert not await withdrawal.concerns(deleted("by-default", spec={}))
        assert not await withdrawal.concerns(stored(IMAGE_BUCKET, raw("alive")))
        assert asked.times == 0

    asyncio.run(story())


def test_a_namesake_made_since_is_asked_about_anew() -> None:
    asked = Asked(GONE, "")
    withdrawal = Withdrawal(ALL, asked, ALL.cache())

    async def story() -> None:
        assert await withdrawal.concerns(deleted("photos", uid="first"))
        assert not await withdrawal.concerns(deleted("photos", uid="second"))
        withdrawal.forget(Key("ImageBucket", "shop", "photos"))

    asyncio.run(story())


class Refusing:
    """An API server that lets nobody list CRDs, or says what it has."""

    def __init__(self, status: int, *found: dict[str, Any]) -> None:
        self.status, self.found = status, found

    async def pages(self, *_: Any, **__: Any) -> AsyncIterator[ListPage]:
        if self.status != 200:
            raise ApiError(self.status, {"reason": "Forbidden"})
        yield ListPage(list(self.found), "1")


@pytest.mark.parametrize(
    ("status", "found", "why"),
    [
        (403, [], UNKNOWN),
        (200, [], GONE),
        (200, [{"metadata": {"deletionTimestamp": "2026-11-25T12:00:00Z"}}], GONE),
        (200, [{"metadata": {}}], ""),
    ],
)
def test_what_is_not_known_keeps_buckets(status: int, found: list[dict[str, Any]], why: str) -> None:
    client: Any = Refusing(status, *found)

    async def story() -> str:
        return await asking(client)(IMAGE_BUCKET)

    assert asyncio.run(story()) == why
