"""Which lane an object waits in, as the operator has it."""

import time
from collections.abc import Callable
from typing import Any

from imagestore.controller import samples as facts
from imagestore.controller.runtime import Kinds
from imagestore.controller.state.objects import Key
from imagestore.controller.work.queue import Lane, Priority
from imagestore.kinds import ALL
from tests.k8s.inside import EU, PHOTOS, TIDY, Shop
from tests.k8s.known import deciding
from tests.k8s.replica import run
from tests.k8s.small_api import until

MANY = 60


def slowly(running: list[int]) -> Kinds:
    """Policies that take their time, and how many of them run."""
    busy: set[object] = set()

    def policy(s: Any) -> Any:
        me = object()
        busy.add(me)
        running.append(len(busy))
        time.sleep(0.01)
        busy.discard(me)
        return ALL["LifecyclePolicy"].reconcile(s)

    return deciding(LifecyclePolicy=policy)


def test_policies_are_worked_on_a_few_at_a_time() -> None:
    """Each had a lane of its own, and a lane's first object waits for nobody: 1500 ran at once."""
    shop, running = Shop(), list[int]()
    keys = [Key("LifecyclePolicy", "shop", f"tidy-{n}") for n in range(MANY)]
    for key in keys:
        shop.put(key, {"bucketRefs": [{"name": "photos"}], "rules": [{"name": "x", "expire": {"days": 3}}]})

    async def story() -> None:
        async with shop.parts(slowly(running)) as parts:
            shop.told(parts, keys)
            await until(lambda: len(running) > MANY)

    run(story())
    assert 1 < max(running) <= 8


def test_a_policy_named_like_a_backend_is_no_backend() -> None:
    shop = Shop()
    namesake = Key("LifecyclePolicy", "shop", "eu")
    shop.put(namesake, {"bucketRefs": [{"name": "photos"}], "rules": [{"name": "x", "expire": {"days": 3}}]})

    async def story() -> dict[Lane, int]:
        async with shop.parts() as parts:
            parts.controller.queue.close()
            shop.told(parts, [namesake])
            for key in (EU, PHOTOS, TIDY, namesake):
                parts.controller.queue.add(key, Priority.EDIT)
            return {lane: load.ready for lane, load in parts.controller.queue.loads().items()}

    waiting = run(story())
    assert waiting == {
        Lane("StorageBackend", "eu"): 1,
        Lane("ImageBucket", "eu"): 1,
        Lane("LifecyclePolicy"): 2,
    }


def test_each_lane_has_series_of_its_own() -> None:
    shop = Shop()

    async def story() -> Callable[[], list[tuple[str, ...]]]:
        async with shop.parts() as parts:
            parts.controller.queue.close()
            loads = parts.controller.queue.loads()
            return lambda: [
                labels for family, labels, _ in facts.of_queue(loads, 0) if family.name.endswith("depth")
            ]

    assert sorted(run(story())()) == [
        ("ImageBucket", "eu"),
        ("LifecyclePolicy", ""),
        ("StorageBackend", "eu"),
    ]
