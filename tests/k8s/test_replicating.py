"""One run of a ReplicationPolicy between stores in memory: what its report says it has proven."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from imagestore.controller.carrying import RunControl
from imagestore.controller.opening import RunParts
from imagestore.controller.replicating import ReplicationRun
from imagestore.reconcile.replication.runs import ReplicationJob
from imagestore.reconcile.shared.runs import JobEnd
from tests.k8s.carried import POLICY
from tests.transfer.world import filled, world

SAMPLE_TAKES = 600.0  # seconds


def test_a_sample_that_takes_long_makes_what_was_listed_no_younger() -> None:
    """What was written while the sample was read counted as copied: a way back was settled before it was at the source."""
    w, now = filled(world()), [1000.0]
    assert w.run().complete

    def slow(operation: str, _bucket: str, key: str) -> None:
        if operation == "Get" and not key.startswith(".imagestore/"):
            now[0] += SAMPLE_TAKES

    w.near.fault = slow
    job = ReplicationJob("job", JobEnd("near", "b", ""), JobEnd("far", "b", ""), 60.0, sample=1)
    job = replace(job, concurrency=1)
    ends = {"near": w.job.source, "far": w.job.destination}
    parts: Any = SimpleNamespace(
        clock=lambda: now[0], end=lambda _, end: ends[end.backend], permit=lambda: None
    )
    control: Any = SimpleNamespace(
        stop=lambda: False, give_way=lambda: None, named=frozenset, ready=lambda: None, tell=lambda _: None
    )
    found = ReplicationRun(cast("RunParts", parts))(POLICY, job, cast("RunControl", control))
    assert found is not None
    assert found.parity is not None
    assert (found.parity.sampled, now[0] >= 1000.0 + SAMPLE_TAKES) == (1, True)
    assert found.covered is not None
    assert found.covered <= 1000.0
    assert found.ended == 1000.0
