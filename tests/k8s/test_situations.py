"""What a reconcile is told of the other buckets of its namespace."""

import asyncio
import threading
from typing import Any

from imagestore.api.kinds import STORAGE_BACKEND
from imagestore.backends.memory import MemoryBackend, MemoryStore
from imagestore.controller.assembly import Asking
from imagestore.controller.runtime import Pass
from imagestore.controller.services import Services
from imagestore.controller.state.cache import Cache
from imagestore.controller.state.objects import Key, Stored
from imagestore.kinds import ALL
from imagestore.kinds.parts.inputs import BucketInputs
from imagestore.kinds.parts.relations import served
from imagestore.reconcile.bucket.situation import Referenced
from imagestore.reconcile.shared.situation import Served
from tests.k8s.known import services, stored
from tests.k8s.test_object_cache import LOGS, bucket, raw

SPEC = {
    "provider": "S3",
    "s3": {"endpoint": "https://store.example", "region": "here"},
    "credentials": {"ambient": {}},
    "namespaces": {"names": ["shop", "press"]},
}
MADE = {"endpoint": "https://store", "created": "2026-01-01T00:00:00Z"}


class Watched(Cache):
    """Remembers which threads looked things up."""

    def __init__(self) -> None:
        super().__init__(ALL.edges, {kind: c.beside for kind, c in ALL.contributors.items()})
        self.threads: set[int] = set()

    def pointing(self, relation: str, target: Key) -> tuple[Key, ...]:
        self.threads.add(threading.get_ident())
        return super().pointing(relation, target)


class Situations:
    """What the records of buckets and backends make of what is remembered."""

    def __init__(self, known: Services) -> None:
        self._known = known
        self.of_bucket = BucketInputs(known).of

    def served(self, backend: str) -> tuple[Served, ...]:
        return served(self._known, backend)


def situations(
    *buckets: Stored, spec: Any = SPEC, cache: Cache | None = None, loop: Any = None
) -> Situations:
    """These buckets, and the backend ``eu``."""
    cache = ALL.cache() if cache is None else cache
    backend = raw("eu", namespace="")
    backend["metadata"].pop("namespace")
    cache.put(stored(STORAGE_BACKEND, backend | {"spec": spec}))
    for each in buckets:
        cache.put(each)
    memory = MemoryBackend(MemoryStore(), {})
    asking = {"ask": Asking(loop)} if loop else {}
    return Situations(services(cache, lambda *_: memory, **asking))


def told(**audit: Any) -> Referenced:
    """What is told of ``audit`` to a bucket that logs into it."""
    photos = bucket("photos", spec=LOGS)
    made = situations(photos, bucket("audit", **audit), bucket("claimed", namespace="press", age=-60))
    return made.of_bucket(photos, Pass())().referenced["audit"]


def test_a_backend_serves_whom_it_lets_in_and_who_came_first() -> None:
    found = situations(
        bucket("photos", status=MADE | {"endpoint": "https://store.example"}),
        bucket("again", bucket="shop--photos", age=60),
        bucket("stolen", bucket="press--a"),
        bucket("squatter", namespace="mallory"),
        bucket("claimed", namespace="press"),
        bucket("elsewhere", backend="us"),
        bucket("seen", status={"endpoint": MADE["endpoint"]}),
        bucket("watched", status=MADE, spec={"mode": "Observe"}),
        bucket("asleep", status=MADE, spec={"suspend": True}),
        bucket("going", status=MADE, metadata={"deletionTimestamp": "2026-01-02T00:00:00Z"}),
    ).served("eu")
    assert set(found) == {
        Served("shop/photos", "shop--photos", made=True, endpoint="https://store.example"),
        Served("press/claimed", "press--claimed", made=False),
        Served("shop/seen", "shop--seen", made=False, endpoint="https://store"),
        Served("shop/watched", "shop--watched", made=False, endpoint="https://store"),
        Served("shop/asleep", "shop--asleep", made=False, endpoint="https://store"),
        Served("shop/going", "shop--going", made=False, endpoint="https://store"),
    }


def test_a_threads_question_for_neighbours_is_answered_by_the_loop() -> None:
    """Which alone changes what is remembered: read meanwhile, a dictionary changed its size."""
    cache, photos = Watched(), bucket("photos", status=MADE)

    async def story() -> tuple[Served, ...]:
        made = situations(photos, bucket("audit"), cache=cache, loop=asyncio.get_running_loop())
        blocking = made.of_bucket(photos, Pass())
        return await asyncio.to_thread(lambda: blocking().neighbours())

    assert {b.name for b in asyncio.run(story())} == {"shop/photos", "shop/audit"}
    assert cache.threads == {threading.get_ident()}


def test_of_a_backend_that_is_not_understood_everybody_counts() -> None:
    """It must not go because this version cannot read who may use it."""
    found = situations(bucket("squatter", namespace="mallory"), spec=SPEC | {"newer": True}).served("eu")
    assert [b.name for b in found] == ["mallory/squatter"]


def test_a_bucket_is_made_once_its_status_says_so() -> None:
    assert told() == Referenced("eu", "shop--audit", made=False)
    assert told(status=MADE) == Referenced("eu", "shop--audit", made=True)


def test_one_that_goes_is_told_so() -> None:
    assert told(status=MADE, metadata={"deletionTimestamp": "2026-01-02T00:00:00Z"}).deleting


def test_what_a_bucket_names_in_turn_is_told() -> None:
    assert told(spec={"logging": {"targetBucketRef": {"name": "photos"}}}).references == (
        ("logging", "photos"),
    )


def test_a_forged_status_leads_into_nobody_elses_bucket() -> None:
    """Whoever may write a status in one namespace must not have logs written into the bucket of another."""
    assert not told(status=MADE, bucket="press--claimed").made
    assert not told(status=MADE, bucket="press--unclaimed").made
