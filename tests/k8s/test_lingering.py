"""What an earlier Job still writes: the object's runs are stopping until its pods have ended."""

from dataclasses import replace

from imagestore.controller.jobs import Lingers
from imagestore.controller.run_tasks import NEXT_STEP
from imagestore.controller.runs import Runs
from imagestore.reconcile.replication.runs import ReplicationJob
from tests.k8s.staged_runs import Stage, becomes, job, key


def test_a_process_that_has_run_nothing_yet_waits_for_an_earlier_job(stage: Stage) -> None:
    """It promoted the destination at once: it knew only of threads of its own."""
    pods = [job().digest]
    stage.runs = Runs(
        lambda: stage.now,
        lambda: False,
        lambda k: stage.told.append(k.name),
        {ReplicationJob: stage.run},
        lingering=lambda k, digest: (
            Lingers("pods", 2.0) if k == key("a") and pods not in ([], [digest]) else None
        ),
    )
    both_ways = replace(job(), two_way=True)
    assert not stage.of("a").ask(job()).stopping, "it is this job's own"
    assert not stage.of("b").ask(both_ways).stopping
    assert stage.runs.of(key("a"), "canary").ask(both_ways).stopping == ""
    assert stage.of("a").ask(both_ways).stopping in (NEXT_STEP, "pods")
    stage.gate.set()
    becomes(
        lambda: stage.of("a").ask(both_ways).stopping == "pods", "the thread has ended, and the pods have not"
    )
    told = stage.told.count("a")
    pods.clear()
    stage.later(2.0)
    becomes(lambda: stage.told.count("a") > told, "it is looked at again")
    becomes(lambda: not stage.of("a").ask(both_ways).stopping, "the pods have ended")
