"""From what changed to what has to be reconciled, and how soon. No I/O."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from imagestore.api.kinds import Kind
from imagestore.controller.runtime import SECRET, Cause, Kinds, Wake
from imagestore.controller.services import Services
from imagestore.controller.state.cache import ObjectChange
from imagestore.controller.state.objects import Key, Stored, key_of, older
from imagestore.controller.work.queue import Priority, WorkQueue

Json = Any


class Triggers:
    """Where every event, listing and audit goes through."""

    def __init__(
        self, kinds: Kinds, services: Services, queue: WorkQueue, forget: Callable[[Key], None]
    ) -> None:
        self._kinds, self._services, self._queue, self._forget = kinds, services, queue, forget
        self._cache, self._contributions = services.cache, services.contributions

    def knows(self, kind: Kind, raw: Json) -> bool:
        """Whether this version of an object, or a newer one, is remembered: most events echo our own writes."""
        return self._cache.knows(key_of(kind, raw), raw["metadata"]["resourceVersion"])

    def event(self, kind: Kind, type_: str | None, raw: Json) -> None:
        """What a watch or (``type_`` None) a listing brought."""
        if type_ != "DELETED" and self.knows(kind, raw):
            return
        seen = self._kinds[kind.name].stored(raw)
        if type_ == "DELETED":
            self.removed(seen.key, seen.uid)
        else:
            self._noticed(self._cache.put(seen), Cause.LISTED if type_ is None else Cause.WATCHED)

    def asked(self, kind: Kind, raw: Json, before: Stored | None) -> None:
        """What the API server answered about one object; ``before``: as it was remembered when it was asked.

        It answers with the newest there is. Older than what it had told before, then: etcd was restored, and what it
        says now is so, though every change of the object has a lower version until that of before is reached.
        """
        seen = self._kinds[kind.name].stored(raw)
        back = before is not None and older(seen.resource_version, before.resource_version)
        self._noticed(self._cache.put(seen, believed=back), Cause.WATCHED)

    def removed(self, key: Key, uid: str | None = None) -> None:
        """It is known to be gone."""
        change = self._cache.remove(key, uid)
        if change is not None and change.before is not None:
            self._gone(change.before)

    def written(self, kind: Kind, raw: Json) -> Stored | None:
        """The answer to a write of our own: nothing that we said ourselves makes us reconcile the object again.

        An answer that comes after the object's removal is of an object that is gone: remembered, it would count as a user of
        its backend until the next comparison.
        """
        seen = self._kinds[kind.name].stored(raw)
        known = self._cache.get(seen.key)
        change = self._cache.put(seen) if known is not None and known.uid == seen.uid else None
        if change is not None and change.before is not None:
            self._wake(self._affected(change, Cause.WRITTEN))
            if self._contributions.differ(change.before, seen):
                self._wake_receivers(change.before, seen)
            if change.before.status != seen.status:
                self._tell_givers(seen)
        return self._cache.get(seen.key)

    def secret(self, name: str) -> bool:
        """A Secret came, changed or went. Whether an object points at it."""
        pointing = list(self._cache.found(self._cache.pointing(SECRET, Key("Secret", "", name))))
        for obj in pointing:
            wakes = list(self._kinds.of(obj).secret_changed(self._services, obj))
            self._queue.add(obj.key, Priority.RETRY)
            self._wake(wakes)
        return bool(pointing)

    def namespace(self, name: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        """The labels of a namespace changed."""
        for record in self._kinds:
            self._wake(record.namespace_changed(self._services, name, before, after))

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
        self._tell_givers(obj)

    def _noticed(self, change: ObjectChange | None, cause: Cause) -> None:
        if change is None:
            return
        before, after = change.before, change.after
        assert after is not None, "a removal goes another way"  # noqa: S101
        if before is None:
            self._appeared(after, cause)
        elif before.uid != after.uid:
            self._gone(before)
            self._appeared(after, Cause.WATCHED)
        else:
            self._altered(before, after, cause)

    def _appeared(self, obj: Stored, cause: Cause) -> None:
        rests = self._rests(obj) if cause is Cause.LISTED else None
        if cause is not Cause.LISTED:
            self._queue.add(obj.key, Priority.EDIT)
        elif rests is not None:
            self._queue.add_after(obj.key, share(obj.uid) * rests, Priority.LOOK)
        else:
            self._queue.add(obj.key, Priority.LOOK)
        if cause is not Cause.LISTED:
            self._wake_receivers(obj)
        self._tell_givers(obj)
        self._wake(self._affected(ObjectChange(None, obj), cause))

    def _rests(self, obj: Stored) -> float | None:
        """Seconds between two checks of what is as it was left; None: it is not."""
        if not obj.settled or obj.released:
            return None
        return self._kinds.of(obj).rests(self._services, obj)

    def _altered(self, before: Stored, after: Stored, cause: Cause) -> None:
        if before.generation != after.generation or before.deleting != after.deleting:
            self._queue.add(after.key, Priority.EDIT)
        elif _tampered(before, after) and not self._queue.is_running(after.key):
            self._queue.add(after.key, Priority.RETRY)
        if self._contributions.differ(before, after):
            self._wake_receivers(before, after)
        self._wake(self._affected(ObjectChange(before, after), cause))
        self._relabelled(before, after)

    def _relabelled(self, before: Stored, after: Stored) -> None:
        """Labels decide what is given to an object."""
        if (before.labels, before.status) == (after.labels, after.status):
            return
        if self._contributions.of(before) != self._contributions.of(after):
            self._queue.add(after.key, Priority.EDIT)
        self._tell_givers(before, after)

    def _gone(self, obj: Stored) -> None:
        self._queue.forget(obj.key)
        self._forget(obj.key)
        self._kinds.of(obj).gone(self._services, obj.key)
        self._wake_receivers(obj)
        self._tell_givers(obj)
        self._wake(self._affected(ObjectChange(obj, None), Cause.WATCHED))

    def _wake_receivers(self, *givers: Stored) -> None:
        """What is given to an object is an input of it."""
        if self._contributions.gives(givers[0].key.kind):
            self._add(self._contributions.receivers(*givers))

    def _tell_givers(self, *receivers: Stored) -> None:
        """What became of an object is told by those that give it something, soon and all at once."""
        for key in self._contributions.givers(*receivers):
            self._queue.add_after(key, self._services.settings.told_in, Priority.RETRY)

    def _affected(self, change: ObjectChange, cause: Cause) -> Iterator[Wake]:
        obj = change.after or change.before
        assert obj is not None, "something has changed"  # noqa: S101
        return iter(self._kinds.of(obj).affects(self._services, change, cause))

    def _wake(self, wakes: Iterable[Wake]) -> None:
        for wake in wakes:
            self._queue.add_after(wake.key, wake.after, wake.priority)

    def _add(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._queue.add(key, Priority.RETRY)


def _tampered(before: Stored, after: Stored) -> bool:
    """Another writer changed what is ours."""
    return before.status != after.status or (before.finalized and not after.finalized)


def share(uid: str) -> float:
    """The object's place in an interval, 0 to 1, the same at every start."""
    return int.from_bytes(hashlib.blake2b(uid.encode(), digest_size=4).digest()) / 2**32
