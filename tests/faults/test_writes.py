"""Writes that are forgotten, answers that lag behind, servers that are slow, and how long all that may take."""

import threading
import time
from pathlib import Path

import pytest

from dev.stores import Store as Server
from dev.stores import minio
from imagestore.api.storagebackend import StorageBackendStatus
from imagestore.core.conditions import is_true
from imagestore.reconcile.backend import reconcile as storagebackend
from imagestore.reconcile.backend.situation import BackendSituation
from imagestore.reconcile.bucket.situation import BucketSituation
from tests.faults import faults
from tests.faults.proxy import Proxy, Which
from tests.faults.test_answers import CASES
from tests.faults.world import (
    ANSWER,
    EDITED,
    QUOTA,
    SPEC,
    StoreWorld,
    direct,
    make,
    nothing_else,
    settings_of,
)


def writing(sub: str) -> Which:
    """The requests that write one setting."""
    return lambda asked: asked.writes and asked.sub == sub


def test_every_write_is_accepted_and_forgotten_at_creation(
    world: StoreWorld, proxy: Proxy, minio_store: Server
) -> None:
    with nothing_else(minio_store, world.bucket_name):
        with proxy.failing(faults.forgetting):
            world.go(10)
            assert world.ready[0] == "False"
            assert world.snapshot() is None
        world.recover()


@pytest.mark.parametrize("sub", ["tagging", "versioning", "policy", "lifecycle", "set-bucket-quota"])
def test_one_setting_is_accepted_and_forgotten(world: StoreWorld, proxy: Proxy, sub: str) -> None:
    with proxy.failing(faults.forgetting, writing(sub)):
        world.go(6)
        assert world.ready[0] == "False"
        words = ("still answers", "does not last", "is not there")
        assert any(w in world.ready_message for w in words), world.ready_message
    world.edit(reconcileRequest="now")
    world.recover()


@pytest.mark.parametrize("sub", ["tagging", "lifecycle"])
def test_an_edit_is_accepted_and_forgotten(made: StoreWorld, proxy: Proxy, sub: str) -> None:
    before = made.snapshot()
    made.edit(**{k: EDITED[k] for k in ("tags" if sub == "tagging" else "lifecycle",)})
    with proxy.failing(faults.forgetting, writing(sub)):
        made.go(12)
        assert made.ready[0] == "False"
        assert made.snapshot() == before
    made.edit(reconcileRequest="now")
    made.recover()


def test_answers_that_alternate_between_old_and_new(made: StoreWorld, proxy: Proxy) -> None:
    """After a PUT, S3 answers with the old and the new value by turns for half a minute."""
    lag = faults.Alternating()
    with proxy.failing(lag.record):
        made.later(minutes=10)
        made.step()
    proxy.forget()
    made.edit(**EDITED, **QUOTA)
    with proxy.failing(lag.replay):
        for _ in range(10):
            made.step()
            made.later(seconds=3)
        assert made.differences() == [], "what was written stays written"
    made.recover()
    assert len(proxy.writes()) <= 3 * 3, "tags, and the rules tried out switched off and then on, a few times"


def test_old_answers_at_a_look_are_not_drift(made: StoreWorld, proxy: Proxy) -> None:
    """Written and read back as new; the next looks see the old value every second time."""
    lag = faults.Alternating()
    with proxy.failing(lag.record):
        made.later(minutes=10)
        made.step()
    made.edit(**EDITED, **QUOTA)
    made.recover()
    proxy.forget()
    with proxy.failing(lag.replay):
        for _ in range(8):
            made.step()
            made.later(seconds=4)
    made.recover()
    assert proxy.writes() == []


def test_a_slow_drip_is_cut_off(made: StoreWorld, proxy: Proxy) -> None:
    """Each byte comes in time, the answer never does: no read timeout ends that."""
    with proxy.failing(faults.dripping(ANSWER / 4)):
        made.later(minutes=10)
        began = time.monotonic()
        made.go(4, at_least=60)
        assert time.monotonic() - began < 60 * ANSWER
        assert "timeout" in made.ready_message.lower()
    made.recover()
    assert proxy.writes() == []


def test_a_hang_costs_little_once_the_breaker_is_open(made: StoreWorld, proxy: Proxy) -> None:
    with proxy.failing(faults.hang):
        made.later(minutes=10)
        began = time.monotonic()
        made.go(12)
        spent = time.monotonic() - began
    assert len(proxy.seen) <= 5 + 12, "five that open it, then at most one probe a visit"
    assert spent < (5 + 12) * ANSWER * 2
    made.recover()


def test_retry_after_is_obeyed(made: StoreWorld, proxy: Proxy) -> None:
    """Short enough it is waited for, a longer one goes into the queue."""
    with proxy.failing(faults.counted(faults.error(503, "SlowDown", "", ("Retry-After", "3")), 2)):
        made.later(minutes=10)
        made.step()
    assert [p for p in made.pauses if p >= 3]
    assert made.ready[0] == "True"
    with proxy.failing(faults.error(503, "SlowDown", "", ("Retry-After", "90"))):
        made.later(minutes=10)
        before = len(proxy.seen)
        made.step()
        assert made.wait is not None
        assert made.wait >= 90
        assert len(proxy.seen) == before + 1, "not tried again before"
    made.recover()


def test_another_backend_is_served_at_full_speed_meanwhile(
    made: StoreWorld, proxy: Proxy, tmp_path: Path
) -> None:
    with minio(tmp_path, name="other") as other:
        direct(other)  # the first client of a process loads botocore's model

        def speed() -> float:
            began = time.monotonic()
            for _ in range(2):
                make(other, proxy, backend_spec=settings_of(other, other.endpoint)).apply(**SPEC).recover()
            return time.monotonic() - began

        speed()
        alone = speed()
        with proxy.failing(faults.hang):
            made.later(minutes=10)
            stuck = threading.Thread(target=made.go, args=(8,))
            stuck.start()
            together = speed()
            stuck.join()
    assert together < 3 * alone + 0.5, (alone, together)
    made.recover()


@pytest.mark.parametrize("case", ["404 HTML", "200 HTML", "hang"])
def test_the_backends_own_condition(made: StoreWorld, proxy: Proxy, case: str) -> None:
    """StorageBackend says what its buckets say."""
    s = made.situation()
    status = StorageBackendStatus()
    with proxy.failing(CASES[case].fault):
        outcome = storagebackend.reconcile(_of_backend(s, status))
        assert outcome.status is not None
        assert not is_true(outcome.status.conditions, "Ready")
    made.later(minutes=10)
    s = made.situation()
    outcome = storagebackend.reconcile(_of_backend(s, status))
    assert outcome.status is not None
    assert is_true(outcome.status.conditions, "Ready")


def _of_backend(s: BucketSituation, status: StorageBackendStatus) -> BackendSituation:
    return BackendSituation(s.meta, status, s.store, s.settings, s.now, s.token)
