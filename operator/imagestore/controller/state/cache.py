"""All objects as last seen, and who has to be looked at again when one of them changes.

Pure, and of one thread, the event loop's, which reads and writes it. Another thread met a dict that changed its size, or
a backend between the removal and the return of its only bucket, and let go a backend in use: so it is refused, and what
a reconcile has to know is looked up before its thread begins. Filled from three sides (events, listings, answers to our
own writes), so the newest resource version wins, whoever brings it.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from threading import get_ident

from imagestore.k8s.objects import IMAGE_BUCKET, LIFECYCLE_POLICY, STORAGE_BACKEND, Key, Stored, newer

Age = tuple[datetime, str]
Ranked = tuple[datetime, str, Key]


@dataclass(frozen=True)
class Change:
    """What became known: ``before`` None is new, ``after`` None is gone."""

    before: Stored | None
    after: Stored | None


class WrongThread(RuntimeError):
    """A bug: the cache was asked outside the thread that it belongs to."""


class Cache:
    """Objects by key, with indexes. It belongs to the thread in which it was made."""

    def __init__(self) -> None:
        self._thread = get_ident()
        self._known: dict[Key, Stored] = {}
        self.unknown: set[str] = (
            set()
        )  # kinds that could not be listed: whatever is remembered of them is not all
        self._claims: dict[tuple[str, str], list[Ranked]] = {}
        self._tenants: dict[tuple[str, str], list[Ranked]] = {}
        self._spaces: defaultdict[str, dict[str, None]] = defaultdict(dict)  # the backends of a namespace
        self._by_backend: defaultdict[str, dict[Key, None]] = defaultdict(dict)
        self._by_secret: defaultdict[str, set[Key]] = defaultdict(set)
        self._by_reference: defaultdict[Key, set[Key]] = defaultdict(set)
        self._policies: defaultdict[str, dict[Key, None]] = defaultdict(dict)
        self._asked: defaultdict[str, int] = defaultdict(
            int
        )  # how often a namespace's policies asked otherwise

    @property
    def _objects(self) -> dict[Key, Stored]:
        self._check()
        return self._known

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

    def knows(self, key: Key, resource_version: str) -> bool:
        """Whether this version, or a newer one, is remembered."""
        known = self._objects.get(key)
        return known is not None and not newer(resource_version, known.resource_version)

    def put(self, seen: Stored, *, believed: bool = False) -> Change | None:
        """Remember it, unless something newer is remembered already. ``believed``: whatever is remembered."""
        known = self._objects.get(seen.key)
        if known is not None and not believed and not newer(seen.resource_version, known.resource_version):
            return None
        if known is not None:
            self._unindex(known)
        if known is None or (known.spec, known.deleting) != (seen.spec, seen.deleting):
            self._asks_otherwise(seen)
        self._objects[seen.key] = seen
        self._index(seen)
        return Change(known, seen)

    def remove(self, key: Key, uid: str | None = None) -> Change | None:
        """Forget it. With a uid only that one: a namesake made since stays."""
        known = self._objects.get(key)
        if known is None or uid not in (None, known.uid):
            return None
        del self._objects[key]
        self._asks_otherwise(known)
        self._unindex(known)
        return Change(known, None)

    def buckets_of(self, backend: str) -> tuple[Key, ...]:
        """The ImageBuckets that name this backend."""
        self._check()
        return tuple(self._by_backend.get(backend, ()))

    def count_of(self, backend: str) -> int:
        """How many ImageBuckets name this backend."""
        self._check()
        return len(self._by_backend.get(backend, ()))

    def backends_with(self, secret: str) -> tuple[Key, ...]:
        """The StorageBackends that refer to this Secret."""
        self._check()
        return tuple(sorted(self._by_secret.get(secret, ())))

    def reached_from(self, obj: Stored) -> list[Stored]:
        """The ImageBuckets that its settings name, and those that theirs name, as far as they are there."""
        found: dict[Key, Stored] = {}
        left = list(_named(obj))
        while left:
            key = left.pop()
            other = self._objects.get(key)
            if other is not None and key not in found:
                found[key] = other
                left += _named(other)
        return list(found.values())

    def referrers(self, key: Key) -> tuple[Key, ...]:
        """The ImageBuckets with a setting that names this one, which need not be there."""
        self._check()
        return tuple(sorted(self._by_reference.get(key, ())))

    def older_rivals(self, obj: Stored) -> Iterator[Stored]:
        """ImageBuckets that claim the same bucket of the same backend and were there before, oldest first."""
        self._check()
        for rank in self._claims.get(_claim(obj), ()):
            if rank[:2] >= obj.age:
                return
            yield self._objects[rank[2]]

    def younger_rivals(self, obj: Stored) -> tuple[Key, ...]:
        """ImageBuckets that came later to the same claim; ``obj`` itself need not be there any more."""
        self._check()
        return _later(self._claims.get(_claim(obj), []), obj)

    def earlier_in_namespace(self, obj: Stored) -> int:
        """How many ImageBuckets of the same namespace on the same backend were there before."""
        self._check()
        return bisect_left(self._tenants.get(_tenant(obj), []), (*obj.age, obj.key))

    def later_in_namespace(self, obj: Stored) -> tuple[Key, ...]:
        """ImageBuckets of the same namespace on the same backend that came later."""
        self._check()
        return _later(self._tenants.get(_tenant(obj), []), obj)

    def backends_of(self, namespace: str) -> tuple[str, ...]:
        """The StorageBackends that a namespace's ImageBuckets name."""
        self._check()
        return tuple(self._spaces.get(namespace, ()))

    def of_tenant(self, namespace: str, backend: str) -> tuple[Key, ...]:
        """The ImageBuckets of a namespace on one backend."""
        self._check()
        return tuple(rank[2] for rank in self._tenants.get((namespace, backend), ()))

    def in_namespace(self, namespace: str) -> tuple[Key, ...]:
        """The ImageBuckets of a namespace."""
        return tuple(k for name in self.backends_of(namespace) for k in self.of_tenant(namespace, name))

    def policies_in(self, namespace: str) -> tuple[Key, ...]:
        """The LifecyclePolicies of a namespace."""
        self._check()
        return tuple(self._policies.get(namespace, ()))

    def asked_in(self, namespace: str) -> int:
        """Another number whenever one of a namespace's LifecyclePolicies asks for something else."""
        self._check()
        return self._asked[namespace] if namespace in self._policies else 0

    def _asks_otherwise(self, obj: Stored) -> None:
        if obj.key.kind == LIFECYCLE_POLICY.name:
            self._asked[obj.key.namespace] += 1

    def _left(self, obj: Stored) -> None:
        """A namespace's bucket of a backend is gone, perhaps its last."""
        if _tenant(obj) in self._tenants:
            return
        self._spaces[obj.key.namespace].pop(obj.backend, None)
        if not self._spaces[obj.key.namespace]:
            del self._spaces[obj.key.namespace]

    def _index(self, obj: Stored) -> None:
        if obj.key.kind == LIFECYCLE_POLICY.name:
            self._policies[obj.key.namespace][obj.key] = None
        if obj.key.kind == STORAGE_BACKEND.name:
            for secret in obj.secrets:
                self._by_secret[secret].add(obj.key)
        elif obj.key.kind == IMAGE_BUCKET.name:
            self._by_backend[obj.backend][obj.key] = None
            insort(self._claims.setdefault(_claim(obj), []), (*obj.age, obj.key))
            insort(self._tenants.setdefault(_tenant(obj), []), (*obj.age, obj.key))
            self._spaces[obj.key.namespace][obj.backend] = None
            for named in _named(obj):
                self._by_reference[named].add(obj.key)

    def _unindex(self, obj: Stored) -> None:
        for secret in obj.secrets:
            self._by_secret[secret].discard(obj.key)
        if obj.key.kind == LIFECYCLE_POLICY.name:
            self._policies[obj.key.namespace].pop(obj.key, None)
            if not self._policies[obj.key.namespace]:
                del self._policies[obj.key.namespace]
        if obj.key.kind == IMAGE_BUCKET.name:
            self._by_backend[obj.backend].pop(obj.key, None)
            if not self._by_backend[obj.backend]:
                del self._by_backend[obj.backend]
            _drop(self._claims, _claim(obj), obj)
            _drop(self._tenants, _tenant(obj), obj)
            self._left(obj)
            for named in _named(obj):
                self._by_reference[named].discard(obj.key)
                if not self._by_reference[named]:
                    del self._by_reference[named]


def _claim(obj: Stored) -> tuple[str, str]:
    return obj.backend, obj.bucket


def _named(obj: Stored) -> Iterator[Key]:
    return (Key(obj.key.kind, obj.key.namespace, name) for name in sorted({n for _, n in obj.references}))


def _tenant(obj: Stored) -> tuple[str, str]:
    return obj.key.namespace, obj.backend


def _later(ranks: list[Ranked], obj: Stored) -> tuple[Key, ...]:
    start = bisect_left(ranks, (*obj.age, obj.key))
    return tuple(r[2] for r in ranks[start:] if r[2] != obj.key)


def _drop(index: dict[tuple[str, str], list[Ranked]], where: tuple[str, str], obj: Stored) -> None:
    ranks, rank = index[where], (*obj.age, obj.key)
    position = bisect_left(ranks, rank)
    if position < len(ranks) and ranks[position] == rank:
        del ranks[position]
    if not ranks:
        del index[where]
