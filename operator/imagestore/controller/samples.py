"""Metrics of objects, made from what is remembered when they are asked for."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from imagestore import metrics
from imagestore.controller.runtime import Kinds
from imagestore.controller.state.objects import Stored
from imagestore.controller.work.queue import Lane, Load


def of_objects(kinds: Kinds, objects: Iterable[Stored]) -> Iterator[metrics.Sample]:
    """Readiness by kind, and what each kind tells of its objects."""
    by_kind: dict[str, list[Stored]] = {record.kind.name: [] for record in kinds}
    for obj in objects:
        by_kind[obj.key.kind].append(obj)
    ready = Counter((o.key.kind, o.ready or "Unknown") for found in by_kind.values() for o in found)
    yield from ((metrics.OBJECTS, labels, float(n)) for labels, n in ready.items())
    for record in kinds:
        yield from record.samples(by_kind[record.kind.name])


def of_queue(loads: Mapping[Lane, Load], delayed: int) -> Iterator[metrics.Sample]:
    """How much waits, where."""
    yield metrics.QUEUE_DELAYED, (), float(delayed)
    for lane, load in loads.items():
        yield metrics.QUEUE_DEPTH, tuple(lane), float(load.ready)
        yield metrics.QUEUE_AGE, tuple(lane), load.age
        yield metrics.QUEUE_RUNNING, tuple(lane), float(load.running)
