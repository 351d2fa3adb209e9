"""Making and deleting objects of our own kinds, for reconciles in their threads."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import TimeoutError as Late
from typing import Any

from imagestore.api.kinds import Kind
from imagestore.controller.edges import ObjectApi, WriteRefused
from imagestore.controller.state.objects import Key
from imagestore.reconcile.shared.making import MADE_BY, NewObject

TellEvent = Callable[[Kind, str, Any], None]
Refresh = Callable[[Key], Awaitable[None]]
_PATIENCE = 30.0  # seconds that a worker thread waits


class MadeObjects:
    """``OwnObjects`` of an API server or a state folder. What is made is told at once: no watch need bring it.

    ``tell``, ``refresh``: of the triggers and the writer, called in the event loop ``loop``.
    """

    def __init__(
        self, objects: ObjectApi, tell: TellEvent, refresh: Refresh, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._objects, self._tell, self._refresh, self._loop = objects, tell, refresh, loop

    def make(self, what: NewObject) -> str:
        """See ``OwnObjects``."""
        return self._wait(self._make(what))

    def remove(self, kind: Kind, namespace: str, name: str, uid: str) -> str:
        """See ``OwnObjects``."""
        return self._wait(self._remove(kind, Key(kind.name, namespace, name), uid))

    def _wait(self, call: Coroutine[Any, Any, str]) -> str:
        done = asyncio.run_coroutine_threadsafe(call, self._loop)
        try:
            return done.result(_PATIENCE)
        except Late:
            done.cancel()
            return "no answer came in time"

    async def _make(self, what: NewObject) -> str:
        try:
            raw = await self._objects.make(what.kind, what.body)
        except WriteRefused as error:
            if error.status != 409:
                return _told(error)
            return await self._there(what)
        self._tell(what.kind, "ADDED", raw)
        return ""

    async def _there(self, what: NewObject) -> str:
        """There is one of its name: ours, if the answer to an earlier try was lost."""
        try:
            raw = await self._objects.read(what.kind, Key(what.kind.name, what.namespace, what.name))
        except WriteRefused as error:
            return _told(error)
        self._tell(what.kind, "MODIFIED", raw)
        if (raw["metadata"].get("annotations") or {}).get(MADE_BY) == what.made_by:
            return ""
        return f"there is another {what.kind.name} {what.name}, which {what.made_by} did not make; delete it"

    async def _remove(self, kind: Kind, key: Key, uid: str) -> str:
        try:
            await self._objects.remove(kind, key, uid)
            await self._refresh(key)
        except WriteRefused as error:
            return "" if error.status in (404, 409) else _told(error)
        return ""


def _told(error: WriteRefused) -> str:
    return f"{error.by}: {error}"
