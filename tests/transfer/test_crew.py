"""Threads that are given small objects in lots."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from imagestore.core.objects import ListedObject
from imagestore.transfer.crew import LOT, SMALL, Crew
from imagestore.transfer.decide import PairStep
from imagestore.transfer.pairs import KeyPair
from imagestore.transfer.performing import WorkOutcome
from imagestore.transfer.stretches import Stretch, Work

MANY = 40 * LOT


def stretch(*sizes: int) -> Stretch:
    found = Stretch()
    for number, size in enumerate(sizes):
        key = f"{number:06}"
        pair = KeyPair(key, ListedObject(key, size, "e", 0), None, None, key)
        found.work.append(Work(pair, PairStep.COPY, None))
    return found


def test_every_object_has_its_outcome_and_is_done_once() -> None:
    done: list[str] = []

    def perform(work: Work) -> WorkOutcome:
        done.append(work.pair.key)
        return WorkOutcome(work, None, copied=1)

    sizes = [SMALL, SMALL + 1, 0] * MANY
    with ThreadPoolExecutor(4) as pool:
        crew = Crew(pool, 4, perform, lambda: False)
        outcomes = [o for o in crew.outcomes(crew.begin(stretch(*sizes))) if o is not None]
    assert sorted(o.work.pair.key for o in outcomes) == sorted(done) == [f"{n:06}" for n in range(len(sizes))]


def test_what_failed_in_a_lot_is_tried_once_more_by_itself_and_no_other_of_it() -> None:
    done: list[str] = []

    def perform(work: Work) -> WorkOutcome:
        done.append(work.pair.key)
        first = work.pair.key == "000005" and done.count("000005") == 1
        return WorkOutcome(work, None, failure="Unavailable" if first else "", again=first)

    with ThreadPoolExecutor(1) as pool:
        crew = Crew(pool, 1, perform, lambda: False)
        outcomes = [o for o in crew.outcomes(crew.begin(stretch(*[1] * MANY))) if o is not None]
    assert [o.failure for o in outcomes] == [""] * MANY
    assert len(done) == MANY + 1


def test_a_stop_is_obeyed_within_a_lot() -> None:
    """What a thread was given and has not begun is left out: the checkpoint is saved when the objects at hand are done."""
    begun, may_go_on = Event(), Event()
    done: list[str] = []

    def perform(work: Work) -> WorkOutcome:
        done.append(work.pair.key)
        begun.set()
        may_go_on.wait(10)
        return WorkOutcome(work, None, copied=1)

    def stop() -> bool:
        return begun.is_set()

    with ThreadPoolExecutor(1) as pool:
        crew = Crew(pool, 1, perform, stop)
        now = crew.begin(stretch(*[1] * MANY))
        begun.wait(10)
        crew.leave_out(now)
        may_go_on.set()
        outcomes = [o for o in crew.outcomes(now) if o is not None]
    assert [o.work.pair.key for o in outcomes] == done == ["000000"]
    assert not now.whole
