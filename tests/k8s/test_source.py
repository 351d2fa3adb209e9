"""kopf as an event source: what it is told to follow, and how it ends."""

import asyncio
from typing import Any

import pytest
from kopf._cogs.clients import fetching, watching

from imagestore.api.kinds import IMAGE_BUCKET
from imagestore.k8s.source.kopf_source import KopfSource, event_registry
from tests.k8s.subscriptions import subscription


@pytest.fixture(autouse=True)
def kopf_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ``install`` replaces comes back after the test."""
    for module, name in ((watching, "continuous_watch"), (fetching, "fetch_objs")):
        monkeypatch.setattr(module, name, getattr(module, name))


def source(monkeypatch: pytest.MonkeyPatch, *roots: Any) -> KopfSource:
    """With these coroutines for kopf's tasks; kopf itself waits for ever."""

    async def spawned(**_: Any) -> Any:
        return [asyncio.create_task(root) for root in roots]

    async def waits(*_: Any, **__: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("kopf.spawn_tasks", spawned)
    monkeypatch.setattr("kopf.run_tasks", waits)
    nothing: Any = None
    return KopfSource(subscription(), nothing, nothing, "replica")


async def fails() -> None:
    raise RuntimeError("the watch is broken")


def test_a_task_of_kopfs_that_fails_ends_the_source_though_kopf_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story() -> None:
        found = source(monkeypatch, asyncio.Event().wait(), fails())
        await found.start()
        with pytest.raises(RuntimeError, match="the watch is broken"):
            await asyncio.wait_for(found.run(), 5)
        await asyncio.wait_for(found.close(), 5)

    asyncio.run(story())


def test_what_is_left_of_it_can_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        found = source(monkeypatch, asyncio.Event().wait())
        await found.start()
        running = asyncio.create_task(found.run())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.wait_for(found.close(), 5)
        await asyncio.wait([running], timeout=5)
        assert running.done()

    asyncio.run(story())


def test_it_may_be_closed_before_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(source(monkeypatch).close())


def test_only_the_kinds_of_the_subscription_are_followed() -> None:
    access: Any = None
    registry = event_registry(subscription(kinds=(IMAGE_BUCKET,)), access)
    selectors = {handler.selector for handler in registry._watching.get_all_handlers()}
    assert {getattr(s, "any_name", None) or getattr(s, "plural", None) for s in selectors if s} == {
        "imagebuckets"
    }
