"""What a reconcile may know, put together from what is remembered, as it is at one moment."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from time import monotonic

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.api.lifecyclepolicy import LifecyclePolicySpec, LifecyclePolicyStatus
from imagestore.api.storagebackend import StorageBackendStatus
from imagestore.k8s.cache import Cache
from imagestore.k8s.mirrors import Namespaces
from imagestore.k8s.objects import IMAGE_BUCKET, Key, Stored, lenient, understood
from imagestore.k8s.policies import Policies
from imagestore.k8s.stores import Stores
from imagestore.k8s.surveyor import Surveyor
from imagestore.k8s.views import Views
from imagestore.reconcile.backend.situation import BackendSituation
from imagestore.reconcile.bucket.situation import BucketSituation, Memo, Progress, Referenced
from imagestore.reconcile.lifecycle.matched import BucketView
from imagestore.reconcile.lifecycle.reconcile import PolicySituation
from imagestore.reconcile.shared.situation import Meta, Served, Settings
from imagestore.reconcile.shared.tenancy import eligible

_PATIENCE = 30.0  # seconds; a loop that has ended answers nobody


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
        clock: Callable[[], float] = monotonic,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._cache, self._stores, self._namespaces = cache, stores, namespaces
        self.settings, self.now, self._clock = settings, now, clock
        self._policies = Policies(cache, stores)
        self._surveyor, self._loop = surveyor, loop
        self._views = Views(self._policies, stores, surveyor)
        self._memos: dict[Key, tuple[str, Memo]] = {}

    def forget(self, key: Key) -> None:
        """The object is gone."""
        self._memos.pop(key, None)
        self._views.forget(key)

    def of_bucket(self, obj: Stored, progress: object = None) -> Callable[[], BucketSituation]:
        """What is remembered is looked up now, in the event loop; a thread makes the situation of it.

        That blocks: it may connect to the store. Raises NotUnderstood when the spec is not. ``progress``: what the pass
        that ended a moment ago left for this one.
        """
        named, memo, rival = self._stores.named(obj.backend), self._memo(obj), self._older_rival(obj)
        labels, earlier = self._namespaces.labels(obj.key.namespace), self._cache.earlier_in_namespace(obj)
        referenced = {other.key.name: self._referenced(other) for other in self._cache.reached_from(obj)}
        contributions, surveys = self._policies.of(obj), self._surveyor.of(obj.key)
        found = progress if isinstance(progress, Progress) else None
        return lambda: BucketSituation(
            meta=meta(obj),
            spec=understood(ImageBucketSpec, obj.spec),
            status=lenient(ImageBucketStatus, obj.status),
            store=self._stores.store(named),
            settings=self.settings,
            now=self.now(),
            clock=self._clock(),
            token=lambda: secrets.token_hex(5),
            memo=memo,
            namespace_labels=labels,
            older_rival=rival,
            earlier_buckets=earlier,
            referenced=referenced,
            contributions=contributions,
            surveys=surveys,
            neighbours=lambda: self._asked(lambda: self.served(obj.backend)),
            progress=found,
        )

    def _asked(self, what: Callable[[], tuple[Served, ...]]) -> tuple[Served, ...]:
        """By a thread, of the event loop: a lost bucket is too rare for all to be looked up before each visit."""
        if self._loop is None:
            return what()
        answer: Future[tuple[Served, ...]] = Future()

        def tell() -> None:
            try:
                answer.set_result(what())
            except Exception as error:  # noqa: BLE001  who waits must hear of it
                answer.set_exception(error)

        self._loop.call_soon_threadsafe(tell)
        return answer.result(_PATIENCE)

    def of_backend(self, obj: Stored) -> Callable[[], BackendSituation]:
        """The same of a StorageBackend."""
        name = obj.key.name
        named, served, doubts = self._stores.named(name), self.served(name), self._stores.doubts(name)
        all_known = IMAGE_BUCKET.name not in self._cache.unknown
        return lambda: BackendSituation(
            meta=meta(obj),
            status=lenient(StorageBackendStatus, obj.status),
            store=self._stores.store(named),
            settings=self.settings,
            now=self.now(),
            token=lambda: secrets.token_hex(5),
            served=served,
            all_known=all_known,
            doubts=doubts,
        )

    def served(self, backend: str) -> tuple[Served, ...]:
        """The ImageBuckets that a backend serves. Of a backend that is not understood: all that name it.

        Anybody may name a backend: a squatter in a namespace that is not allowed kept it from being deleted.
        """
        found = (b for b in map(self._cache.get, self._cache.buckets_of(backend)) if b is not None)
        if self._stores.spec(backend) is not None:
            found = (b for b in found if self._eligible(b) and self._older_rival(b) is None)
        return tuple(_served(b) for b in found)

    def of_policy(self, obj: Stored) -> Callable[[], PolicySituation]:
        """The same of a LifecyclePolicy, with the buckets that it is for as it sees them."""
        buckets: Callable[[], tuple[BucketView, ...]] = tuple if obj.deleting else self._views.of_policy(obj)
        return lambda: PolicySituation(
            meta=meta(obj),
            spec=understood(LifecyclePolicySpec, obj.spec),
            status=lenient(LifecyclePolicyStatus, obj.status),
            buckets=buckets(),
            settings=self.settings,
            now=self.now(),
        )

    def _referenced(self, other: Stored) -> Referenced:
        """Its status may be forged: made counts only where the tenancy lets the namespace have that bucket."""
        made = other.incumbent and self._eligible(other) and self._older_rival(other) is None
        return Referenced(other.backend, other.bucket, made, other.deleting, other.references)

    def remember(self, obj: Stored, memo: object) -> None:
        """What its reconcile handed back, for the next one of the same object."""
        now = self._cache.get(obj.key)
        if isinstance(memo, Memo) and now is not None and now.uid == obj.uid:
            self._memos[obj.key] = obj.uid, memo

    def _memo(self, obj: Stored) -> Memo:
        uid, memo = self._memos.get(obj.key, ("", Memo()))
        return memo if uid == obj.uid else Memo()

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


def _served(obj: Stored) -> Served:
    """Looked for are those that would be made again. Of one that is being deleted the bucket may be gone by now, as it
    ought to be, and so may one that was only observed or is suspended: BucketsMissing of those never ended.
    """
    name, made = f"{obj.key.namespace}/{obj.key.name}", obj.remade and not obj.deleting
    return Served(name, obj.bucket, made, obj.endpoint)


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
