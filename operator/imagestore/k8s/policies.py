"""Which LifecyclePolicies are for which ImageBuckets, out of what is remembered. Both live in one namespace."""

import json
from collections.abc import Iterable
from functools import lru_cache

from pydantic import ValidationError

from imagestore.api.lifecyclepolicy import LifecyclePolicySpec
from imagestore.k8s.cache import Cache
from imagestore.k8s.objects import Key, Stored, compact
from imagestore.k8s.stores import Stores
from imagestore.reconcile.desired import inputs_hash
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
        policies = self.of(bucket)
        if not policies:
            return self._stores.inputs(bucket.backend)
        return inputs_hash(self._stores.spec(bucket.backend), policies)

    def matched(self, policy: Stored) -> list[Stored]:
        """The ImageBuckets that this policy, there or gone, is for."""
        keys = self._cache.in_namespace(policy.key.namespace)
        return [b for b in map(self._cache.get, keys) if b is not None and matches(policy.spec, b)]

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
        return [p for p in there if p is not None and matches(p.spec, bucket)]


@lru_cache(maxsize=1024)
def _declared(name: str, raw: bytes) -> Declared:
    """By what it asks for; whom it asks is no input of a bucket that it asks."""
    content = {k: v for k, v in json.loads(raw).items() if k not in ("bucketSelector", "bucketRefs")}
    try:
        spec = LifecyclePolicySpec.model_validate_json(raw, extra="forbid")
    except ValidationError:  # a newer version's: whatever is in force of it stays as it is
        spec = None
    return Declared(name, compact(content), spec)


def matches(policy: bytes, bucket: Stored) -> bool:
    """Whether a policy's spec names this bucket, or selects it by its labels."""
    names, labels = _scope(policy)
    if bucket.key.name in names:
        return True
    return bool(labels) and labels <= set(bucket.labels)


@lru_cache(maxsize=1024)
def _scope(policy: bytes) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """On JSON: a policy that a newer version has extended is still for the same buckets."""
    spec = json.loads(policy)
    refs, selector = spec.get("bucketRefs") or (), spec.get("bucketSelector") or {}
    return frozenset(r.get("name", "") for r in refs), frozenset((selector.get("matchLabels") or {}).items())
