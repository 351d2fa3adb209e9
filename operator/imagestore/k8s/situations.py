"""What a reconcile may know, put together from what is remembered."""

import secrets
from collections.abc import Callable
from datetime import datetime

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.api.storagebackend import StorageBackendStatus
from imagestore.k8s.cache import Cache
from imagestore.k8s.mirrors import Namespaces
from imagestore.k8s.objects import Key, Stored, lenient, understood
from imagestore.k8s.policies import Policies
from imagestore.k8s.stores import Stores
from imagestore.k8s.surveyor import Surveyor
from imagestore.k8s.views import Views
from imagestore.reconcile.seen import Bucket
from imagestore.reconcile.situation import (
    BackendSituation,
    Memo,
    Meta,
    Referenced,
    Served,
    Settings,
    Situation,
)
from imagestore.reconcile.tenancy import eligible


class Situations:
    """Makes situations. The memos live here, and go with their objects."""

    def __init__(
        self,
        cache: Cache,
        stores: Stores,
        namespaces: Namespaces,
        settings: Settings,
        now: Callable[[], datetime],
        surveyor: Surveyor,
    ) -> None:
        self._cache, self._stores, self._namespaces = cache, stores, namespaces
        self.settings, self.now = settings, now
        self._policies = Policies(cache, stores)
        self._surveyor = surveyor
        self._views = Views(self._policies, stores, surveyor)
        self._memos: dict[Key, tuple[str, Memo]] = {}

    def forget(self, key: Key) -> None:
        """The object is gone."""
        self._memos.pop(key, None)
        self._views.forget(key)

    def of_bucket(self, obj: Stored) -> Situation:
        """Blocking: it may connect to the store. Raises NotUnderstood when the spec is not."""
        return Situation(
            meta=meta(obj),
            spec=understood(ImageBucketSpec, obj.spec),
            status=lenient(ImageBucketStatus, obj.status),
            store=self._stores.store(obj.backend),
            settings=self.settings,
            now=self.now(),
            token=lambda: secrets.token_hex(5),
            memo=self._memo(obj),
            namespace_labels=self._namespaces.labels(obj.key.namespace),
            older_rival=self._older_rival(obj),
            earlier_buckets=self._cache.earlier_in_namespace(obj),
            referenced={other.key.name: self._referenced(other) for other in self._cache.reached_from(obj)},
            policies=self._policies.of(obj),
            surveys=self._surveyor.of(obj.key),
            neighbours=lambda: self.served(obj.backend),
        )

    def of_backend(self, obj: Stored) -> BackendSituation:
        """Blocking: it may connect to the store."""
        name = obj.key.name
        return BackendSituation(
            meta=meta(obj),
            status=lenient(StorageBackendStatus, obj.status),
            store=self._stores.store(name),
            settings=self.settings,
            now=self.now(),
            token=lambda: secrets.token_hex(5),
            served=self.served(name),
            doubts=self._stores.doubts(name),
        )

    def served(self, backend: str) -> tuple[Served, ...]:
        """The ImageBuckets that a backend serves, oldest claim first. Of a spec that is not understood: all.

        Anybody may name a backend: a squatter in a namespace that is not allowed kept it from being deleted.
        """
        found = (b for b in map(self._cache.get, self._cache.buckets_of(backend)) if b is not None)
        if self._stores.spec(backend) is not None:
            found = (b for b in found if self._eligible(b) and self._older_rival(b) is None)
        return tuple(
            Served(f"{b.key.namespace}/{b.key.name}", b.bucket, b.incumbent, b.endpoint) for b in found
        )

    def of_policy(self, obj: Stored) -> tuple[Bucket, ...]:
        """The buckets that a policy is for, as it sees them. Blocking: it may connect to their stores."""
        return self._views.of_policy(obj)

    def _referenced(self, other: Stored) -> Referenced:
        """Its status may be forged: made counts only where the tenancy lets the namespace have that bucket."""
        made = other.incumbent and self._eligible(other) and self._older_rival(other) is None
        return Referenced(other.backend, other.bucket, made, other.deleting, other.references)

    def _memo(self, obj: Stored) -> Memo:
        known = self._memos.get(obj.key)
        if known is None or known[0] != obj.uid:
            known = self._memos[obj.key] = (obj.uid, Memo())
        return known[1]

    def _older_rival(self, obj: Stored) -> str | None:
        """Only who might have the bucket counts: else anybody could keep a name from its owner by claiming it."""
        rivals = (r for r in self._cache.older_rivals(obj) if not _tied(obj, r))
        eligible = (r for r in rivals if self._eligible(r))
        return next((f"{r.key.namespace}/{r.key.name}" for r in eligible), None)

    def _eligible(self, rival: Stored) -> bool:
        spec = self._stores.spec(rival.backend)
        namespace = rival.key.namespace
        labels = self._namespaces.labels(namespace)
        return spec is not None and eligible(spec, namespace, labels, rival.bucket)


def _tied(obj: Stored, rival: Stored) -> bool:
    """Made in the same second (Kubernetes counts no finer): then who has the bucket was there before."""
    return obj.created == rival.created and obj.incumbent and not rival.incumbent


def meta(obj: Stored) -> Meta:
    """What Kubernetes knows of an object."""
    return Meta(
        namespace=obj.key.namespace,
        name=obj.key.name,
        uid=obj.uid,
        generation=obj.generation,
        created=obj.created,
        deleting=obj.deleting,
        finalized=obj.finalized,
    )
