"""Many LifecyclePolicies over many buckets: until all are applied, one edit of one of them, edits that ask for nothing."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

from dev.bench.api import each
from dev.bench.phases import Bench, Numbers
from dev.bench.world import NAMESPACE, Operator, bucket, manifest

KIND = "LifecyclePolicy"
_LABELS = {"bench": "policies"}
_PATIENCE = 600.0
_QUIET = 10.0  # seconds in which a wrong write would have come: a policy waits two before it asks its buckets


async def measure(bench: Bench, operator: Operator, many: int) -> AsyncIterator[Numbers]:
    """All buckets are labelled and Ready before the first policy comes."""
    await each(range(bench.size), lambda i: bench.api.create(NAMESPACE, _labelled(i)))
    await bench.follower.until(lambda: len(bench.follower.ready) >= bench.size, _PATIENCE, "all are Ready")
    for phase in (_applied, _edited, _left_alone):
        yield await phase(bench, operator, many)


async def _applied(bench: Bench, operator: Operator, many: int) -> Numbers:
    async with bench.phase(f"{many} policies come", operator) as numbers:
        await each(range(many), lambda n: bench.api.create(NAMESPACE, _policy(n)))
        await _settled(bench, many)
    return numbers


async def _edited(bench: Bench, operator: Operator, many: int) -> Numbers:
    async with bench.phase(f"one of {many} policies is edited", operator) as numbers:
        await bench.api.merge(KIND, NAMESPACE, "policy-0", {"spec": {"rules": [_rule(0, days=60)]}})
        await _settled(bench, many)
    return numbers


async def _left_alone(bench: Bench, operator: Operator, many: int) -> Numbers:
    async with bench.phase(f"{many} policies, nothing asked", operator) as numbers:
        note = {"metadata": {"annotations": {"note": "nothing that is asked for has changed"}}}
        await bench.api.merge(KIND, NAMESPACE, "policy-0", note)
        await each(
            range(bench.size), lambda i: bench.api.merge("ImageBucket", NAMESPACE, bench.name(i), note)
        )
        await asyncio.sleep(_QUIET)
    return numbers


async def _settled(bench: Bench, many: int) -> None:
    """Until every policy says of its present generation that it is applied on every bucket."""
    until = time.monotonic() + _PATIENCE
    while not _all_applied((await bench.api.listed(KIND))["items"], many, bench.size):
        if time.monotonic() > until:
            raise TimeoutError("the policies are not applied")
        await asyncio.sleep(0.5)


def _all_applied(items: Iterable[dict[str, Any]], many: int, size: int) -> bool:
    done = [
        i
        for i in items
        if (status := i.get("status") or {}).get("observedGeneration") == i["metadata"]["generation"]
        and status["counts"]["applied"] == size
    ]
    return len(done) == many


def _labelled(index: int) -> dict[str, Any]:
    made = bucket(index)
    return made | {"metadata": {**made["metadata"], "labels": _LABELS}}


def _policy(number: int) -> dict[str, Any]:
    spec = {"bucketSelector": {"matchLabels": _LABELS}, "rules": [_rule(number)]}
    return manifest(KIND, f"policy-{number}", spec)


def _rule(number: int, days: int = 30) -> dict[str, Any]:
    return {"name": f"trash-{number}", "match": {"prefix": f"p{number}/"}, "expire": {"days": days}}
