"""Metrics of objects, made at scrape time from what the operator remembers of them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from imagestore import metrics
from imagestore.controller.runtime import Kinds
from imagestore.controller.state.objects import Stored
from imagestore.controller.work.queue import Lane, Load
from imagestore.core.conditions import READY, STATUSES

_SUSPENDED = ("Suspended", "True")


def of_objects(kinds: Kinds, objects: Iterable[Stored]) -> Iterator[metrics.MetricSample]:
    """Return the samples of all objects."""
    by_kind: dict[str, list[Stored]] = {record.kind.name: [] for record in kinds}
    for obj in objects:
        by_kind[obj.key.kind].append(obj)
    ready = Counter((o.key.kind, o.ready or "Unknown") for found in by_kind.values() for o in found)
    yield from ((metrics.OBJECTS, labels, float(n)) for labels, n in ready.items())
    for record in kinds:
        for obj in by_kind[record.kind.name]:
            yield from _conditions(obj, record.backend(obj))
        yield from record.samples(by_kind[record.kind.name])


def _conditions(obj: Stored, backend: str) -> Iterator[metrics.MetricSample]:
    for condition, present in _judged(obj.conditions):
        for status in STATUSES:
            labels = (*obj.key, backend, condition, status)
            yield metrics.STATUS_CONDITION, labels, float(status == present)


def _judged(conditions: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Ready is Unknown until the first reconcile, except for what is suspended: none will come."""
    missing = _SUSPENDED not in conditions and all(name != READY for name, _ in conditions)
    return (*conditions, (READY, "Unknown")) if missing else conditions


def of_queue(loads: Mapping[Lane, Load], delayed: int) -> Iterator[metrics.MetricSample]:
    """Return the samples of the work queue, by lane."""
    yield metrics.QUEUE_DELAYED, (), float(delayed)
    for lane, load in loads.items():
        yield metrics.QUEUE_DEPTH, tuple(lane), float(load.ready)
        yield metrics.QUEUE_AGE, tuple(lane), load.age
        yield metrics.QUEUE_RUNNING, tuple(lane), float(load.running)
