"""Which LifecyclePolicies are for which ImageBuckets, out of what is remembered. Both live in one namespace."""

import json
from collections.abc import Iterable
from functools import lru_cache

from imagestore.k8s.cache import Cache
from imagestore.k8s.objects import Key, Stored
from imagestore.k8s.stores import Stores
from imagestore.reconcile.desired import with_policies
from imagestore.reconcile.matching import Scope, declared, scope
from imagestore.reconcile.merging import Declared


class Policies:
    """Asked from worker threads too."""

    def __init__(self, cache: Cache, stores: Stores) -> None:
        self._cache, self._stores = cache, stores

    def of(self, bucket: Stored) -> tuple[Declared, ...]:
        """The policies that are for this bucket, by name."""
        return tuple(
            _declared(policy.key.name, policy.spec)
            for policy in self._matching(bucket)
            if not policy.deleting
        )

    def inputs(self, bucket: Stored) -> str:
        """The hash of what decides about a bucket besides its own spec."""
        return with_policies(self._stores.inputs(bucket.backend), self.of(bucket))

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
def _declared(name: str, spec: bytes) -> Declared:
    return declared(name, json.loads(spec))


@lru_cache(maxsize=1024)
def _scope(spec: bytes) -> Scope:
    return scope(json.loads(spec))


def matches(policy: Stored, bucket: Stored) -> bool:
    """Whether a policy names this bucket, or selects it by its labels."""
    return _scope(policy.spec).includes(bucket.key.name, frozenset(bucket.labels))
