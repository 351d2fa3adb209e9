"""A deletion is asked about once, together with all that were seen by then; the real CRD goes in tests/resilience."""

import asyncio
from typing import Any

from imagestore.api.kinds import IMAGE_BUCKET
from imagestore.k8s.cache import Cache
from imagestore.k8s.objects import Key, Stored, stored
from imagestore.k8s.withdrawal import Withdrawal
from tests.k8s.test_object_cache import raw


def deleted(name: str, **more: Any) -> Stored:
    gone = {"metadata": {"deletionTimestamp": "2026-11-25T12:00:00Z"}}
    return stored(IMAGE_BUCKET, raw(name, **{"spec": {"deletionPolicy": "DeleteAll"}, **gone, **more}))


class Asked:
    """The API server's answers, in turn."""

    def __init__(self, *answers: bool) -> None:
        self.left, self.times = list(answers), 0

    async def __call__(self) -> bool:
        self.times += 1
        await asyncio.sleep(0)
        return self.left.pop(0)


def test_all_deletions_that_were_seen_share_an_answer_and_a_later_one_does_not() -> None:
    cache, asked = Cache(), Asked(False, True)
    withdrawal = Withdrawal(asked, cache)
    early = [deleted(f"b{n}") for n in range(5)]
    for obj in early:
        cache.put(obj)

    async def story() -> None:
        assert await asyncio.gather(*map(withdrawal.concerns, early)) == [False] * 5
        assert asked.times == 1
        late = deleted("late")
        cache.put(late)
        assert await withdrawal.concerns(late), "the CRD may have been deleted since"
        assert not await withdrawal.concerns(early[0])
        assert asked.times == 2

    asyncio.run(story())


def test_only_a_deletion_that_may_remove_something_is_asked_about() -> None:
    asked = Asked(True)
    withdrawal = Withdrawal(asked, Cache())

    async def story() -> None:
        assert not await withdrawal.concerns(deleted("kept", spec={"deletionPolicy": "Retain"}))
        assert not await withdrawal.concerns(deleted("by-default", spec={}))
        assert not await withdrawal.concerns(stored(IMAGE_BUCKET, raw("alive")))
        assert asked.times == 0

    asyncio.run(story())


def test_a_namesake_made_since_is_asked_about_anew() -> None:
    asked = Asked(True, False)
    withdrawal = Withdrawal(asked, Cache())

    async def story() -> None:
        assert await withdrawal.concerns(deleted("photos", uid="first"))
        assert not await withdrawal.concerns(deleted("photos", uid="second"))
        withdrawal.forget(Key("ImageBucket", "shop", "photos"))

    asyncio.run(story())
