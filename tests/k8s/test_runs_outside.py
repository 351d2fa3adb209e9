"""What a scheduler of runs tells those who carry runs out elsewhere, and what it learns of them; and runs that give their place."""

from dataclasses import replace

from imagestore.controller.jobs import Lingers
from imagestore.controller.run_tasks import MOST_RUNS, NEXT_STEP, TURN
from imagestore.controller.runs import Runs
from imagestore.controller.state.objects import Key
from imagestore.reconcile.replication.runs import ReplicationJob
from tests.k8s.staged_runs import Stage, becomes, job, key


def test_what_is_not_wanted_any_more_is_dropped_outside_too(stage: Stage) -> None:
    """Its Job went on with the keys of an object that was deleted, or that wanted something else."""
    dropped = list[tuple[Key, str]]()
    stage.runs = Runs(
        lambda: stage.now,
        lambda: False,
        lambda k: stage.told.append(k.name),
        {ReplicationJob: stage.run},
        dropped=lambda k, purpose: dropped.append((k, purpose)),
    )
    stage.gate.set()
    stage.of("a").ask(job())
    stage.of("a").ask(replace(job(), approved=frozenset({"tok"})))
    assert dropped == [], "an approval is no other job"
    stage.of("a").ask(job("b"))
    assert dropped == [(key("a"), "")]
    stage.of("a").drop()
    assert dropped == [(key("a"), "")] * 2
    stage.runs.forget(key("a"))
    assert dropped == [(key("a"), "")] * 3


def test_an_object_is_told_of_again_while_pods_of_an_earlier_job_write(stage: Stage) -> None:
    """Nothing else tells of their end."""
    stage.runs = Runs(
        lambda: stage.now,
        lambda: False,
        lambda k: stage.told.append(k.name),
        {ReplicationJob: stage.run},
        lingering=lambda _, digest: Lingers("pods", 2.0) if digest == job().digest else None,
    )
    stage.gate.set()
    stage.of("a").ask(job())
    becomes(lambda: stage.told == ["a"], "its run has ended")
    assert stage.of("a").ask(job()).stopping == "pods"
    stage.later(1.9)
    assert stage.told == ["a"]
    stage.later(0.1)
    becomes(lambda: stage.told == ["a", "a"], "it is looked at again")


def test_a_thread_that_has_not_ended_is_waited_for(stage: Stage) -> None:
    stage.deaf = True
    stage.of("a").ask(job())
    becomes(lambda: stage.going == 1, "it runs")
    assert stage.of("a").ask(job("b")).stopping == NEXT_STEP
    stage.gate.set()
    becomes(lambda: not stage.of("a").ask(job("b")).stopping, "it has ended")


def test_a_long_run_gives_its_place_where_all_are_taken(stage: Stage) -> None:
    names = [f"p{n}" for n in range(MOST_RUNS)]
    for name in names:
        stage.of(name).ask(job(name))
    becomes(lambda: stage.going == MOST_RUNS, "as many as may")
    stage.of("other").ask(job("other"))
    stage.later(TURN)
    becomes(lambda: "other" in stage.names(), "it has a place, though it shares no backend")
    stage.gate.set()


def test_a_shorter_interval_holds_at_once(stage: Stage) -> None:
    stage.gate.set()
    stage.of("a").ask(job())
    becomes(lambda: stage.told == ["a"], "it has run")
    stage.of("a").ask(replace(job(), interval=100.0))
    stage.later(99.0)
    assert len(stage.begun) == 1
    stage.later(1.0)
    becomes(lambda: len(stage.begun) == 2, "it runs again")
