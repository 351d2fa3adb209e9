"""All objects as last seen, and which of them point at which.

Pure, and of one thread, the event loop's, which reads and writes it. Another thread met a dict that changed its size, or
a backend between the removal and the return of its only bucket, and released a backend in use: so it is refused, and what
a reconcile has to know is looked up before its thread begins. Filled from three sides (events, listings, answers to our
own writes), so the newest resource version wins, whichever side brings it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from threading import get_ident

from imagestore.controller.state.index import Edge, Index
from imagestore.controller.state.objects import Key, Stored, newer

Counts = Callable[[Stored], object]
Edges = Callable[[Stored], Iterable[Edge]]


@dataclass(frozen=True)
class ObjectChange:
    """What became known: ``before`` None is new, ``after`` None is gone."""

    before: Stored | None
    after: Stored | None


class WrongThread(RuntimeError):
    """A bug: the cache was asked outside the thread that it belongs to."""


class Cache:
    """Objects by key, with an index of their edges. It belongs to the thread in which it was made.

    ``edges``: what an object points at, each once. ``counted``: the kinds whose editions are counted, each with what counts
    besides the spec.
    """

    def __init__(self, edges: Edges, counted: Mapping[str, Counts] | None = None) -> None:
        self._thread = get_ident()
        self._edges, self._counted = edges, counted or {}
        self._known: dict[Key, Stored] = {}
        self._index = Index()
        self._editions: defaultdict[tuple[str, str], int] = defaultdict(int)  # by kind and namespace
        self.unknown: set[str] = (
            set()
        )  # kinds that could not be listed: what is remembered of them is not all
        self.absent: set[str] = set()  # kinds without a CRD

    @property
    def _objects(self) -> dict[Key, Stored]:
        self._check()
        return self._known

    @property
    def index(self) -> Index:
        """Which objects have which edges."""
        self._check()
        return self._index

    def _check(self) -> None:
        if get_ident() != self._thread:
            raise WrongThread("what is remembered is looked up in the event loop, before a thread begins")

    def __len__(self) -> int:
        return len(self._objects)

    def __contains__(self, key: Key) -> bool:
        return key in self._objects

    def get(self, key: Key) -> Stored | None:
        """The object as last seen."""
        return self._objects.get(key)

    def all(self) -> list[Stored]:
        """Every object, in a list of its own."""
        return list(self._objects.values())

    def found(self, keys: Iterable[Key]) -> Iterator[Stored]:
        """Those of these objects that are there."""
        return (obj for obj in map(self._objects.get, keys) if obj is not None)

    def knows(self, key: Key, resource_version: str) -> bool:
        """Whether this version, or a newer one, is remembered."""
        known = self._objects.get(key)
        return known is not None and not newer(resource_version, known.resource_version)

    def put(self, seen: Stored, *, believed: bool = False) -> ObjectChange | None:
        """Remember it, unless something newer is remembered already. ``believed``: whatever is remembered."""
        known = self._objects.get(seen.key)
        if known is not None and not believed and not newer(seen.resource_version, known.resource_version):
            return None
        if known is None or self._counts(known) != self._counts(seen):
            self._count_edition(seen)
        if known is None or (known.spec, known.age) != (seen.spec, seen.age):
            self._reindex(known, seen)
        self._known[seen.key] = seen
        return ObjectChange(known, seen)

    def remove(self, key: Key, uid: str | None = None) -> ObjectChange | None:
        """Forget it. With a uid only that one: a namesake made since stays."""
        known = self._objects.get(key)
        if known is None or uid not in (None, known.uid):
            return None
        del self._known[key]
        self._count_edition(known)
        self._reindex(known, None)
        return ObjectChange(known, None)

    def pointing(self, relation: str, target: Key) -> tuple[Key, ...]:
        """Who points at this? Oldest first."""
        return self.index.all(Edge(relation, target))

    def inside(self, kind: str, namespace: str = "") -> tuple[Key, ...]:
        """The objects of a kind in a namespace, oldest first; of a cluster-scoped kind all there are."""
        return self.index.all(_place(kind, namespace))

    def edition(self, kind: str, namespace: str) -> int:
        """Another number whenever the specs of a namespace's objects of a counted kind are others; 0: there are none."""
        self._check()
        return self._editions[kind, namespace] if self._index.count(_place(kind, namespace)) else 0

    def _counts(self, obj: Stored) -> tuple[object, ...]:
        beside = self._counted.get(obj.key.kind)
        return obj.spec, obj.deleting, beside(obj) if beside else None

    def _count_edition(self, obj: Stored) -> None:
        if obj.key.kind in self._counted:
            self._editions[obj.key.kind, obj.key.namespace] += 1

    def _reindex(self, known: Stored | None, seen: Stored | None) -> None:
        """An edge follows from what the spec says, so most changes, which are of a status, move none."""
        if known is not None:
            self._index.drop(known, self._of(known))
        if seen is not None:
            self._index.add(seen, self._of(seen))

    def _of(self, obj: Stored) -> list[Edge]:
        return [_place(obj.key.kind, obj.key.namespace), *self._edges(obj)]


def _place(kind: str, namespace: str) -> Edge:
    return Edge(kind, Key("Namespace", "", namespace))
