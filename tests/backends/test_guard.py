"""Retries, breaker and limiter with a clock of our own: nothing here waits."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from imagestore.backends.guard.breaker import OPEN, Breaker
from imagestore.backends.guard.call import NAMESPACE, Timing
from imagestore.backends.guard.guarded import Guard
from imagestore.backends.guard.limiter import Limiter
from imagestore.backends.guard.measured import measured
from imagestore.backends.guard.retry import Patience, retried
from imagestore.backends.s3.connecting import ONCE
from imagestore.core.errors import Denied, NotFound, Rejected, StoreError, Throttled, Unavailable


@dataclass
class Clock:
    """Time that passes only when somebody sleeps."""

    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def timing(self, chance: float = 1.0) -> Timing:
        return Timing(clock=lambda: self.now, sleep=self.sleep, chance=lambda: chance)


class Server:
    """Gives its answers in turn: an error is raised; the last one for ever."""

    def __init__(self, *answers: StoreError | dict[str, Any]) -> None:
        self.answers, self.calls = list(answers), 0

    def __call__(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.answers[min(self.calls, len(self.answers) - 1)]
        self.calls += 1
        if isinstance(answer, StoreError):
            raise answer
        return answer


@dataclass
class Ledger:
    """An observer that writes everything down."""

    calls: list[tuple[str, str, float]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    circuits: list[bool] = field(default_factory=list)

    def called(self, operation: str, outcome: str, seconds: float) -> None:
        self.calls.append((operation, outcome, seconds))

    def waited(self, seconds: float) -> None:
        self.waits.append(seconds)

    def circuit(self, *, opened: bool) -> None:
        self.circuits.append(opened)


GOOD: dict[str, Any] = {"ok": True}


def test_a_transient_error_is_tried_again_with_growing_jitter() -> None:
    clock, server = Clock(), Server(Unavailable("a"), Unavailable("b"), GOOD)
    assert retried(server, clock.timing(0.5), Patience(base=0.2))("X", {}) == GOOD
    assert clock.slept == [0.2, 0.4]


@pytest.mark.parametrize("error", [Denied("x"), Rejected("x"), NotFound("x")])
def test_a_verdict_is_not_tried_again(error: StoreError) -> None:
    clock, server = Clock(), Server(error, GOOD)
    with pytest.raises(type(error)):
        retried(server, clock.timing())("X", {})
    assert server.calls == 1


def test_attempts_end() -> None:
    clock, server = Clock(), Server(Unavailable("down"))
    with pytest.raises(Unavailable, match="down"):
        retried(server, clock.timing(), Patience(attempts=3))("X", {})
    assert server.calls == 3


def test_retry_after_is_obeyed() -> None:
    clock, server = Clock(), Server(Throttled("slow", retry_after=3.0), GOOD)
    retried(server, clock.timing(0.0))("X", {})
    assert clock.slept == [3.0]


def test_a_long_retry_after_goes_up_instead_of_holding_a_worker() -> None:
    clock, server = Clock(), Server(Throttled("slow", retry_after=60.0), GOOD)
    with pytest.raises(Throttled) as raised:
        retried(server, clock.timing())("X", {})
    assert raised.value.retry_after == 60.0
    assert clock.slept == []


def test_creating_is_not_repeated_when_the_answer_was_lost() -> None:
    clock, server = Clock(), Server(Unavailable("timeout"), GOOD)
    with pytest.raises(Unavailable):
        retried(server, clock.timing(), once=ONCE)("CreateBucket", {})
    assert server.calls == 1
    assert retried(Server(Throttled("slow"), GOOD), clock.timing(), once=ONCE)("CreateBucket", {}) == GOOD


def fail(call: Any, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(Unavailable):
            call("X", {})


def test_the_breaker_opens_after_failures_and_asks_no_more() -> None:
    refused = Unavailable('Could not connect to "http://store/shop--photos"', cause="no route")
    clock, server, ledger = Clock(), Server(refused), Ledger()
    call = Breaker(clock.timing(), failures=3, pause=2.0, observer=ledger).guarded(server)
    fail(call, 3)
    with pytest.raises(Unavailable, match="no route") as raised:
        call("X", {})
    assert "shop--photos" not in str(raised.value), "another call's bucket"
    assert raised.value.code == OPEN
    assert raised.value.retry_after == 2.0
    assert server.calls == 3
    assert ledger.circuits == [True]


def test_a_probe_closes_it_even_when_the_answer_is_a_refusal() -> None:
    clock, ledger = Clock(), Ledger()
    server = Server(Unavailable("1"), Unavailable("2"), Denied("no"), GOOD)
    call = Breaker(clock.timing(), failures=2, pause=2.0, observer=ledger).guarded(server)
    fail(call, 2)
    clock.now += 2.0
    with pytest.raises(Denied):
        call("X", {})
    assert call("X", {}) == GOOD
    assert ledger.circuits == [True, False]


def test_a_failed_probe_doubles_the_pause_up_to_a_limit() -> None:
    clock, server = Clock(), Server(Unavailable("down"))
    call = Breaker(clock.timing(), failures=1, pause=2.0, longest=5.0).guarded(server)
    fail(call)
    pauses = []
    for _ in range(3):
        with pytest.raises(Unavailable) as raised:
            call("X", {})
        assert raised.value.code == OPEN
        pauses.append(raised.value.retry_after)
        clock.now += raised.value.retry_after or 0
        fail(call)
    assert pauses == [2.0, 4.0, 5.0]


def test_only_one_probe_at_a_time() -> None:
    clock, entered, go = Clock(), threading.Event(), threading.Event()
    answers: list[Any] = [Unavailable("down")]

    def server(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if answers:
            raise answers.pop()
        entered.set()
        assert go.wait(5)
        return GOOD

    call = Breaker(clock.timing(), failures=1, pause=1.0).guarded(server)
    fail(call)
    clock.now += 1.0
    probe = threading.Thread(target=call, args=("X", {}))
    probe.start()
    assert entered.wait(5)
    with pytest.raises(Unavailable) as raised:
        call("X", {})
    assert raised.value.code == OPEN
    go.set()
    probe.join(5)
    assert call("X", {}) == GOOD


def test_one_broken_operation_does_not_cut_off_the_store() -> None:
    clock, server = Clock(), Server(Unavailable("oops", code="InternalError"))
    breaker = Breaker(clock.timing(), failures=2)
    fail(breaker.guarded(server), 5)
    assert not breaker.open


def test_an_open_breaker_is_not_worth_a_retry() -> None:
    clock, server = Clock(), Server(Unavailable("down"))
    call = retried(Breaker(clock.timing(), failures=2).guarded(server), clock.timing(), Patience(attempts=9))
    fail(call)
    assert server.calls == 2


def test_the_limiter_lets_a_burst_pass_and_then_keeps_the_rate() -> None:
    clock, ledger = Clock(), Ledger()
    call = Limiter(10, 5, clock.timing(), ledger).limited(Server(GOOD))
    for _ in range(25):
        call("X", {})
    assert clock.now - 100.0 == pytest.approx(2.0, abs=0.05)
    assert sum(ledger.waits) == pytest.approx(2.0, abs=0.05)


def test_the_burst_comes_back_after_a_pause() -> None:
    clock = Clock()
    call = Limiter(10, 5, clock.timing()).limited(Server(GOOD))
    for _ in range(5):
        call("X", {})
    clock.now += 60
    clock.slept.clear()
    for _ in range(5):
        call("X", {})
    assert clock.slept == []


def test_namespaces_are_served_by_turns() -> None:
    """A namespace with a hundred waiting calls keeps another's first one waiting for a turn, not for all."""
    limiter, order = Limiter(200, 1, Timing()), list[str]()
    limiter.take("")  # the burst is used up: all that follows waits

    def work(namespace: str) -> None:
        NAMESPACE.set(namespace)
        limiter.limited(Server(GOOD))("X", {})
        order.append(namespace)

    greedy = [threading.Thread(target=work, args=("greedy",)) for _ in range(30)]
    for thread in greedy:
        thread.start()
    modest = threading.Thread(target=work, args=("modest",))
    modest.start()
    for thread in [*greedy, modest]:
        thread.join(10)
    assert len(order) == 31
    assert order.index("modest") < 15


def test_a_transfer_leaves_tokens_to_reconciles() -> None:
    """Of a rate that a transfer uses up, the next reconcile's call waits for nothing."""
    clock = Clock()
    limiter = Limiter(100, 20, clock.timing())
    moves, reconciles = limiter.limited(Server(GOOD), background=True), limiter.limited(Server(GOOD))
    for _ in range(100):
        moves("PutObject", {})
    assert clock.now - 100.0 == pytest.approx(0.82, abs=0.05)
    clock.slept.clear()
    reconciles("GetBucketTagging", {})
    reconciles("GetBucketTagging", {})
    assert clock.slept == []


def test_no_transfer_is_served_while_a_reconcile_waits() -> None:
    limiter, order = Limiter(10, 1, Timing()), list[str]()
    limiter.take("")

    def work(*, background: bool) -> None:
        limiter.take("shop", background=background)
        order.append("moves" if background else "reconciles")

    moves = [threading.Thread(target=work, kwargs={"background": True}) for _ in range(5)]
    reconciles = [threading.Thread(target=work, kwargs={"background": False}) for _ in range(5)]
    for thread in [*moves, *reconciles]:
        thread.start()
    for thread in [*moves, *reconciles]:
        thread.join(10)
    assert order.index("reconciles") <= 1  # one may be served before the first of these has come
    assert order[-1] == "moves"


def test_what_moves_data_is_performed_behind_the_same_breaker() -> None:
    clock, ledger = Clock(), Ledger()
    guard = Guard.of(None, clock.timing(), ledger)
    perform, call = guard.perform(background=True), guard.around(Server(GOOD))
    assert perform("GetObject", lambda: 7) == 7

    def fails() -> int:
        raise Unavailable("no answer")

    for _ in range(2):
        with pytest.raises(Unavailable):
            perform("GetObject", fails)
    with pytest.raises(Unavailable, match="GetBucketTagging was not tried"):
        call("GetBucketTagging", {})
    assert [o for o, _, _ in ledger.calls] == ["GetObject"] * 6


def test_every_attempt_is_counted_with_its_outcome() -> None:
    clock, ledger = Clock(), Ledger()
    server = Server(Throttled("slow"), GOOD)
    retried(measured(server, ledger, clock.timing()), clock.timing())("ListBuckets", {})
    assert [(o, r) for o, r, _ in ledger.calls] == [("ListBuckets", "Throttled"), ("ListBuckets", "ok")]
