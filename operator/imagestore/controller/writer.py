"""Carrying out an Outcome: finalizer first, then status, then letting go. The only writes to our own objects.

Each write carries a resourceVersion, so a stale one gets a 409 instead of undoing another writer's change, and a
re-created namesake is never touched. What is already there is not written again.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from imagestore.controller.edges import Gone, ObjectApi, WriteRefused
from imagestore.controller.runtime import Kinds
from imagestore.controller.state.cache import Cache
from imagestore.controller.state.objects import Key, Stored, compact
from imagestore.controller.work.triggers import Triggers
from imagestore.core.model import Model
from imagestore.core.outcome import Finalizer, Outcome

Json = Any


class Writer:
    """Writes what a reconcile decided about one object."""

    def __init__(self, kinds: Kinds, objects: ObjectApi, cache: Cache, triggers: Triggers) -> None:
        self._kinds, self._objects, self._cache, self._triggers = kinds, objects, cache, triggers
        self._sent: dict[Key, tuple[bytes, bytes]] = {}  # what we wrote, and what the API server made of it

    def forget(self, key: Key) -> None:
        """The object is gone."""
        self._sent.pop(key, None)

    async def carry_out(self, seen: Stored, outcome: Outcome[Any]) -> int:
        """How many writes it took. Raises Gone, or ApiError when the API server refuses."""
        writes = 0
        if outcome.finalizer is Finalizer.HOLD:
            writes += await self._hold(seen)
        if outcome.status is not None and not self._vanishes(seen, outcome):
            writes += await self._report(seen, outcome.status)
        if outcome.finalizer is Finalizer.RELEASE:
            writes += await self._release(seen)
        return writes

    async def refresh(self, key: Key) -> None:
        """Ask the API server for the object as it is now."""
        before, kind = self._cache.get(key), self._kinds[key.kind].kind
        try:
            raw = await self._objects.read(kind, key)
        except WriteRefused as error:
            if error.status != 404:
                raise
            self._triggers.removed(key)
        else:
            self._triggers.asked(kind, raw, before)

    async def status(self, seen: Stored, content: Json) -> int:
        """Write a status that is not a model."""
        return await self._write_status(self._current(seen), content)

    def _current(self, seen: Stored) -> Stored:
        now = self._cache.get(seen.key)
        if now is None or now.uid != seen.uid:
            raise Gone(str(seen.key))
        return now

    def _vanishes(self, seen: Stored, outcome: Outcome[Any]) -> bool:
        """Whether the object is gone once it is released: then its status cannot be read."""
        now = self._current(seen)
        return (
            outcome.finalizer is Finalizer.RELEASE and now.deleting and set(now.finalizers) <= {now.finalizer}
        )

    async def _hold(self, seen: Stored) -> int:
        now = self._current(seen)
        if now.finalizer is None or now.finalized or now.deleting:  # then it is too late to add one
            return 0
        await self._finalizers(now, (*now.finalizers, now.finalizer))
        return 1

    async def _release(self, seen: Stored) -> int:
        now = self._current(seen)
        if not now.finalized:
            return 0
        left = tuple(f for f in now.finalizers if f != now.finalizer)
        await self._finalizers(now, left)
        if now.deleting and not left:
            self._triggers.removed(now.key, now.uid)
        return 1

    async def _finalizers(self, now: Stored, wanted: Sequence[str]) -> None:
        kind = self._kinds.of(now).kind
        raw = await self._objects.put_finalizers(kind, now.key, now.resource_version, wanted)
        self._triggers.written(kind, raw)

    async def _report(self, seen: Stored, status: Model) -> int:
        return await self._write_status(self._current(seen), status.to_json())

    async def _write_status(self, now: Stored, content: Json) -> int:
        wanted = compact(content)
        if now.status == wanted or self._sent.get(now.key) == (_short(wanted), _short(now.status)):
            return 0
        kind = self._kinds.of(now).kind
        raw = await self._objects.put_status(kind, now.key, now.resource_version, content)
        written = self._triggers.written(kind, raw)
        if compact(raw.get("status") or {}) != wanted and written is not None:
            # An older CRD drops fields that it does not know: that must not make us write for ever.
            self._sent[now.key] = (_short(wanted), _short(written.status))
        return 1


def _short(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
