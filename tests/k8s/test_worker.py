"""What becomes of what a reconcile remembers when the object goes, or the reconcile itself breaks."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.kinds import IMAGE_BUCKET, Kind
from imagestore.controller.assembly import Brain, Controller, Surface, controller
from imagestore.controller.edges import WriteRefused
from imagestore.controller.state.objects import Key, Stored
from imagestore.controller.stores import Connecting
from imagestore.controller.work.queue import Priority, Taken
from imagestore.controller.work.worker import Worker, WorkerParts
from imagestore.core.outcome import Continue, Event, Finalizer, Outcome, Requeue
from imagestore.reconcile.bucket.situation import BucketSituation, Memo, MissingBucket
from imagestore.reconcile.shared.situation import Settings
from tests.k8s.known import deciding
from tests.k8s.test_object_cache import raw

PHOTOS = Key("ImageBucket", "shop", "photos")
Decision = Callable[[BucketSituation], Outcome[ImageBucketStatus]]


class NotFound(WriteRefused):
    """The object is not there."""

    status, by = 404, "the API server"


@dataclass
class Objects:
    """An API server with one object. ``meanwhile`` runs while a status is on its way."""

    body: dict[str, Any] = field(default_factory=lambda: raw("photos"))
    meanwhile: Callable[[], None] = lambda: None
    there: bool = True

    async def read(self, kind: Kind, key: Key) -> Any:
        if not self.there:
            raise NotFound
        return self.body

    async def make(self, kind: Kind, body: Any) -> Any:
        raise AssertionError("a bucket's reconcile makes no objects")

    async def remove(self, kind: Kind, key: Key, uid: str) -> None:
        raise AssertionError("a bucket's reconcile deletes no objects")

    async def put_finalizers(self, kind: Kind, key: Key, version: str, finalizers: Sequence[str]) -> Any:
        return self._put(metadata=self.body["metadata"] | {"finalizers": list(finalizers)})

    async def put_status(self, kind: Kind, key: Key, version: str, content: Any) -> Any:
        self.meanwhile()
        if not self.there:
            raise NotFound
        return self._put(status=content)

    def _put(self, **changed: Any) -> Any:
        self.body = self.body | changed
        version = int(self.body["metadata"]["resourceVersion"]) + 1
        self.body["metadata"] = self.body["metadata"] | {"resourceVersion": str(version)}
        return self.body


@dataclass
class Quiet:
    """Posts no Event, and knows of no CRD that goes."""

    posted: list[Event] = field(default_factory=list)

    def note(self, obj: Stored, note: Event) -> None:
        self.posted.append(note)

    async def concerns(self, obj: Stored) -> str:
        return ""

    def forget(self, key: Key) -> None:
        """There is nothing to forget."""


@dataclass
class Bench:
    """A worker on a controller whose ImageBuckets are decided on by the test. ``met``: the situations, in order."""

    objects: Objects
    made: Controller
    worker: Worker
    met: list[BucketSituation]

    async def work(self) -> None:
        """One object from the queue, whatever is due."""
        self.made.queue.add(PHOTOS, Priority.EDIT)
        taken = self.made.queue.take()
        assert taken == Taken(PHOTOS, Priority.EDIT, taken.waited if taken else 0.0)
        await self.worker.work(taken)
        self.made.queue.done(PHOTOS)

    def gone(self) -> None:
        """A watch tells that the object was deleted."""
        self.made.triggers.removed(PHOTOS)
        self.worker.forget(PHOTOS)


def on_a_bench(decide: Decision, story: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        met: list[BucketSituation] = []

        def reconcile(situation: BucketSituation) -> Outcome[ImageBucketStatus]:
            met.append(situation)
            return decide(situation)

        quiet, objects = Quiet(), Objects()
        brain = Brain(deciding(ImageBucket=reconcile), Connecting(_no_store))
        made = controller(brain, Settings("prod"), 2, Surface(objects, quiet, lambda _: quiet))
        made.triggers.asked(IMAGE_BUCKET, objects.body, None)
        inputs = {record.kind.name: record.inputs(made.services) for record in made.kinds}
        parts = WorkerParts(
            made.kinds, inputs, made.services, made.queue, made.writer, quiet, quiet, made.pool
        )
        await story(Bench(objects, made, Worker(parts), met))
        made.pool.shutdown()

    asyncio.run(run())


def _no_store(*_: Any) -> Any:
    raise AssertionError("no store is asked")


def going_on(situation: BucketSituation) -> Outcome[ImageBucketStatus]:
    """It writes a status and goes on at once with what it found out."""
    status = ImageBucketStatus(observed_generation=1, bucket_name=f"shop--{situation.clock}")
    return Outcome(status, then=Continue(MissingBucket(1.0)), memo=Memo(failures=1))


def test_what_was_found_out_is_handed_to_the_pass_that_goes_on() -> None:
    async def story(bench: Bench) -> None:
        await bench.work()
        first, second = bench.met
        assert (first.progress, first.memo) == (None, Memo())
        assert (second.progress, second.memo) == (MissingBucket(1.0), Memo(failures=1))

    on_a_bench(going_on, story)


def test_of_an_object_that_goes_while_it_is_decided_on_nothing_is_kept() -> None:
    """Its progress was never forgotten: the cache had told of its end before the worker kept it."""
    going: list[Bench] = []

    def decide(situation: BucketSituation) -> Outcome[ImageBucketStatus]:
        for bench in going:
            bench.made.services.ask(bench.gone)
        return Outcome(
            None, then=Continue(MissingBucket(1.0)), memo=Memo(failures=1), finalizer=Finalizer.LEAVE
        )

    async def story(bench: Bench) -> None:
        going.append(bench)
        await bench.work()
        assert len(bench.met) == 1
        going.clear()
        bench.made.triggers.asked(IMAGE_BUCKET, bench.objects.body, None)
        await bench.work()
        assert (bench.met[1].progress, bench.met[1].memo) == (None, Memo())

    on_a_bench(decide, story)


def test_an_object_that_is_found_gone_is_not_worked_on_again() -> None:
    async def story(bench: Bench) -> None:
        bench.objects.meanwhile = lambda: setattr(bench.objects, "there", False)
        await bench.work()
        assert PHOTOS not in bench.made.cache
        assert bench.made.queue.pending() == {}
        assert len(bench.met) == 1

    on_a_bench(going_on, story)


def test_a_reconcile_that_breaks_keeps_the_memo_of_before_and_is_tried_again() -> None:
    """What it did not hand back is as if it had been killed there; what the one before knew holds on."""

    def decide(situation: BucketSituation) -> Outcome[ImageBucketStatus]:
        if situation.memo.failures == 1:
            raise RuntimeError("a bug")
        status = ImageBucketStatus(observed_generation=1)
        return Outcome(status, then=Requeue(600), memo=Memo(failures=1, marked=True))

    async def story(bench: Bench) -> None:
        for _ in range(3):
            await bench.work()
        assert [s.memo for s in bench.met] == [Memo(), *[Memo(failures=1, marked=True)] * 2]
        ready = bench.objects.body["status"]["conditions"]
        assert {c["reason"] for c in ready} == {"InternalError"}
        assert PHOTOS in bench.made.queue.pending()

    on_a_bench(decide, story)
