"""Surveys in threads of their own, on the memory backend: they go on from where they were, yield, and end."""

import threading
from collections.abc import Callable, Iterator
from time import monotonic

import pytest

from dev.wait import eventually
from imagestore.api.imagebucket import FACETS
from imagestore.backends.memory import MemoryBackend, MemoryBucket, MemoryStore
from imagestore.controller import surveyor as module
from imagestore.controller.state.objects import Key
from imagestore.controller.surveyor import Surveyor
from imagestore.core.errors import Unavailable
from imagestore.core.stored import StoredVersion
from imagestore.facets.lifecycle_rule import Expire, LifecycleRule, Match
from imagestore.reconcile.shared.survey import Purpose, SurveyAnswer, SurveyQuestion
from tests.reconcile.world import START

ALL = LifecycleRule(name="tidy/all", expire=Expire(days=30))
PHOTOS, PRESS = Key("ImageBucket", "shop", "photos"), Key("ImageBucket", "shop", "press")


class World:
    """Two buckets of 50 pictures in a store that tells ten at once."""

    def __init__(self) -> None:
        day = START.toordinal() - 365
        pictures = [StoredVersion(f"{n:03}", 10, day) for n in range(50)]
        self.store = MemoryStore({k.name: MemoryBucket(contents=pictures) for k in (PHOTOS, PRESS)}, page=10)
        self.busy, self.told = False, list[tuple[Key, bool]]()
        self.surveyor = Surveyor(
            monotonic, lambda: self.busy, lambda key, awaited: self.told.append((key, awaited))
        )

    def ask(
        self,
        key: Key = PHOTOS,
        purpose: Purpose = Purpose.REMOVAL,
        *,
        backend: str = "eu",
        rule: LifecycleRule = ALL,
        age: float = 60.0,
    ) -> SurveyAnswer:
        connected = MemoryBackend(self.store, FACETS, name=backend)
        question = SurveyQuestion(backend, key.name, (rule,), wish="w")
        return self.surveyor.ask(key, purpose, question, connected, START.date(), age)

    def listed(self, key: Key = PHOTOS) -> int:
        return self.store.calls.count(("List:objects", key.name))


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.surveyor.close()


def hold(world: World, when: Callable[[str, str], bool]) -> threading.Event:
    """Calls that fit wait for the event, at most ten seconds."""
    free = threading.Event()

    def waits(operation: str, bucket: str) -> None:
        if when(operation, bucket):
            free.wait(10)

    world.store.fault = waits
    return free


def test_what_fits_into_a_page_is_known_at_once_and_to_all_who_ask(world: World) -> None:
    world.store.page = 1000
    answer = world.ask()
    assert answer.counted is not None
    assert answer.counted.census.tolls["tidy/all"].removed.objects == 50
    assert world.ask(purpose=Purpose.PREVIEW) == answer, "one listing serves both"
    assert world.listed() == 1
    assert not world.told, "nobody waits"


def test_a_large_bucket_is_counted_meanwhile_and_its_end_is_told(world: World) -> None:
    assert world.ask().counted is None
    eventually(lambda: world.told == [(PHOTOS, True)], 10, "its end is told")
    assert world.ask().counted is not None
    assert world.listed() == 5, "each page once"


def test_a_store_that_fails_midway_goes_on_from_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", (0.05, 0.1))
    failing = iter([False, False, True, True])

    def fails(operation: str, _bucket: str) -> None:
        if operation.startswith("List") and next(failing, False):
            raise Unavailable("no answer")

    world.store.fault = fails
    world.ask()
    eventually(lambda: world.told, 10, "it is counted in the end")
    assert world.listed() == 5 + 2, "nothing is listed again but what failed"
    counted = world.ask().counted
    assert counted is not None
    assert counted.census.present.objects == 50


def test_one_bucket_of_a_backend_at_a_time_and_another_backend_meanwhile(world: World) -> None:
    inline = world.ask(), world.ask(PRESS)
    assert [a.keys for a in inline] == [9, 9]
    eventually(lambda: len(world.told) == 2, 10, "both are counted")
    world.surveyor.forget(PHOTOS)
    world.surveyor.forget(PRESS)
    world.told.clear()
    free = hold(world, lambda operation, bucket: operation.startswith("List") and bucket == PHOTOS.name)
    world.ask(purpose=Purpose.PREVIEW)
    world.ask(PRESS, Purpose.PREVIEW, backend="us")
    eventually(lambda: world.told == [(PRESS, False)], 10, "the other backend waits for nothing")
    free.set()
    eventually(lambda: len(world.told) == 2, 10, "and the first one goes on")


def test_what_nobody_wants_to_know_any_more_is_not_listed_on(world: World) -> None:
    free = hold(world, lambda operation, _bucket: operation.startswith("List") and world.listed() > 2)
    world.ask()
    eventually(lambda: world.listed() == 3, 10, "a page is being listed")
    world.surveyor.forget(PHOTOS)
    free.set()
    eventually(lambda: not list(world.surveyor.samples()), 10, "it is dropped")
    assert world.listed() == 3
    assert not world.told


def test_another_question_takes_the_place_of_the_first(world: World) -> None:
    world.busy = True  # else the first may be counted before it is replaced
    world.ask(purpose=Purpose.PREVIEW)
    other = ALL.model_copy(update={"name": "tidy/other"})
    world.ask(purpose=Purpose.PREVIEW, rule=other)
    world.busy = False
    eventually(lambda: world.told, 10, "it is counted")
    known = world.surveyor.known(PHOTOS)
    assert known is not None
    assert known[1].counted is not None
    assert list(known[1].counted.census.tolls) == ["tidy/other"]


def test_a_deleted_backend_is_listed_no_more(world: World) -> None:
    world.ask()
    world.surveyor.forget(Key("StorageBackend", "", "eu"))
    eventually(lambda: not list(world.surveyor.samples()), 10, "it is dropped")
    assert world.surveyor.known(PHOTOS) is None


def test_an_old_answer_is_told_while_it_is_counted_anew(world: World) -> None:
    world.ask(purpose=Purpose.PREVIEW)
    eventually(lambda: world.told, 10, "it is counted")
    assert world.ask(purpose=Purpose.PREVIEW, age=0).counted is None, "for whoever must know"
    known = world.surveyor.known(PHOTOS)
    assert known is not None
    assert known[1].counted is not None, "for whoever tells"
    eventually(lambda: len(world.told) == 2, 10, "it was counted anew")


def test_after_the_end_no_further_page_is_asked_for(world: World) -> None:
    free = hold(world, lambda operation, _bucket: operation.startswith("List") and world.listed() > 2)
    world.ask()
    eventually(lambda: world.listed() == 3, 10, "a page is being listed")
    world.surveyor.close()
    free.set()
    eventually(
        lambda: not any(t.name.startswith("survey-") for t in threading.enumerate()), 10, "threads end"
    )
    assert world.listed() == 3


def test_a_bug_ends_no_thread(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", (0.05, 0.1))
    broken = iter([True])

    def breaks(_operation: str, _bucket: str) -> None:
        if next(broken, False):
            raise ZeroDivisionError

    world.store.fault = breaks
    assert "does not know" in world.ask().trouble
    eventually(lambda: world.told, 10, "it is counted in the end")


def test_it_gives_way_to_objects_that_wait_but_not_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_COURTESY", 0.2)
    world.busy = True
    began = monotonic()
    world.ask()
    eventually(lambda: world.told, 10, "it is counted all the same")
    assert monotonic() - began >= 4 * 0.2


def test_tags_are_asked_a_few_in_a_step(world: World) -> None:
    rule = ALL.model_copy(update={"match": Match(tags={"keep": "no"})})
    world.store.page = 1000
    assert world.ask(rule=rule).counted is None, "fifty calls are too many for a reconcile"
    eventually(lambda: world.told, 10, "it is counted")
    assert world.store.calls.count(("Get:objectTags", "photos")) == 50
