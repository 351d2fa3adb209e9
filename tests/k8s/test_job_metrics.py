"""What metrics tell of Jobs, as the board has seen them."""

import asyncio

from imagestore import metrics
from tests.k8s.test_job_board import COPY, JOBS, JobApi, board, in_a_loop, order


def ended(outcome: str) -> float:
    return float(metrics.JOBS_ENDED.labels("ReplicationPolicy", outcome)._value.get())


@in_a_loop
async def test_shards_are_told_while_the_job_goes_on_and_its_end_is_counted_once() -> None:
    api, failed = JobApi(page=50), ended("failed")
    async with board(api) as jobs:
        await asyncio.to_thread(jobs.begin, order())
        (job,) = api.objects[JOBS].values()
        job["spec"]["completions"] = 6
        job["status"] = {"completedIndexes": "0,2", "failedIndexes": "4", "ready": 1}
        await asyncio.to_thread(jobs.all)
        told = {labels: value for family, labels, value in jobs.samples() if family is metrics.JOB_SHARDS}
        assert told == {
            (*COPY, "done"): 2,
            (*COPY, "failed"): 1,
            (*COPY, "running"): 1,
            (*COPY, "waiting"): 2,
        }
        job["status"]["conditions"] = [{"type": "Failed", "status": "True"}]
        for _ in range(2):
            await asyncio.to_thread(jobs.all)
        assert (list(jobs.samples()), ended("failed") - failed) == ([], 1)


@in_a_loop
async def test_a_job_that_came_to_its_end_counts_as_complete() -> None:
    api, complete, failed = JobApi(page=50), ended("complete"), ended("failed")
    async with board(api) as jobs:
        await asyncio.to_thread(jobs.begin, order())
        await asyncio.to_thread(jobs.all)
        (job,) = api.objects[JOBS].values()
        job["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
        await asyncio.to_thread(jobs.all)
        assert (ended("complete") - complete, ended("failed") - failed) == (1, 0)


@in_a_loop
async def test_a_job_that_is_being_deleted_is_told_of_no_more() -> None:
    api = JobApi(page=50)
    async with board(api) as jobs:
        await asyncio.to_thread(jobs.begin, order())
        (job,) = api.objects[JOBS].values()
        job["metadata"]["deletionTimestamp"] = "2026-11-29T00:00:00Z"  # by a person
        await asyncio.to_thread(jobs.all)
        assert list(jobs.samples()) == []


@in_a_loop
async def test_a_job_that_is_deleted_is_told_of_no_more() -> None:
    api = JobApi(page=50)
    async with board(api) as jobs:
        await asyncio.to_thread(jobs.begin, order())
        ((seen),) = await asyncio.to_thread(jobs.all)
        assert list(jobs.samples())
        await asyncio.to_thread(jobs.end, seen.name)
        assert list(jobs.samples()) == []
