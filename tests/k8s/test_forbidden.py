"""A right that is missing for one kind: the others are served, and nothing is concluded from what is not known."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import kopf
import pytest
from kopf._cogs.clients import errors

from imagestore import metrics
from imagestore.controller.state.objects import Key
from imagestore.facets.lifecycle import Lifecycle
from imagestore.k8s.api.listing import Listing
from imagestore.k8s.life.wiring import OperatorParts
from imagestore.k8s.source import kopf_internals
from imagestore.kinds import ALL
from tests.k8s.inside import EU, PHOTOS, TIDY, Shop
from tests.k8s.known import BY_KIND, KIND
from tests.k8s.replica import run
from tests.k8s.small_api import until
from tests.k8s.subscriptions import subscription


class Forbidding(Shop):
    """Some kinds may not be listed."""

    def __init__(self, *kinds: str) -> None:
        super().__init__()
        self.forbidden = set(kinds)
        paths = {BY_KIND[kind].path(): kind for kind in BY_KIND}
        self.api.fault = lambda request: 403 if paths.get(request.path) in self.forbidden else None
        self.api.everywhere = set(paths)

    @asynccontextmanager
    async def started(self) -> AsyncIterator[OperatorParts]:
        """As the operator starts: it lists, then works, and asks again for what was forbidden."""
        async with self.parts(lists=True) as parts:
            asking = asyncio.create_task(
                Listing(
                    ALL, parts.client, parts.controller.cache, parts.controller.triggers, again=0.05
                ).run()
            )
            try:
                yield parts
            finally:
                asking.cancel()


def told(kind: str) -> float:
    return float(metrics.KIND_FORBIDDEN.labels(kind)._value.get())


def test_policies_that_may_not_be_listed_leave_their_rules_as_they_are(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A new image with the ClusterRole of the one before: it ended, every time, and served nobody."""
    shop = Forbidding()

    async def before() -> None:
        async with shop.started():
            await until(lambda: shop.ready(TIDY).startswith("True"))

    async def story() -> None:
        async with shop.started() as parts:
            shop.put(PHOTOS, {**shop.get(PHOTOS)["spec"], "tags": {"values": {"a": "b"}}}, generation=2)
            shop.told(parts, [PHOTOS])
            await until(lambda: shop.store.buckets["shop--photos"].tags.get("a") == "b")
            await until(lambda: settled(shop))
            assert names(shop) == {"tidy/x"}, "nothing says that the policy is gone"
            assert told("LifecyclePolicy") == 1
            shop.forbidden.clear()
            shop.put(
                TIDY, {"bucketRefs": [{"name": "photos"}], "rules": [RULE | {"name": "y"}]}, generation=2
            )
            await until(lambda: "tidy/y" in names(shop))
            assert told("LifecyclePolicy") == 0

    run(before())
    assert names(shop) == {"tidy/x"}
    shop.forbidden.add("LifecyclePolicy")
    with caplog.at_level(logging.ERROR):
        run(story())
    assert "not allowed to list lifecyclepolicies.imagestore.dev: no LifecyclePolicy is served" in caplog.text


def settled(shop: Shop) -> bool:
    return shop.get(PHOTOS)["status"]["observedGeneration"] == 2 and shop.ready(PHOTOS).startswith("True")


RULE = {"name": "x", "expire": {"days": 3}}


def names(shop: Shop) -> set[str]:
    """The rules in the store."""
    life = shop.store.buckets["shop--photos"].facets.get("lifecycle")
    return {r.name for r in life.rules} if isinstance(life, Lifecycle) else set()


def test_a_backend_is_not_let_go_because_buckets_may_not_be_listed() -> None:
    shop = Forbidding("ImageBucket")
    going = {"deletionTimestamp": "2026-01-02T00:00:00Z", "finalizers": ["imagestore.dev/backend"]}
    shop.put(Key("StorageBackend", "", "other"), shop.get(EU)["spec"])
    shop.put(EU, shop.get(EU)["spec"], **going)

    async def story() -> None:
        async with shop.started() as parts:
            await until(lambda: shop.ready(Key("StorageBackend", "", "other")).startswith("True"))
            await until(lambda: not parts.controller.queue.ready and not parts.controller.queue.running)
            assert shop.get(EU)["metadata"]["finalizers"], "it may be in use"
            shop.forbidden.clear()
            await until(lambda: shop.ready(EU) == "False InUse")

    run(story())


def test_a_bucket_is_not_told_that_its_backend_is_gone() -> None:
    shop = Forbidding("StorageBackend")

    async def story() -> None:
        async with shop.started() as parts:
            await until(lambda: not parts.controller.queue.ready and not parts.controller.queue.running)
            assert shop.ready(PHOTOS) == ""
            shop.forbidden.clear()
            await until(lambda: shop.ready(PHOTOS).startswith("True"))

    run(story())


def test_kopf_waits_for_what_may_be_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be refused for five minutes, and end the operator then."""
    shop = Forbidding("LifecyclePolicy")
    kind = KIND["LifecyclePolicy"]
    asked = list[str]()

    async def theirs(**_: Any) -> AsyncIterator[Any]:
        asked.append("listed")
        yield [], "1"

    async def story() -> None:
        async with shop.parts(lists=True) as parts:
            listing = Listing(
                ALL, parts.client, parts.controller.cache, parts.controller.triggers, again=0.05
            )
            fetch = kopf_internals._listing(subscription(versions=listing.versions, listed=listing.known))
            resource = type("Resource", (), {"group": kind.group, "plural": kind.plural})
            first = asyncio.ensure_future(anext(fetch(resource=resource)))
            done, _ = await asyncio.wait([first], timeout=0.2)
            assert not done
            shop.forbidden.clear()
            asking = asyncio.create_task(listing.run())
            assert (await asyncio.wait_for(first, 10))[0] == []
            assert not asked, "from our own listing on"
            asking.cancel()

    monkeypatch.setattr(kopf_internals, "_LISTING", theirs)
    run(story())


@pytest.mark.parametrize(
    ("group", "plural", "ends"), [("imagestore.dev", "imagebuckets", False), ("x.dev", "x", True)]
)
def test_a_right_that_is_taken_away_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, group: str, plural: str, *, ends: bool
) -> None:
    """kopf tries a refused watch for five minutes, and takes it for the end of everything then."""
    answers: list[Any] = [
        errors.APIForbiddenError("no", status=403, headers={}),
        {"type": "BOOKMARK", "object": {}},
    ]

    async def theirs(**_: Any) -> AsyncIterator[Any]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        yield answer

    async def story() -> list[float]:
        watch = kopf_internals._watch(subscription(), set())
        pause, resource = asyncio.get_running_loop().create_future(), kopf.Resource(group, "v1alpha1", plural)
        seen = list[float]()
        for _ in range(2):
            async for _ in watch(resource=resource, operator_pause_waiter=pause):
                pass
            seen.append(told("ImageBucket"))
        return seen

    monkeypatch.setattr(kopf_internals, "_ORIGINAL", theirs)
    if ends:
        with pytest.raises(errors.APIForbiddenError):
            run(story())
    else:
        assert run(story()) == [1, 0]
