"""One lost bucket, or another store: what a bucket's visit finds out reaches its backend, and the backend's word all buckets."""

from typing import Any

from imagestore.api.kinds import IMAGE_BUCKET
from imagestore.controller.state.objects import Key
from imagestore.controller.work.queue import Priority
from imagestore.k8s.life.wiring import OperatorParts
from tests.k8s.inside import EU, PHOTOS, SPEC, Shop
from tests.k8s.replica import run
from tests.k8s.small_api import until

BUCKETS = [PHOTOS, *(Key(IMAGE_BUCKET.name, "shop", f"b{n}") for n in range(5))]


class Six(Shop):
    """Six buckets on one backend."""

    def __init__(self) -> None:
        super().__init__()
        for key in BUCKETS[1:]:
            self.put(key, {"backendRef": {"name": "eu"}, "bucketName": f"shop--{key.name}"})

    async def settled(self, parts: OperatorParts) -> None:
        self.told(parts, BUCKETS[1:])
        await until(lambda: self.reasons() == {"True InSync"} and self.ready(EU) == "True Answered")

    def reasons(self) -> set[str]:
        return {self.ready(key) for key in BUCKETS}

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.get(EU)["status"]
        return found


def look(parts: OperatorParts, *keys: Key) -> None:
    for key in keys:
        parts.controller.queue.add(key, Priority.RETRY)


def test_many_that_are_missing_are_held_and_go_on_when_they_are_back() -> None:
    shop = Six()

    async def story() -> None:
        async with shop.parts() as parts:
            await shop.settled(parts)
            there = dict(shop.store.buckets)
            shop.store.buckets.clear()
            look(parts, *BUCKETS)
            await until(lambda: shop.reasons() == {"False HeldByBackend"})
            await until(lambda: shop.ready(EU) == "False BucketsMissing")
            assert shop.store.buckets == {}
            shop.store.buckets.update(there)
            look(parts, EU)
            await until(lambda: shop.reasons() == {"True InSync"})
            assert shop.ready(EU) == "True Answered"
            assert not any("lostAt" in shop.get(key)["status"] for key in BUCKETS)

    run(story())


def test_a_token_has_them_made_again() -> None:
    shop = Six()

    async def story() -> None:
        async with shop.parts() as parts:
            await shop.settled(parts)
            shop.store.buckets.clear()
            look(parts, *BUCKETS)
            await until(lambda: shop.ready(EU) == "False BucketsMissing")
            shop.put(EU, {**SPEC, "approve": [shop.status()["missing"]["token"]]}, generation=2)
            shop.told(parts, [EU])
            await until(lambda: shop.reasons() == {"True InSync"} and len(shop.store.buckets) == len(BUCKETS))
            assert all("lostAt" in shop.get(key)["status"] for key in BUCKETS)

    run(story())


def test_one_that_is_missing_is_made_again_at_once() -> None:
    shop = Six()

    async def story() -> None:
        async with shop.parts() as parts:
            await shop.settled(parts)
            del shop.store.buckets["shop--photos"]
            look(parts, PHOTOS)
            await until(lambda: "shop--photos" in shop.store.buckets)
            await until(lambda: shop.ready(PHOTOS) == "True InSync")
            assert shop.ready(EU) == "True Answered"

    run(story())


def test_another_account_stops_all_of_them() -> None:
    shop = Six()
    shop.store.identity = "account one"

    async def story() -> None:
        async with shop.parts() as parts:
            await shop.settled(parts)
            await until(lambda: shop.status().get("identity") == "account one")
            shop.store.identity = "account two"
            look(parts, PHOTOS)
            await until(lambda: shop.ready(EU) == "False AnotherStore")
            await until(lambda: shop.reasons() == {"Unknown AnotherStore"})
            shop.store.identity = "account one"
            look(parts, EU)
            await until(lambda: shop.reasons() == {"True InSync"})

    run(story())
