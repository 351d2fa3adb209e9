"""A policy that is created anew finds at the destination that it was promoted, and writes nothing older over it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from types import SimpleNamespace
from typing import Any

from imagestore.controller.opening import Unready
from imagestore.controller.promotion_notes import PROMOTIONS, note_of
from imagestore.controller.replicating import ReplicationRun
from imagestore.core.errors import Denied
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.runs import KnownRole, ReplicationJob, RunReport
from imagestore.reconcile.shared.runs import JobEnd, RunTrouble
from tests.k8s.carried import POLICY
from tests.transfer.world import World, world

EARLY, LATE = KnownRole("Promoted", "2027-01-01T00:00:00Z"), KnownRole("Primary", "2027-01-02T00:00:00Z")
JOB = ReplicationJob("u1", JobEnd("near", "b", ""), JobEnd("far", "b", ""), 60.0, concurrency=1)
PROMOTED = replace(JOB, two_way=True, under_way=True, failover=EARLY)
CONTROL: Any = SimpleNamespace(
    stop=lambda: False, give_way=lambda: None, named=frozenset, ready=lambda: None, tell=lambda _: None
)


@dataclass
class Stage:
    """A pair of stores, and one process of the operator after the other."""

    w: World = field(default_factory=world)
    unopened: str = ""  # a StorageBackend that cannot be used
    ticks: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.w.put("a", b"old")
        self.process()

    def process(self) -> None:
        """Another process, which remembers nothing."""
        parts: Any = SimpleNamespace(clock=lambda: float(next(self.ticks)), end=self.end, permit=lambda: None)
        self.carry = ReplicationRun(parts)

    def end(self, side: Any, end: JobEnd) -> Any:
        if end.backend == self.unopened:
            raise Unready(RunTrouble(side, Reason.UNAVAILABLE, "no answer"))
        return {"near": self.w.job.source, "far": self.w.job.destination}[end.backend]

    def run(self, job: ReplicationJob) -> RunReport:
        found = self.carry(POLICY, job, CONTROL)
        assert found is not None
        return found

    def promoted(self) -> "Stage":
        """Applications have written to the destination, and nothing has come back."""
        assert self.run(JOB).clean
        self.unopened = "near"
        self.run(PROMOTED)
        self.unopened = ""
        for _ in range(
            1000
        ):  # both clocks are compared with a third one, which goes on while this waits for its turn
            self.w.clock.ms()
        self.w.put("a", b"newer", side="far")
        self.w.put("only-there", b"x", side="far")
        return self

    def notes(self) -> list[str]:
        return [k for k in self.w.far.current("b") if k.startswith(PROMOTIONS)]

    def refused(self, job: ReplicationJob) -> str:
        """The message of a run that is refused, after which nothing is changed."""
        before = self.w.held()
        found = self.run(job)
        assert found.trouble is not None
        assert (found.complete, found.trouble.reason) == (False, Reason.STILL_PROMOTED)
        assert self.w.held() == before
        assert self.w.held()["a"] == b"newer"
        return found.trouble.message


def test_a_policy_without_a_failover_leaves_no_note_and_looks_once() -> None:
    stage = Stage()
    for _ in range(2):
        assert stage.run(JOB).clean
    assert stage.notes() == []
    stage.w.calls()
    assert stage.run(JOB).clean
    assert [c for c in stage.w.calls() if PROMOTIONS in str(c)] == []


def test_a_policy_that_is_created_anew_does_not_write_over_a_promoted_destination() -> None:
    """The source had failed; it was promoted, deleted with its namespace, and applied from git again with role: Primary."""
    stage = Stage().promoted()
    stage.process()
    anew = replace(JOB, policy="u2", failover=KnownRole("Primary", "2027-01-03T00:00:00Z"))
    says = stage.refused(anew)
    assert "promoted by the ReplicationPolicy shop/copy" in says
    assert "write failover.role: Promoted, then Primary" in says
    assert "promoted by" in stage.refused(replace(anew, failover=None))
    assert "promoted by" in stage.refused(replace(anew, source=JobEnd("near", "another", "")))


def test_keys_that_the_promoted_one_does_not_write_are_copied() -> None:
    stage = Stage()
    assert stage.run(replace(PROMOTED, prefixes=("a/", "é"))).clean
    stage.process()
    for prefixes, refused in (((), True), (("b", "a"), True), (("é1",), True), (("b", "e"), False)):
        trouble = stage.run(replace(JOB, policy="u2", prefixes=prefixes)).trouble
        assert (trouble is not None) is refused, prefixes


def test_promoted_anew_it_brings_all_back_and_then_goes_one_way() -> None:
    stage = Stage().promoted()
    stage.process()
    anew = replace(PROMOTED, policy="u2", failover=replace(EARLY, since="2027-01-03T00:00:00Z"))
    assert stage.run(anew).clean
    assert stage.w.held("near") == stage.w.held() == {"a": b"newer", "only-there": b"x"}
    assert len(stage.notes()) == 1, "it takes the place of the one before"
    back = KnownRole("Primary", "2027-01-04T00:00:00Z")
    assert stage.run(replace(anew, failover=back)).clean
    assert stage.run(replace(anew, two_way=False, under_way=False, failover=back)).clean
    assert stage.notes() == []


def test_what_may_be_overwritten_is_approved_by_its_token() -> None:
    stage = Stage().promoted()
    anew = replace(JOB, policy="u2")
    token = stage.refused(anew).split(" to spec.approve")[0].rsplit(" ", 1)[1]
    held = stage.run(replace(anew, approved=frozenset({token}))).held
    assert held is not None, "the destination keeps no versions, so its newer object is asked about"
    assert stage.run(replace(anew, approved=frozenset({token, held.token}))).clean
    assert stage.w.held()["a"] == b"old"
    assert stage.notes() == []


def test_a_status_from_before_the_promotion_is_not_believed() -> None:
    """A cluster that is restored from yesterday has the same uid, and thinks that the source is written to."""
    stage = Stage().promoted()
    stage.process()
    stage.refused(replace(JOB, failover=KnownRole("Primary", "2026-12-31T00:00:00Z")))
    stage.refused(JOB)


def test_a_failover_that_is_removed_from_the_spec_ends_in_order() -> None:
    stage = Stage().promoted()
    assert stage.run(replace(PROMOTED, failover=LATE)).clean
    assert stage.run(JOB).clean
    assert stage.notes() == []


def test_a_promotion_that_was_called_off_leaves_nothing() -> None:
    stage = Stage()
    assert stage.run(replace(PROMOTED, failover=None)).clean
    assert len(stage.notes()) == 1
    assert stage.run(JOB).clean
    assert stage.notes() == []


def test_a_destination_that_does_not_let_itself_be_looked_at_gets_nothing() -> None:
    stage = Stage().promoted()
    stage.process()

    def denied(operation: str, _bucket: str, _key: str) -> None:
        if operation == "ListVersions":
            raise Denied("ListObjectVersions: AccessDenied")

    stage.w.far.fault = denied
    found = stage.run(replace(JOB, policy="u2"))
    assert found.trouble is not None
    assert (found.trouble.side, found.trouble.reason) == ("destination", Reason.DENIED)
    assert stage.w.held()["a"] == b"newer"


def test_a_policy_whose_store_replicates_is_told_before_it_has_rules() -> None:
    """A native policy got its rules at once, and the store wrote older objects over what applications had written."""
    stage = Stage().promoted()
    stage.process()
    told: list[bool] = []
    listening = SimpleNamespace(**{**vars(CONTROL), "tell": lambda progress: told.append(progress.admitted)})
    anew = replace(JOB, policy="u2", only_compare=True)
    found = stage.carry(POLICY, anew, listening)
    assert found is not None
    assert (found.admitted, told) == (False, [])
    token = stage.refused(anew).split(" to spec.approve")[0].rsplit(" ", 1)[1]
    found = stage.carry(POLICY, replace(anew, approved=frozenset({token})), listening)
    assert found is not None
    assert (found.admitted, set(told)) == (True, {True})
    assert stage.w.held()["a"] == b"newer", "it only compares"


def test_a_run_that_ends_early_says_that_the_destination_was_asked() -> None:
    """Else a native policy had no rules for as long as its source could not be listed."""
    stage = Stage()

    def denied(operation: str, _bucket: str, _key: str) -> None:
        if operation == "ListObjects":
            raise Denied("ListObjectsV2: AccessDenied")

    stage.w.near.fault = denied
    found = stage.run(replace(JOB, only_compare=True))
    assert (found.complete, found.admitted) == (False, True)


def test_what_others_write_there_is_no_note() -> None:
    for data in (b"", b"{}", b"[]", b'{"form": 1, "areas": 3}', b'{"form": 1, "areas": [], "more": "x"}'):
        assert note_of(data) is None
    stage = Stage()
    stage.w.put(f"{PROMOTIONS}a.json", b"cut o", side="far")
    assert stage.run(JOB).clean
