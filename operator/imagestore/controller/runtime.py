"""A kind as the controller knows it: one record, which is all that anything asks about a kind."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from sys import intern
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from imagestore import metrics
from imagestore.api.kinds import Kind
from imagestore.backends.notices import ObjectNotice
from imagestore.controller import rights
from imagestore.controller.carrying import Carriers
from imagestore.controller.contributions import Contributes
from imagestore.controller.opening import RunParts
from imagestore.controller.services import Services
from imagestore.controller.state.cache import Cache, ObjectChange
from imagestore.controller.state.index import Edge
from imagestore.controller.state.objects import Key, Stored, compact, key_of
from imagestore.controller.state.raw import Json, RawObject, pairs
from imagestore.controller.stores import StoreKind
from imagestore.controller.work.queue import Lane, Priority
from imagestore.core.conditions import ABNORMAL, READY
from imagestore.core.outcome import Event, Outcome

SECRET = "secret"  # noqa: S105  the relation of an object to a Secret of the operator's own namespace
Labels = Mapping[str, str]
E = TypeVar("E")
S = TypeVar("S")
S_co = TypeVar("S_co", covariant=True)


class Cause(StrEnum):
    """How a change became known."""

    LISTED = "Listed"  # a listing told of it, such as the first after a restart
    WATCHED = "Watched"
    WRITTEN = "Written"  # it is the answer to a write of our own


class Wake(NamedTuple):
    """An object to reconcile, in so many seconds."""

    key: Key
    after: float = 0.0
    priority: Priority = Priority.RETRY


@dataclass(frozen=True)
class Pass:
    """What the controller knows of one reconcile.

    ``withdrawn``: why a deletion asks for no data to be deleted; empty: it does. ``memo``: what the last reconcile of this
    object handed back. ``progress``: what the one that ended a moment ago left for this one to go on with. ``subjects``: what
    other objects' reconciles have found for this one to judge.
    """

    withdrawn: str = ""
    memo: object = None
    progress: object = None
    subjects: tuple[str, ...] = ()


class Inputs(Protocol[S_co]):
    """What a reconcile of one object may know. One of these lives as long as the operator."""

    def of(self, obj: Stored[Any], this: Pass) -> Callable[[], S_co]:
        """What is remembered is looked up now, in the event loop; a thread makes the situation of it, and may block.

        The closure raises NotUnderstood when the spec is not understood.
        """
        ...

    def forget(self, key: Key) -> None:
        """The object is gone."""
        ...


@dataclass(frozen=True)
class KindRuntime(Generic[E, S]):
    """One kind: all that the controller, the Kubernetes edge, the command line and the generators ask about it."""

    kind: Kind
    remember: Callable[[RawObject], E]
    """What is remembered of an object besides the envelope of ``Stored``. Never raises."""
    inputs: Callable[[Services], Inputs[S]]
    reconcile: Callable[[S], Outcome[Any]]
    """The decision, in a thread."""
    lane: Callable[[Services, Key], tuple[Lane, int]]
    """Where an object waits, and how many of that lane are worked on at once."""
    finalizer: str | None = None
    edges: Callable[[Stored[E]], Iterable[Edge]] = lambda _: ()
    """What an object points at: follows from its key and its spec alone."""
    needs: Callable[[Stored[E]], Collection[str]] = lambda _: ()
    """The kinds that must be known completely before anything is decided about an object."""
    contributes: Contributes | None = None
    affects: Callable[[Services, ObjectChange, Cause], Iterable[Wake]] = lambda *_: ()
    """What a change of an object means to others, besides those that it contributes to or that contribute to it."""
    secret_changed: Callable[[Services, Stored[E]], Iterable[Wake]] = lambda *_: ()
    """What it means to others that a Secret changed at which the object points by ``SECRET``."""
    namespace_changed: Callable[[Services, str, Labels, Labels], Iterable[Wake]] = lambda *_: ()
    """What other labels of a namespace mean to this kind: its name, its labels before, and now."""
    rests: Callable[[Services, Stored[E]], float | None] = lambda *_: None
    """Seconds between two checks of a settled object whose inputs are those that its status is about; None: check now."""
    destroys: Callable[[Stored[E]], bool] = lambda _: False
    """Whether the deletion of an object deletes data. Then its reconcile is told when its CRD was deleted with it."""
    released: Callable[[Stored[E]], Event | None] = lambda _: None
    """What is said of an object that is released though its spec is not understood; None: it is not released."""
    heard: Callable[[Services, str, Sequence[ObjectNotice]], bool] = lambda *_: False
    """What it means to this kind that the store of a backend tells of changed objects; whether it means anything."""
    gone: Callable[[Services, Key], None] = lambda *_: None
    """Forget what is kept about an object that is gone, outside of ``inputs``."""
    silent: Callable[[Stored[E]], bool] | None = None
    """Of the one kind whose objects are backends: whether the last probe of one was not answered."""
    backend: Callable[[Stored[E]], str] = lambda _: ""
    """The backend that an object is in, or is, as a label of metrics; empty: none."""
    conditions: tuple[str, ...] = ()
    """The types of its own conditions that metrics show, besides those that every kind has."""
    samples: Callable[[Sequence[Stored[E]]], Iterator[metrics.MetricSample]] = lambda _: iter(())
    """The metrics of all objects of this kind, besides readiness and conditions."""
    carries: Callable[[RunParts], Carriers] = lambda _: {}
    """How the runs of its objects are carried out, by the class of their jobs."""
    more_rights: tuple[rights.Right, ...] = ()

    @property
    def rights(self) -> tuple[rights.Right, ...]:
        """What the operator must be allowed to do for this kind."""
        return (*rights.of_kind(self.kind, finalizer=self.finalizer is not None), *self.more_rights)

    def stored(self, raw: Json) -> Stored[E]:
        """What is to be remembered of an object as the API server gives it. Never raises on its content."""
        read = RawObject.of(raw)
        meta = read.meta
        return Stored(
            key=key_of(self.kind, raw),
            uid=meta["uid"],
            resource_version=meta["resourceVersion"],
            generation=meta.get("generation", 1),
            created=datetime.fromisoformat(meta["creationTimestamp"]),
            deleting="deletionTimestamp" in meta,
            finalizers=tuple(intern(f) for f in meta.get("finalizers", ())),
            spec=compact(read.spec),
            status=compact(read.status),
            finalizer=self.finalizer,
            ready=intern(str(read.conditions.get("Ready", ""))),
            settled=read.settled,
            conditions=read.shown((READY, *ABNORMAL, *self.conditions)),
            labels=pairs(meta.get("labels")),
            extra=self.remember(read),
        )


AnyKind = KindRuntime[Any, Any]


class Kinds:
    """The records of all kinds, in the order in which they are listed."""

    def __init__(self, *records: AnyKind) -> None:
        self._records = {record.kind.name: record for record in records}

    def __iter__(self) -> Iterator[AnyKind]:
        return iter(self._records.values())

    def __getitem__(self, name: str) -> AnyKind:
        """The record of the kind with this name."""
        return self._records[name]

    def __len__(self) -> int:
        return len(self._records)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What the API knows of them."""
        return tuple(record.kind for record in self)

    @property
    def contributors(self) -> dict[str, Contributes]:
        """By kind."""
        return {r.kind.name: r.contributes for r in self if r.contributes is not None}

    def carriers(self, parts: RunParts) -> Carriers:
        """How all runs are carried out."""
        return {job: carry for record in self for job, carry in record.carries(parts).items()}

    @property
    def store(self) -> StoreKind:
        """The kind whose objects are backends."""
        return next(StoreKind(r.kind.name, r.silent) for r in self if r.silent is not None)

    def of(self, obj: Stored[Any]) -> AnyKind:
        """The record of an object's kind."""
        return self._records[obj.key.kind]

    def edges(self, obj: Stored[Any]) -> Iterable[Edge]:
        """What an object points at."""
        return self.of(obj).edges(obj)

    def cache(self) -> Cache:
        """An empty memory for objects of these kinds."""
        return Cache(self.edges, {kind: c.beside for kind, c in self.contributors.items()})
