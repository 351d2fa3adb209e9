"""Our own list-and-watch, where an API server fails in the middle of it."""

import asyncio
from time import monotonic
from typing import Any

import pytest
from aiohttp import web

from imagestore.controller.state.mirrors import NamespaceMirror, SecretMirror
from imagestore.k8s.api.client import pause_after
from imagestore.k8s.api.resources import NAMESPACES, SECRETS
from imagestore.k8s.api.watch import Mirror, Subject, Watch
from tests.k8s.replica import run
from tests.k8s.small_api import SmallApi, clients, until

SECRETS_PATH = SECRETS.path("op")


def filled(count: int) -> SmallApi:
    """With so many Secrets, on pages of two."""
    api = SmallApi()
    for n in range(count):
        api.put(SECRETS_PATH, {"metadata": {"name": f"s{n}"}, "data": {"key": "dmFsdWU="}})
    return api


def failing_once(status: int) -> Any:
    """Whoever asks for the second page is refused, the first time."""
    met: list[str] = []

    def fault(request: web.Request) -> int | None:
        if "continue" not in request.query or met:
            return None
        met.append(request.path)
        return status

    return fault


def test_a_watch_that_ends_at_once_and_tells_nothing_is_no_busy_loop() -> None:
    """Behind a proxy that answers a watch with an empty 200 it was asked for five thousand times a second."""
    api, told = filled(1), list[str]()

    async def story() -> int:
        async with clients(api) as client:
            watch = Watch(client, Subject(SECRETS, "op"), SecretMirror(told.append), monotonic)
            task = asyncio.create_task(watch.run())
            async with asyncio.timeout(30):
                await watch.synced.wait()
            began = len(api.asked)
            await asyncio.sleep(1.5)
            task.cancel()
            return len(api.asked) - began

    api.ends_watches = True
    assert run(story()) <= 4


@pytest.mark.parametrize("status", [410, 403, 400])
def test_a_listing_that_broke_off_is_made_again_from_its_beginning(status: int) -> None:
    """What the first page said was taken for all there is: the rest was never seen, and a start waited for ever."""
    api, told = filled(5), list[str]()
    api.fault = failing_once(status)
    secrets = SecretMirror(told.append)

    async def story() -> None:
        async with clients(api) as client:
            watch = Watch(client, Subject(SECRETS, "op"), secrets, monotonic)
            task = asyncio.create_task(watch.run())
            async with asyncio.timeout(30):
                await watch.synced.wait()
            assert watch.trouble == ""
            task.cancel()

    run(story())
    assert sorted(told) == [f"s{n}" for n in range(5)]
    assert secrets.get("s4") == {"key": b"value"}


def test_a_listing_that_keeps_failing_is_tried_with_growing_pauses_and_says_why() -> None:
    api = filled(5)
    api.fault = lambda request: 403 if "continue" in request.query else None

    async def story() -> tuple[str, bool, float]:
        async with clients(api) as client:
            watch = Watch(client, Subject(SECRETS, "op"), SecretMirror(lambda _: None), monotonic)
            began, task = monotonic(), asyncio.create_task(watch.run())
            await until(lambda: len(api.asked) >= 3 * 2)
            task.cancel()
            return watch.trouble, watch.synced.is_set(), monotonic() - began

    trouble, synced, took = run(story())
    assert trouble == "cannot watch secrets: 403 OnPurpose: on purpose"
    assert not synced
    assert took > 1.4, "half a second and one, at least"


class Counted:
    """How often everything was listed."""

    def __init__(self, mirror: Mirror) -> None:
        self.listings, self._mirror = 0, mirror
        self.changed, self.gone = mirror.changed, mirror.gone

    def listed(self, items: list[Any]) -> None:
        self.listings += 1
        self._mirror.listed(items)


def test_a_page_of_a_proxy_in_place_of_events_does_not_end_the_watch() -> None:
    """An exception that nobody expected ended the task, and with it the operator."""
    api, mirror = SmallApi(), Counted(NamespaceMirror(lambda *_: None))

    async def story() -> None:
        async with clients(api) as client:
            watch = Watch(client, Subject(NAMESPACES), mirror, monotonic)
            task = asyncio.create_task(watch.run())
            await until(lambda: api._watches)
            api._watches[0][1].put_nowait({"object": {"metadata": {"resourceVersion": "999"}}})
            await until(lambda: mirror.listings == 2)
            assert not task.done()
            task.cancel()

    run(story())


def test_the_pause_has_a_bound_however_long_the_api_server_is_away() -> None:
    """After 1025 failures in a row, some eight hours, the pause was too large for a float, and the watch ended."""
    assert all(0 < pause_after(n) <= 30 for n in (1, 6, 1025, 10**5))
