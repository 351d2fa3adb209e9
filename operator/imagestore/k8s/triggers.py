"""From what changed to who has to be looked at, and how soon. No I/O."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from imagestore.api.kinds import Kind
from imagestore.core.units import seconds
from imagestore.k8s.cache import Cache, Change
from imagestore.k8s.objects import (
    IMAGE_BUCKET,
    LIFECYCLE_POLICY,
    STORAGE_BACKEND,
    Key,
    Stored,
    key_of,
    older,
    stored,
)
from imagestore.k8s.policies import Policies
from imagestore.k8s.queue import Priority, WorkQueue
from imagestore.k8s.stores import Stores
from imagestore.reconcile.shared.situation import SPREAD
from imagestore.reconcile.shared.tenancy import allowed_namespace

Json = Any
COUNTED_IN = 5.0  # seconds until a backend counts its buckets again: many come and go together
TOLD_IN = 2.0  # seconds until a policy asks its buckets again: one edit of it changes many


class Triggers:
    """Where every event, listing and audit goes through."""

    def __init__(
        self, cache: Cache, queue: WorkQueue, stores: Stores, interval: float, forget: Callable[[Key], None]
    ) -> None:
        self._cache, self._queue, self._stores = cache, queue, stores
        self._interval, self._forget = interval, forget
        self._policies = Policies(cache, stores)

    def knows(self, kind: Kind, raw: Json) -> bool:
        """Whether this version of an object, or a newer one, is remembered: most events echo our own writes."""
        return self._cache.knows(key_of(kind, raw), raw["metadata"]["resourceVersion"])

    def event(self, kind: Kind, type_: str | None, raw: Json) -> None:
        """What a watch or (``type_`` None) a listing brought."""
        if type_ != "DELETED" and self.knows(kind, raw):
            return
        seen = stored(kind, raw)
        if type_ == "DELETED":
            self.removed(seen.key, seen.uid)
        else:
            change = self._cache.put(seen)
            if change is not None:
                self._noticed(change, listed=type_ is None)

    def asked(self, kind: Kind, raw: Json, before: Stored | None) -> None:
        """What the API server answered about one object; ``before``: as it was remembered when it was asked.

        It answers with the newest there is. Older than what it had told before, then: etcd was restored, and what it
        says now is so, though every change of the object has a lower version until that of before is reached.
        """
        seen = stored(kind, raw)
        back = before is not None and older(seen.resource_version, before.resource_version)
        change = self._cache.put(seen, believed=back)
        if change is not None:
            self._noticed(change, listed=False)

    def removed(self, key: Key, uid: str | None = None) -> None:
        """It is known to be gone."""
        change = self._cache.remove(key, uid)
        if change is not None and change.before is not None:
            self._gone(change.before)

    def written(self, kind: Kind, raw: Json) -> Stored | None:
        """The answer to a write of our own: nothing that we said ourselves makes us look again."""
        seen = stored(kind, raw)
        change = self._cache.put(seen)
        if change is not None and change.before is not None and kind is STORAGE_BACKEND:
            self._recovered(change.before, seen)
        elif change is not None and change.before is not None:
            self._led_elsewhere(change.before, seen)
        if change is not None and change.before is not None and change.before.status != seen.status:
            self._tell_policies(seen)
        return self._cache.get(seen.key)

    def secret(self, name: str) -> bool:
        """A Secret came, changed or went. Whether anybody refers to it."""
        backends = self._cache.backends_with(name)
        for key in backends:
            self._stores.drop(key.name)
            self._queue.add(key, Priority.RETRY)
            self._add(self._cache.buckets_of(key.name))
        return bool(backends)

    def namespace(self, name: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        """The labels of a namespace changed. That matters where a backend lets it in that did not, or no longer does.

        A loop that labelled a namespace made all its buckets check each time, 110 calls a second.
        """
        for backend in self._cache.backends_of(name):
            spec = self._stores.spec(backend)
            if spec and allowed_namespace(spec, name, before) != allowed_namespace(spec, name, after):
                self._let_in_or_out(self._cache.of_tenant(name, backend))

    def _let_in_or_out(self, buckets: Sequence[Key]) -> None:
        """They, and whoever claims what they claim: a claim counts of who may have the bucket."""
        self._add(buckets)
        for bucket in filter(None, map(self._cache.get, buckets)):
            self._add(self._cache.younger_rivals(bucket))
            self._recount(bucket)

    def everything(self) -> None:
        """A kind is known that was not: what depends on it waited."""
        self._add(obj.key for obj in self._cache.all())

    def counted(self, key: Key, *, awaited: bool) -> None:
        """What is in a bucket was counted: for a change of it that waits, and for its policies."""
        obj = self._cache.get(key)
        if obj is None:
            return
        if awaited:
            self._queue.add(key, Priority.RETRY)
        self._tell_policies(obj)

    def _noticed(self, change: Change, *, listed: bool) -> None:
        before, after = change.before, change.after
        assert after is not None, "a removal goes another way"  # noqa: S101
        if before is None:
            self._appeared(after, listed=listed)
        elif before.uid != after.uid:
            self._gone(before)
            self._appeared(after, listed=False)
        else:
            self._altered(before, after)

    def _appeared(self, obj: Stored, *, listed: bool) -> None:
        if not listed:
            self._queue.add(obj.key, Priority.EDIT)
        elif obj.settled and not obj.let_go and self._same_inputs(obj):
            self._queue.add_after(obj.key, _share(obj.uid) * self._pause(obj), Priority.LOOK)
        else:
            self._queue.add(obj.key, Priority.LOOK)
        if obj.key.kind == STORAGE_BACKEND.name:
            self._add(self._unsettled(self._cache.buckets_of(obj.backend)))
        elif obj.key.kind == LIFECYCLE_POLICY.name:
            self._add(() if listed else self._policies.buckets(obj))
        else:
            self._tell_policies(obj)
            self._add(self._cache.younger_rivals(obj))
            # A restart lists everything: then only who was left waiting is in a hurry.
            referrers = self._cache.referrers(obj.key)
            self._add(self._unsettled(referrers) if listed else referrers)
            if not listed:
                self._recount(obj)

    def _altered(self, before: Stored, after: Stored) -> None:
        if before.generation != after.generation or before.deleting != after.deleting:
            self._queue.add(after.key, Priority.EDIT)
        elif _tampered(before, after) and not self._queue.is_running(after.key):
            self._queue.add(after.key, Priority.RETRY)
        if after.key.kind == STORAGE_BACKEND.name:
            if before.spec != after.spec:
                self._add(self._cache.buckets_of(after.backend))
            self._recovered(before, after)
        elif after.key.kind == LIFECYCLE_POLICY.name:
            if (before.spec, before.deleting) != (after.spec, after.deleting):
                self._add(self._policies.buckets(before, after))
        else:
            self._led_elsewhere(before, after)
            self._relabelled(before, after)

    def _led_elsewhere(self, before: Stored, after: Stored) -> None:
        """Whoever names this bucket in a setting hears that it is there now, or is going."""
        if _seen_by_referrers(before) != _seen_by_referrers(after):
            self._add(self._cache.referrers(after.key))

    def _relabelled(self, before: Stored, after: Stored) -> None:
        """A bucket's labels decide which policies are for it."""
        if (before.labels, before.status) == (after.labels, after.status):
            return
        if self._policies.of(before) != self._policies.of(after):
            self._queue.add(after.key, Priority.EDIT)
        self._tell_policies(before, after)

    def _tell_policies(self, *buckets: Stored) -> None:
        """What became of a bucket is told by the policies that are for it, soon and all at once."""
        for key in self._policies.keys(*(b for b in buckets if b.key.kind == IMAGE_BUCKET.name)):
            self._queue.add_after(key, TOLD_IN, Priority.RETRY)

    def _recovered(self, before: Stored, after: Stored) -> None:
        """A backend that answers again, or whose tiers are others: who waited for it need not wait longer.

        Who is being worked on does not wait: a backend's first Ready made every bucket that was just being created
        look at itself once more.
        """
        if before.ready != "True" and after.ready == "True":
            waiting = self._unsettled(self._cache.buckets_of(after.backend))
            self._add(key for key in waiting if not self._queue.is_running(key))
        if before.ready == "True" and after.ready == "False":
            self._silenced(after.backend)
        if before.tiers != after.tiers:
            self._add(self._cache.buckets_of(after.backend))
        if before.holds != after.holds:
            self._held(after.backend, before.holds, after.holds)

    def _held(self, backend: str, before: str, after: str) -> None:
        """Another store concerns every bucket. Of missing ones only an end is news, also for who runs.

        An approval edits the backend, which makes all of them look: they met the hold before its end was written.
        """
        buckets = self._cache.buckets_of(backend)
        if "another" in (before, after):
            self._add(buckets)
        elif not after:
            self._add([*self._unsettled(buckets), *filter(self._queue.is_running, buckets)])

    def _silenced(self, backend: str) -> None:
        """A backend that answers no more: what its buckets' statuses say is not known any longer, before their next look."""
        for obj in filter(None, map(self._cache.get, self._cache.buckets_of(backend))):
            self._queue.add_after(obj.key, _share(obj.uid) * SPREAD, Priority.LOOK)

    def _gone(self, obj: Stored) -> None:
        self._queue.forget(obj.key)
        self._forget(obj.key)
        if obj.key.kind == STORAGE_BACKEND.name:
            self._stores.drop(obj.key.name)
            self._add(self._cache.buckets_of(obj.key.name))
            return
        if obj.key.kind == LIFECYCLE_POLICY.name:
            self._add(self._policies.buckets(obj))
            return
        self._tell_policies(obj)
        self._add(self._cache.younger_rivals(obj))
        self._add(self._cache.referrers(obj.key))
        self._recount(obj)
        spec = self._stores.spec(obj.backend)
        if spec is not None and spec.tenancy is not None and spec.tenancy.max_buckets is not None:
            self._add(self._unsettled(self._cache.later_in_namespace(obj)))

    def _recount(self, obj: Stored) -> None:
        backend = self._cache.get(Key(STORAGE_BACKEND.name, "", obj.backend))
        if backend is None:
            return
        last = backend.deleting and self._cache.count_of(obj.backend) == 0
        self._queue.add_after(backend.key, 0.0 if last else COUNTED_IN, Priority.RETRY)

    def _unsettled(self, keys: Iterable[Key]) -> list[Key]:
        objects = [o for o in map(self._cache.get, keys) if o is not None]
        return [o.key for o in objects if not o.settled]

    def _add(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._queue.add(key, Priority.RETRY)

    def _same_inputs(self, obj: Stored) -> bool:
        """Whether what decides besides the spec is as it was when the status was written."""
        if obj.key.kind != IMAGE_BUCKET.name:
            return False  # there are few, and what they say of their store should be fresh
        return obj.inputs == self._policies.inputs(obj)

    def _pause(self, obj: Stored) -> float:
        try:
            return float(seconds(obj.interval)) or self._interval
        except ValueError:
            return self._interval


def _seen_by_referrers(obj: Stored) -> tuple[object, ...]:
    return obj.incumbent, obj.deleting, obj.references


def _tampered(before: Stored, after: Stored) -> bool:
    """Somebody else wrote what is ours."""
    return before.status != after.status or (before.finalized and not after.finalized)


def _share(uid: str) -> float:
    """The object's place in an interval, 0 to 1, the same at every start."""
    return int.from_bytes(hashlib.blake2b(uid.encode(), digest_size=4).digest()) / 2**32
