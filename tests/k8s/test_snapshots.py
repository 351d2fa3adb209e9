"""What a reconcile knows is of one moment, however much changes while its thread runs."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from imagestore import metrics
from imagestore.controller import assembly
from imagestore.controller.runtime import Kinds
from imagestore.controller.state.cache import Cache, WrongThread
from imagestore.controller.state.objects import Key
from imagestore.k8s.life.wiring import OperatorParts
from imagestore.kinds import ALL
from imagestore.kinds.parts.relations import buckets_of, earlier_in_namespace, older_rivals, referrers
from imagestore.reconcile.backend.situation import BackendSituation
from imagestore.reconcile.lifecycle.bucket_view import BucketView
from imagestore.reconcile.lifecycle.reconcile import PolicySituation
from tests.k8s.inside import EU, PHOTOS, TIDY, Shop
from tests.k8s.known import deciding
from tests.k8s.replica import run
from tests.k8s.small_api import until
from tests.k8s.test_object_cache import bucket


class Busy(ThreadPoolExecutor):
    """Between the event loop's last look and the thread's first step something always changes."""

    meanwhile: Callable[[], object] = staticmethod(lambda: None)

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.meanwhile()
        return super().submit(fn, *args, **kwargs)


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Busy:
    made = Busy(4)
    monkeypatch.setattr(assembly, "ThreadPoolExecutor", lambda **_: made)
    return made


def told(buckets: list[int], policies: list[Sequence[BucketView]]) -> Kinds:
    """The real decisions, which write down what they are told."""

    def backend(s: BackendSituation) -> Any:
        buckets.append(s.buckets)
        return ALL["StorageBackend"].reconcile(s)

    def policy(s: PolicySituation) -> Any:
        policies.append(s.buckets)
        return ALL["LifecyclePolicy"].reconcile(s)

    return deciding(StorageBackend=backend, LifecyclePolicy=policy)


def removing(parts: OperatorParts) -> Callable[[], object]:
    """While a thread begins: the one bucket goes, and comes back once the thread has looked."""

    def meanwhile() -> None:
        known = parts.controller.cache.get(PHOTOS)
        if known is not None:
            parts.controller.cache.remove(PHOTOS)
            parts.controller.cache.put(replace(known, extra=replace(known.extra, backend="elsewhere")))

    return meanwhile


def test_a_backend_in_use_is_not_told_that_nobody_uses_it(pool: Busy) -> None:
    """The only bucket was taken out of an index and put back while a thread counted: 0, and the backend was let go."""
    shop, buckets, policies = Shop(), list[int](), list[Sequence[BucketView]]()

    async def story() -> None:
        async with shop.parts(told(buckets, policies)) as parts:
            pool.meanwhile = removing(parts)
            await until(lambda: buckets and policies)

    run(story())
    assert buckets[0] == 1
    assert [b.name for b in policies[0]] == ["photos"]


def test_every_kind_is_worked_on_without_asking_the_cache_from_a_thread() -> None:
    """The cache refuses another thread, which would be an InternalError here."""
    shop = Shop()

    async def story() -> None:
        async with shop.parts():
            await until(lambda: all(shop.ready(k).startswith("True") for k in (EU, PHOTOS, TIDY)))

    run(story())
    assert shop.get(EU)["status"]["buckets"] == 1


def test_every_scrape_tells_of_all_there_is() -> None:
    """A scrape runs in a thread of its own, while the event loop goes on and others are scraped."""
    shop, ended = Shop(), threading.Event()

    def scrape(found: list[set[str]]) -> None:
        while not ended.is_set():
            found.append({m.name for m in metrics.LIVE.collect() if m.samples})

    async def story() -> list[set[str]]:
        found = list[set[str]]()
        async with shop.parts() as parts:
            parts.controller.snapshot()
            thread = threading.Thread(target=scrape, args=(found,))
            thread.start()
            for number in range(3000):
                parts.controller.cache.put(bucket(f"b{number % 50}", version=number + 1))
                parts.controller.snapshot()
            ended.set()
            thread.join()
            metrics.LIVE.serve()
            return found

    found = run(story())
    assert found
    assert all({"imagestore_objects", "imagestore_queue_delayed"} <= names for names in found)


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.get(PHOTOS),
        lambda c: c.inside("ImageBucket", "shop"),
        lambda c: c.all(),
        lambda c: buckets_of(c, "eu"),
        lambda c: c.edition("LifecyclePolicy", "shop"),
        lambda c: c.inside("LifecyclePolicy", "shop"),
        lambda c: c.put(bucket("a")),
        lambda c: list(older_rivals(c, bucket("a"))),
        lambda c: earlier_in_namespace(c, bucket("a")),
        lambda c: referrers(c, Key("ImageBucket", "shop", "a")),
    ],
)
def test_another_thread_is_refused(ask: Callable[[Cache], object]) -> None:
    cache = ALL.cache()
    cache.put(bucket("photos"))
    with ThreadPoolExecutor(1) as pool, pytest.raises(WrongThread):
        pool.submit(ask, cache).result()
