"""etcd restored to an older state under a running operator: the API server is believed, and watched anew."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

import kopf
import pytest
from kopf._cogs.clients import fetching, watching

from imagestore.api.kinds import IMAGE_BUCKET
from imagestore.controller.state.mirrors import SecretMirror
from imagestore.controller.writer import Writer
from imagestore.k8s.api.audit import Audit
from imagestore.k8s.api.resources import SECRETS
from imagestore.k8s.api.watch import Subject, Watch
from imagestore.k8s.life.wiring import OperatorParts
from imagestore.k8s.sink.objects import ApiObjects
from imagestore.k8s.source import kopf_internals
from imagestore.kinds import ALL
from tests.k8s.inside import PHOTOS, Shop
from tests.k8s.replica import run
from tests.k8s.small_api import SmallApi, clients, until
from tests.k8s.subscriptions import subscription

TAGS = {"tags": {"values": {"team": "restored"}}}


def audit_of(parts: OperatorParts, back: list[str]) -> Audit:
    writer = Writer(ALL, ApiObjects(parts.client), parts.controller.cache, parts.controller.triggers)
    return Audit(
        ALL, parts.client, parts.controller.cache, writer, monotonic, went_back=lambda: back.append("back")
    )


def test_an_object_whose_version_went_back_is_believed() -> None:
    """Each of its edits had a version lower than what was remembered: ignored, with Ready, until a restart."""
    shop, back = Shop(), list[str]()

    async def story() -> None:
        async with shop.parts() as parts:
            await until(lambda: shop.ready(PHOTOS).startswith("True"))
            audit = audit_of(parts, back)
            await audit.compare(IMAGE_BUCKET, grace=0)
            assert not back
            shop.api.version = 20
            shop.put(PHOTOS, {**shop.get(PHOTOS)["spec"], **TAGS}, generation=2)
            shop.told(parts, [PHOTOS])
            assert parts.controller.queue.ready == 0, "what a watch tells is taken for old news"
            await audit.compare(IMAGE_BUCKET, grace=0)
            await until(lambda: shop.store.buckets["shop--photos"].tags.get("team") == "restored")
            assert back == ["back"]
            await audit.compare(IMAGE_BUCKET, grace=0)
            assert back == ["back"], "once"

    run(story())


def test_a_conflict_is_enough_to_believe_it() -> None:
    """Whatever is written next is refused, and the API server is asked: that need not wait for a comparison."""
    shop = Shop()

    async def story() -> int:
        async with shop.parts() as parts:
            await until(lambda: shop.ready(PHOTOS).startswith("True"))
            shop.api.version = 20
            shop.put(PHOTOS, {**shop.get(PHOTOS)["spec"], **TAGS}, generation=2)
            await Writer(
                ALL, ApiObjects(parts.client), parts.controller.cache, parts.controller.triggers
            ).refresh(PHOTOS)
            await until(lambda: shop.store.buckets["shop--photos"].tags.get("team") == "restored")
            known = parts.controller.cache.get(PHOTOS)
            assert known is not None
            return int(known.resource_version)

    assert run(story()) < 100


def test_one_that_is_overtaken_while_it_is_asked_for_is_no_step_back() -> None:
    """The answer is older than what a watch brought meanwhile, and newer than what was known before."""
    shop = Shop()

    async def story() -> str:
        async with shop.parts() as parts:
            parts.controller.queue.close()
            before = parts.controller.cache.get(PHOTOS)
            answer = shop.put(PHOTOS, shop.get(PHOTOS)["spec"])
            shop.put(PHOTOS, shop.get(PHOTOS)["spec"])
            shop.told(parts, [PHOTOS])
            parts.controller.triggers.asked(IMAGE_BUCKET, answer, before)
            known = parts.controller.cache.get(PHOTOS)
            assert known is not None
            return known.resource_version

    assert run(story()) == str(shop.api.version)


def test_a_state_without_any_change_of_ours_is_noticed_too() -> None:
    """What is edited next has a version that no watch tells: the listing's own version shows it."""
    shop, back = Shop(), list[str]()

    async def story() -> None:
        async with shop.parts() as parts:
            parts.controller.queue.close()
            audit = audit_of(parts, back)
            shop.api.version = 5000
            await audit.compare(IMAGE_BUCKET, grace=0)
            shop.api.version = 4000
            await audit.compare(IMAGE_BUCKET, grace=0)

    run(story())
    assert back == ["back"]


def test_our_own_watches_list_anew() -> None:
    api, told = SmallApi(), list[str]()
    path = SECRETS.path("op")

    def secret(value: str) -> None:
        api.put(path, {"metadata": {"name": "keys"}, "data": {"key": value}})

    async def story() -> None:
        async with clients(api) as client:
            secret("b2xk")
            secrets = SecretMirror(told.append)
            watch = Watch(client, Subject(SECRETS, "op"), secrets, monotonic)
            task = asyncio.create_task(watch.run())
            await watch.synced.wait()
            await until(lambda: api._watches)
            api.version = 20
            secret("bmV3")
            watch.again()
            await until(lambda: secrets.get("keys") == {"key": b"new"})
            assert not task.done()
            task.cancel()

    run(story())


def test_kopf_lists_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    began, resource = (
        list[int](),
        kopf.Resource(group="imagestore.dev", version="v1alpha1", plural="imagebuckets"),
    )

    async def theirs(**arguments: Any) -> AsyncIterator[Any]:
        began.append(1)
        yield watching.Bookmark.LISTED
        await asyncio.wait([arguments["operator_pause_waiter"]])

    async def story() -> None:
        again = kopf_internals.install(subscription(versions={"imagebuckets": "1000"}))
        pause = asyncio.get_running_loop().create_future()

        async def follow() -> None:
            watch: Any = watching.continuous_watch
            async for _ in watch(resource=resource, operator_pause_waiter=pause):
                pass

        task = asyncio.create_task(follow())
        await until(lambda: began)
        again()
        await asyncio.wait_for(task, 10)
        paused = asyncio.create_task(follow())
        await until(lambda: len(began) == 2)
        pause.set_result(None)
        await asyncio.wait_for(paused, 10)

    monkeypatch.setattr(watching, "continuous_watch", watching.continuous_watch)
    monkeypatch.setattr(fetching, "fetch_objs", fetching.fetch_objs)
    monkeypatch.setattr(kopf_internals, "_ORIGINAL", theirs)
    run(story())
