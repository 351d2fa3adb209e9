"""The limits of a StorageBackend hold for the operator and the pods of a Job together."""

import asyncio
import json
from dataclasses import replace
from functools import partial

import pytest

from imagestore.backends.guard.limiter import Limiter
from imagestore.backends.memory import MemoryBackend
from imagestore.controller.jobs import JobsUnusable
from tests.backends.test_guard import GOOD, Clock, Server
from tests.k8s.carried import Stage, grown_stage, stopping
from tests.k8s.inside import EU, Shop
from tests.k8s.replica import run
from tests.k8s.small_api import until
from tests.k8s.test_job_board import JOBS, JobApi, board, in_a_loop, order


def test_a_divided_limit_is_kept_and_is_whole_again_afterwards() -> None:
    clock = Clock()
    limiter = Limiter(10, 4, clock.timing())
    call = limiter.limited(Server(GOOD))
    limiter.divide(0.5)
    for _ in range(12):
        call("X", {})
    assert clock.now - 100.0 == pytest.approx(2.0, abs=0.05), "a burst of two, and five a second"
    limiter.divide(1.0)
    for _ in range(10):
        call("X", {})
    assert clock.now - 100.0 == pytest.approx(3.0, abs=0.05)


def test_the_operator_leaves_a_part_to_pods_also_after_it_connects_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A store got twice its limit while a Job ran."""
    shares: list[float] = []
    monkeypatch.setattr("tests.k8s.inside.MemoryBackend", partial(MemoryBackend, divide=shares.append))

    async def story() -> None:
        shop = Shop()
        async with shop.parts() as parts:
            await until(lambda: bool(shares))
            parts.jobs.used(frozenset({"eu", "far"}))
            assert shares[-1] == 0.5
            known = len(shares)
            parts.controller.services.stores.drop("eu")
            shop.told(parts, [EU])
            await until(lambda: len(shares) > known)
            assert shares[-1] == 0.5
            parts.jobs.used(frozenset({"far"}))
            assert shares[-1] == 1.0

    run(story())


@in_a_loop
async def test_the_board_tells_which_backends_pods_use() -> None:
    refusing, told = [False], list[set[str]]()
    api = JobApi(page=50, fault=lambda r: 403 if r.method == "POST" and refusing[0] else None)
    asked = replace(order(), backends=frozenset({"near", "far"}))
    async with board(api) as jobs:
        jobs.tell_used(lambda names: told.append(set(names)))
        await asyncio.to_thread(jobs.begin, asked)
        assert told == [{"near", "far"}], "before its pods begin"
        await asyncio.to_thread(jobs.all)
        assert told[-1] == {"near", "far"}
        (job,) = api.objects[JOBS].values()
        job["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
        await asyncio.to_thread(jobs.all)
        assert told[-1] == set()
        refusing[0] = True
        with pytest.raises(JobsUnusable):
            await asyncio.to_thread(jobs.begin, replace(asked, uid="u2"))
        assert told[-2:] == [{"near", "far"}, set()], "it was not made"


@pytest.mark.parametrize(("rate", "pods"), [(300, 3), (5, 2), (2, 0)])
def test_all_pods_together_use_half_and_are_no_more_than_can_share_it(
    rate: int, pods: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage: Stage = grown_stage(monkeypatch)
    stage.spec |= {"limits": {"requestsPerSecond": rate, "burst": 2 * rate}}
    stage.board.held = {0, 1, 2}
    stage.run(stop=stopping(2))
    made = [o.indexes for o in stage.board.orders.values()]
    assert made == ([pods] if pods else [])
    for each in stage.board.orders.values():
        manifests = [json.loads(m) for m in each.files["backends.yaml"].decode().split("---")]
        limits = [m["spec"]["limits"] for m in manifests if m["kind"] == "StorageBackend"]
        assert all(pods * held["requestsPerSecond"] <= rate / 2 for held in limits)
        assert all(pods * held["burst"] <= rate for held in limits)
