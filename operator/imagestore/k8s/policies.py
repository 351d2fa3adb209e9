"""Which LifecyclePolicies are for which ImageBuckets, out of what is remembered. Both live in one namespace."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from imagestore.k8s.cache import Cache
from imagestore.k8s.objects import LIFECYCLE_POLICY, Key, Stored
from imagestore.k8s.stores import Stores
from imagestore.reconcile.lifecycle.merging import UNKNOWN_POLICIES
from imagestore.reconcile.lifecycle.selector import PolicyScope, contribution_of, scope_of
from imagestore.reconcile.shared.contribution import Contribution, digest_with

_MOST = 5000  # buckets of a namespace of which it is kept
_SPACES = 1000  # namespaces of which it is kept: those of previews come and go
_Bucket = tuple[str, tuple[tuple[str, str], ...]]  # its name and its labels


@dataclass(frozen=True)
class _Found:
    """The policies of one bucket, and what their hash is together with that of a backend."""

    policies: tuple[Contribution, ...]
    inputs: dict[str, str] = field(default_factory=dict)


_UNKNOWN = _Found((UNKNOWN_POLICIES,))  # then the rules of policies stay as they are


class Policies:
    """Asked in the event loop."""

    def __init__(self, cache: Cache, stores: Stores) -> None:
        self._cache, self._stores = cache, stores
        self._found: dict[str, tuple[int, dict[_Bucket, _Found]]] = {}  # by namespace

    def of(self, bucket: Stored) -> tuple[Contribution, ...]:
        """The policies that are for this bucket, by name."""
        return self._of(bucket).policies

    def inputs(self, bucket: Stored) -> str:
        """The hash of what decides about a bucket besides its own spec."""
        found, told = self._of(bucket), self._stores.inputs(bucket.backend)
        if told not in found.inputs:
            found.inputs[told] = digest_with(told, found.policies)
        return found.inputs[told]

    def _of(self, bucket: Stored) -> _Found:
        """Found once until a policy asks for something else: a policy asks this of all its buckets, each time."""
        if LIFECYCLE_POLICY.name in self._cache.unknown:
            return _UNKNOWN
        asked, namespace = self._cache.asked_in(bucket.key.namespace), bucket.key.namespace
        if self._found.get(namespace, (0,))[0] != asked:
            if len(self._found) >= _SPACES:
                self._found.clear()
            self._found[namespace] = asked, {}
        known = self._found[namespace][1] if asked else {}
        if len(known) > _MOST:  # buckets that come and go
            known.clear()
        which = bucket.key.name, bucket.labels
        if which not in known:
            known[which] = _Found(
                tuple(_declared(p.key.name, p.spec) for p in self._matching(bucket) if not p.deleting)
            )
        return known[which]

    def matched(self, policy: Stored) -> list[Stored]:
        """The ImageBuckets that this policy, there or gone, is for."""
        keys = self._cache.in_namespace(policy.key.namespace)
        return [b for b in map(self._cache.get, keys) if b is not None and matches(policy, b)]

    def buckets(self, *policies: Stored | None) -> set[Key]:
        """Of all buckets that any of these policies is for."""
        return {b.key for p in policies if p is not None for b in self.matched(p)}

    def keys(self, *buckets: Stored | None) -> set[Key]:
        """Of all policies that are for any of these buckets."""
        return {p.key for b in buckets if b is not None for p in self._matching(b)}

    def _matching(self, bucket: Stored) -> list[Stored]:
        there: Iterable[Stored | None] = map(
            self._cache.get, sorted(self._cache.policies_in(bucket.key.namespace))
        )
        return [p for p in there if p is not None and matches(p, bucket)]


@lru_cache(maxsize=1024)
def _declared(name: str, spec: bytes) -> Contribution:
    return contribution_of(name, json.loads(spec))


@lru_cache(maxsize=1024)
def _scope(spec: bytes) -> PolicyScope:
    return scope_of(json.loads(spec))


def matches(policy: Stored, bucket: Stored) -> bool:
    """Whether a policy names this bucket, or selects it by its labels."""
    return _scope(policy.spec).includes(bucket.key.name, frozenset(bucket.labels))
