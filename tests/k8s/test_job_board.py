"""Jobs at the API server: made once with their Secret, swept after a restart, deleted with what they belong to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec

import pytest
from aiohttp import web

from dev.wait import eventually
from imagestore.controller.jobs import JobOrder, JobsUnusable, Lingers
from imagestore.controller.state.objects import Key
from imagestore.k8s.api.client import Client
from imagestore.k8s.jobs.board import ApiJobs
from imagestore.k8s.jobs.manifest import job_name
from imagestore.k8s.jobs.template import PodTemplate
from imagestore.reconcile.shared.pods import PodChoices
from tests.k8s.small_api import SmallApi, _refusal, served

JOBS, SECRETS = "/apis/batch/v1/namespaces/system/jobs", "/api/v1/namespaces/system/secrets"
COPY, OTHER = Key("ReplicationPolicy", "shop", "copy"), Key("ReplicationPolicy", "shop", "other")
TEMPLATE = PodTemplate(image="i", service_account_name="run", priority_class_names=[])


def order(key: Key = COPY, uid: str = "u1") -> JobOrder:
    return JobOrder(key, uid, "d1", "r1", 2, ("transfer", "run"), {"run.json": b"{}"})


@dataclass
class JobApi(SmallApi):
    """One that refuses to make what is there, and deletes."""

    async def _write(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        if request.method == "POST" and body["metadata"]["name"] in self.objects.get(request.path, {}):
            return _refusal(409)
        if request.method == "DELETE":
            collection, _, name = request.path.rpartition("/")
            found = self.objects.get(collection, {}).pop(name, None)
            return web.json_response(found) if found else _refusal(404)
        return await super()._write(request)


@asynccontextmanager
async def board(api: JobApi, template: PodTemplate | None = TEMPLATE) -> AsyncIterator[ApiJobs]:
    async with served(api) as access:
        client = Client(access)
        try:
            loop, now = asyncio.get_running_loop(), lambda: datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
            yield ApiJobs(client, loop, "system", "prod", template, now)
        finally:
            await client.close()


P = ParamSpec("P")


def in_a_loop(story: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """A story of coroutines as a test."""

    @wraps(story)
    def test(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(story(*args, **kwargs))

    return test


def names(api: JobApi, where: str) -> list[str]:
    return sorted(api.objects.get(where, {}))


@in_a_loop
async def test_a_job_is_made_once_with_its_secret() -> None:
    api, name = JobApi(page=50), job_name("u1", "d1")
    async with board(api) as jobs:
        await asyncio.to_thread(jobs.begin, order())
        await asyncio.to_thread(jobs.begin, order())
        (seen,) = await asyncio.to_thread(jobs.all)
        assert (seen.name, seen.uid, seen.key, seen.age) == (name, "u1", COPY, 60.0)
        assert names(api, JOBS) == names(api, SECRETS) == [name]
        del api.objects[SECRETS][name]
        await asyncio.to_thread(jobs.begin, order())
        assert names(api, SECRETS) == [name], "a crash came between the Job and its Secret"
        await asyncio.to_thread(jobs.end, name)
        await asyncio.to_thread(jobs.end, name)
        assert names(api, JOBS) == []


@in_a_loop
async def test_a_job_that_runs_is_found_though_its_object_chooses_other_pods_by_now() -> None:
    """The API server, or the chart, refused the edited pods: the run failed while its Job went on copying."""
    unmakeable = [False]
    api = JobApi(
        page=50, fault=lambda r: 422 if r.method == "POST" and r.path == JOBS and unmakeable[0] else None
    )
    async with board(api) as jobs:
        await asyncio.to_thread(jobs.begin, order())
        name = job_name("u1", "d1")
        unmakeable[0] = True
        for pod in (PodChoices(priority_class="bulk"), PodChoices(requests=(("cpu", "2"),))):
            del api.objects[SECRETS][name]
            await asyncio.to_thread(jobs.begin, replace(order(), pod=pod))
            assert names(api, SECRETS) == [name]
        with pytest.raises(JobsUnusable, match="priorityClassName bulk"):
            await asyncio.to_thread(
                jobs.begin, replace(order(OTHER, "u2"), pod=PodChoices(priority_class="bulk"))
            )
        assert OTHER not in jobs.made


@in_a_loop
async def test_the_last_jobs_secret_is_not_taken_for_its_own() -> None:
    """It has the same name, and the garbage collector deletes it later: the pods waited for a Secret for ever."""
    api, name = JobApi(page=50), job_name("u1", "d1")
    old = {"metadata": {"name": name, "ownerReferences": [{"uid": "the-last-one"}]}}
    api.put(SECRETS, old)
    async with board(api) as jobs:
        begun = asyncio.create_task(asyncio.to_thread(jobs.begin, order()))
        refused = lambda: api.asked.count(("POST", SECRETS)) > 0  # noqa: E731
        await asyncio.to_thread(eventually, refused, 10, "it has tried")
        assert not begun.done()
        del api.objects[SECRETS][name]
        await begun
        (owner,) = api.objects[SECRETS][name]["metadata"]["ownerReferences"]
        assert owner["uid"] == f"uid-{name}"


@in_a_loop
async def test_after_a_restart_jobs_of_objects_that_are_gone_are_deleted() -> None:
    api = JobApi(page=50)
    async with board(api) as jobs:
        await asyncio.to_thread(jobs.begin, order())
        await asyncio.to_thread(jobs.begin, order(OTHER, "u2"))
        await jobs.sweep({"u2"})
        assert names(api, JOBS) == [job_name("u2", "d1")]


@in_a_loop
async def test_what_is_dropped_has_no_job_and_another_purpose_keeps_it() -> None:
    api = JobApi(page=50)
    async with board(api) as jobs:
        await asyncio.to_thread(jobs.begin, order())
        await asyncio.to_thread(jobs.begin, order(OTHER, "u2"))
        jobs.drop(COPY, "canary")
        jobs.drop(OTHER, "")
        await asyncio.to_thread(eventually, lambda: len(names(api, JOBS)) == 1, 10, "one is deleted")
        assert names(api, JOBS) == [job_name("u1", "d1")]


@in_a_loop
async def test_an_earlier_job_lingers_until_it_is_gone_whatever_the_api_server_answers() -> None:
    """A replica that has just begun promoted the destination while a Job of the one before wrote to it."""
    refusing = [True]
    api = JobApi(page=50, fault=lambda r: 500 if r.method == "DELETE" and refusing[0] else None)
    async with board(api) as jobs:
        await asyncio.to_thread(jobs.begin, order())
        jobs.made, jobs.unseen = {}, "not yet"  # another process
        assert jobs.lingering(COPY, "d1"), "not known yet"
        await asyncio.to_thread(eventually, lambda: not jobs.unseen, 10, "it has looked")
        assert not jobs.lingering(COPY, "d1"), "it is the one that is wanted"
        assert not jobs.lingering(OTHER, "d2")
        assert jobs.lingering(COPY, "d2")
        tried = lambda: sum(method == "DELETE" for method, _ in api.asked) > 0  # noqa: E731
        await asyncio.to_thread(eventually, tried, 10, "it has tried")
        assert jobs.lingering(COPY, "d2")
        refusing[0] = False
        await asyncio.to_thread(eventually, lambda: not jobs.lingering(COPY, "d2"), 10, "it is gone")
        assert names(api, JOBS) == []


@in_a_loop
async def test_pods_that_end_slowly_linger() -> None:
    api = JobApi(page=50)
    async with board(api) as jobs:
        await asyncio.to_thread(jobs.begin, order())
        (job,) = api.objects[JOBS].values()
        job["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:30Z"
        await asyncio.to_thread(jobs.all)
        assert jobs.lingering(COPY, "d2")
        await asyncio.to_thread(eventually, lambda: not jobs.lingering(COPY, "d2"), 10, "they have ended")


@in_a_loop
async def test_jobs_that_may_not_be_listed_are_not_taken_for_none() -> None:
    """Whoever took the right away could make the operator promote beside pods that write."""
    refusing = [403]
    api = JobApi(page=50, fault=lambda r: refusing[0] if r.method == "GET" and refusing else None)
    async with board(api) as jobs:
        await jobs.sweep(set())
        found = jobs.lingering(COPY, "d2")
        assert found is not None
        assert "cannot see whether Jobs of earlier runs still write: 403" in found.why
        assert "let the operator list and delete Jobs (jobs.batch) in its own namespace" in found.why
        assert found.again > 10, "each look is a reconcile of each policy"
        refusing.clear()
        await asyncio.to_thread(eventually, lambda: not jobs.lingering(COPY, "d2"), 10, "it has looked")


@in_a_loop
async def test_an_api_server_without_jobs_has_none() -> None:
    api = JobApi(page=50, fault=lambda r: 404 if r.method == "GET" else None)
    async with board(api) as jobs:
        await jobs.sweep(set())
        assert jobs.lingering(COPY, "d2") is None


@in_a_loop
async def test_where_no_jobs_are_made_those_of_before_are_seen_and_ended() -> None:
    """jobs.enabled was switched off while a Job ran: a promotion did not see its pods."""
    api = JobApi(page=50)
    async with board(api) as jobs:
        await asyncio.to_thread(jobs.begin, order())
    (job,) = api.objects[JOBS].values()
    job["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:30Z"
    async with board(api, None) as jobs:
        assert not jobs.makes
        await jobs._all()
        found = jobs.lingering(COPY, "d2")
        assert found is not None
        assert "its pods have not ended" in found.why
        del job["metadata"]["deletionTimestamp"]
        await jobs.sweep({"u1"})
        assert names(api, JOBS) == []
        with pytest.raises(JobsUnusable, match="switched off") as error:
            await asyncio.to_thread(jobs.begin, order())
        assert error.value.refused


@in_a_loop
async def test_a_job_that_may_not_be_deleted_says_which_right_is_missing() -> None:
    api = JobApi(page=50, fault=lambda r: 403 if r.method == "DELETE" else None)
    async with board(api) as jobs:
        await asyncio.to_thread(jobs.begin, order())
        await jobs._all()
        says = lambda: "jobs.batch" in (jobs.lingering(COPY, "d2") or Lingers("", 0)).why  # noqa: E731
        await asyncio.to_thread(eventually, says, 10, "it has tried")


@pytest.mark.parametrize(("status", "refused"), [(403, True), (422, True), (409, False)])
@in_a_loop
async def test_what_the_api_server_refuses_is_told(status: int, refused: bool) -> None:  # noqa: FBT001
    api = JobApi(page=50, fault=lambda r: status if r.method == "POST" else None)
    async with board(api) as jobs:
        with pytest.raises(JobsUnusable, match="cannot make a Job") as error:
            await asyncio.to_thread(jobs.begin, order())
        assert error.value.refused is refused
        assert ("set jobs.enabled of the chart" in str(error.value)) is (status == 403)


@pytest.mark.parametrize("ahead", [0.0, 600.0, -600.0])
@in_a_loop
async def test_how_old_a_job_is_is_told_by_the_clock_that_dated_it(ahead: float) -> None:
    """With the API server's clock ten minutes behind, a Job was given up before its pods could be scheduled."""
    api = JobApi(page=50, ahead=ahead)
    async with board(api) as jobs:
        await asyncio.to_thread(jobs.begin, order())
        (job,) = api.objects[JOBS].values()
        job["metadata"]["creationTimestamp"] = (
            f"{datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=ahead):%FT%TZ}"
        )
        (seen,) = await asyncio.to_thread(jobs.all)
        assert seen.age == pytest.approx(60.0, abs=1.5)
