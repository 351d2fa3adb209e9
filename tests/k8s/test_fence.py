"""Who may write: a replica, for as long as its Lease surely is its own."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from imagestore.backends.memory import MemoryBackend, MemoryStore
from imagestore.controller.assembly import Brain
from imagestore.controller.stores import Connecting
from imagestore.core.fencing import Fenced
from imagestore.k8s.api.client import Client
from imagestore.k8s.api.resources import EVENTS, LEASES, SECRETS
from imagestore.k8s.life.fence import Fence, elapsed
from imagestore.k8s.life.lease import Lease, LeaseTerms
from imagestore.k8s.life.operator import Operator
from imagestore.k8s.life.wiring import Options
from imagestore.kinds import ALL
from imagestore.reconcile.shared.situation import Settings
from tests.k8s.inside import PHOTOS, Shop
from tests.k8s.known import BY_KIND
from tests.k8s.replica import run
from tests.k8s.small_api import SmallApi, clients, served, until
from tests.k8s.test_queue import Clock

TERMS = LeaseTerms(duration=15, deadline=10, renew=0.01, retry=0.01)
PATH = LEASES.path("op")
READS = ("Check", "Get", "Probe", "Remains", "Usage")


def writes(fence: Fence) -> bool:
    try:
        fence.check()
    except Fenced:
        return False
    return True


def test_without_a_lease_nothing_is_written_unless_there_is_one_replica_for_certain() -> None:
    fence = Fence(elapsed)
    assert not writes(fence)
    fence.open()
    assert writes(fence)


def test_a_frozen_holder_knows_at_once_that_it_was_away() -> None:
    """It went on where it was, and wrote: its clock had gone on without it, and nobody looked at it."""
    clock = Clock()
    fence = Fence(clock)

    async def story() -> list[bool]:
        async with clients(SmallApi()) as client:
            lease = Lease(client, "op", "one", "first", clock, TERMS, fence)
            await lease.acquire()
            said = [writes(fence)]
            clock.now += TERMS.deadline
            return [*said, writes(fence)]

    assert run(story()) == [True, False]


def test_what_counts_is_when_a_renewal_was_sent() -> None:
    """The answer may be late: the API server may have taken the entry at once, and others count from then."""
    clock, api = Clock(), SmallApi()
    fence = Fence(clock)

    def slow(_: Any) -> None:
        clock.now += 4

    api.fault = slow

    async def story() -> list[bool]:
        async with clients(api) as client:
            lease = Lease(client, "op", "one", "first", clock, TERMS, fence)
            await lease.acquire()  # two requests: it reads, and creates
            clock.now += 1
            said = [writes(fence)]
            clock.now += 1
            return [*said, writes(fence)]

    assert run(story()) == [True, False]


@pytest.mark.parametrize("how", ["stolen", "given back"])
def test_a_lease_that_is_gone_closes_the_fence_for_good(how: str) -> None:
    clock, api = Clock(), SmallApi()
    fence = Fence(clock)

    async def story() -> None:
        async with clients(api) as client:
            lease = Lease(client, "op", "one", "first", clock, TERMS, fence)
            await lease.acquire()
            keeping = asyncio.create_task(lease.keep())
            if how == "stolen":
                api.fault = lambda r: 409 if r.method == "PUT" else None
                await keeping
            else:
                await lease.release()
            assert not writes(fence)
            fence.extend(clock.now + 100)  # as a renewal does whose answer comes late
            assert not writes(fence)
            keeping.cancel()

    run(story())


@pytest.mark.parametrize(
    "write",
    [
        lambda c: c.patch(BY_KIND["ImageBucket"], "shop", "photos", {"metadata": {"finalizers": []}}),
        lambda c: c.apply_status(BY_KIND["ImageBucket"], "shop", "photos", {"metadata": {}, "status": {}}),
        lambda c: c.create(EVENTS, "shop", {"metadata": {"name": "e"}}),
    ],
)
def test_the_api_server_hears_nothing_more_of_who_lost_the_lease(write: Callable[[Client], Any]) -> None:
    api, fence = Shop().api, Fence(elapsed)

    async def story() -> None:
        async with served(api) as access:
            client = Client(access, permit=fence.check)
            with pytest.raises(Fenced):
                await write(client)
            await client.get(BY_KIND["ImageBucket"], "shop", "photos")
            await Lease(client, "op", "one", "first", elapsed, TERMS).acquire()  # how it would be got again
            await client.close()

    run(story())
    assert [method for method, path in api.asked if not path.startswith(PATH)] == ["GET"]


def test_a_lease_that_is_lost_while_all_is_learnt_ends_the_start() -> None:
    """Only a signal did: it went on to learn, and began to work beside another replica."""
    api = SmallApi()

    def fault(request: web.Request) -> int | None:
        if request.path == f"{PATH}/one" and request.method == "PUT":
            return 409  # somebody else has taken it
        return (
            403 if request.path == SECRETS.path("op") else None
        )  # so that it does not get to know everything

    api.fault = fault
    brain = Brain(ALL, Connecting(lambda *_: MemoryBackend(MemoryStore(), {})))
    options = Options(Settings("prod"), "op", "first", listen="127.0.0.1:0", lease="one", terms=TERMS)

    async def story() -> int:
        async with served(api) as access:
            return (await Operator(options, brain, access).run()).code

    assert run(story()) == 1


def test_a_reconcile_that_is_fenced_says_nothing_and_is_not_tried_again() -> None:
    """Its store, its object and its Events belong to whoever works now."""
    shop, fence = Shop(), Fence(elapsed)
    fence.open()
    shop.store.fault = lambda operation, _: None if operation.startswith(READS) else fence.check()

    async def story() -> tuple[int, int]:
        async with shop.parts(permit=fence.check) as parts:
            await until(lambda: shop.ready(PHOTOS).startswith("True") and parts.controller.queue.running == 0)
            edited = {**shop.get(PHOTOS)["spec"], "tags": {"values": {"a": "b"}}}
            shop.put(PHOTOS, edited, generation=2)
            fence.close()
            before, calls = shop.api.version, len(shop.store.calls)
            shop.told(parts, [PHOTOS])
            await until(lambda: len(shop.store.calls) > calls and parts.controller.queue.running == 0)
            return shop.api.version - before, parts.controller.queue.ready

    assert run(story()) == (0, 0)
    assert "a" not in shop.store.buckets["shop--photos"].tags
