"""Posting Events on events.k8s.io/v1, in the background, so that no reconcile waits for one."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from imagestore import metrics
from imagestore.controller.logs import REDACTOR
from imagestore.controller.runtime import Kinds
from imagestore.controller.state.objects import Stored
from imagestore.core.fencing import Fenced
from imagestore.core.outcome import Event
from imagestore.k8s.api.client import ApiError, Client
from imagestore.k8s.api.resources import EVENTS
from imagestore.k8s.sink.events import Flood, Occasion, Series, SeriesLedger

log = logging.getLogger(__name__)
CONTROLLER = "imagestore.dev/operator"
_LONGEST = 1024  # bytes of a note that the API takes
_TICK = 2.0


class ApiRecorder:
    """Takes notes, posts Events."""

    def __init__(self, kinds: Kinds, client: Client, instance: str, clock: Callable[[], float]) -> None:
        self._kinds, self._client, self._instance, self._clock = kinds, client, instance, clock
        self._ledger = SeriesLedger(clock())
        self._new: asyncio.Queue[tuple[Occasion, Series]] = asyncio.Queue()

    def note(self, obj: Stored, note: Event) -> None:
        """Tell about an object. Never waits, never fails."""
        log.log(logging.WARNING if note.warning else logging.INFO, "%s: %s", note.reason, note.message)
        occasion = Occasion(obj.key, obj.uid, note)
        name = f"{obj.key.name[:200]}.{secrets.token_hex(8)}"
        try:
            series = self._ledger.note(occasion, name, obj.key.namespace or "default", self._clock())
        except Flood:
            metrics.KUBERNETES_EVENTS.labels("dropped").inc()
            return
        if series is not None:
            self._new.put_nowait((occasion, series))

    async def run(self) -> None:
        """Post for ever."""
        while True:
            try:
                async with asyncio.timeout(_TICK):
                    new = await self._new.get()
            except TimeoutError:
                await self.flush()
            else:
                await self._post(*new)

    async def flush(self) -> None:
        """Post all that waits."""
        while not self._new.empty():
            await self._post(*self._new.get_nowait())
        for occasion, series in self._ledger.due(self._clock()):
            await self._update(series, occasion)

    async def _post(self, occasion: Occasion, series: Series) -> None:
        if await self._call(
            self._client.create(EVENTS, series.namespace, self._body(occasion, series)), occasion
        ):
            series.posted = 1
            metrics.KUBERNETES_EVENTS.labels("sent").inc()

    async def _update(self, series: Series, occasion: Occasion) -> None:
        body = {"series": {"count": series.count, "lastObservedTime": _micro()}}
        if await self._call(self._client.patch(EVENTS, series.namespace, series.name, body), occasion):
            series.posted, series.told = series.count, self._clock()
            metrics.KUBERNETES_EVENTS.labels("aggregated").inc()

    async def _call(self, call: Any, occasion: Occasion) -> bool:
        try:
            await call
        except Fenced:
            return False
        except ApiError as error:
            self._ledger.drop(occasion)
            metrics.KUBERNETES_EVENTS.labels("dropped").inc()
            # In a namespace that is being deleted nothing can be made: the log is what remains.
            level = logging.INFO if "NamespaceTerminating" in error.causes else logging.WARNING
            log.log(level, "the Event %s of %s is not posted: %s", occasion.note.reason, occasion.key, error)
            return False
        return True

    def _body(self, occasion: Occasion, series: Series) -> dict[str, Any]:
        key, note = occasion.key, occasion.note
        regarding = {
            "apiVersion": self._kinds[key.kind].kind.api_version,
            "kind": key.kind,
            "name": key.name,
            "uid": occasion.uid,
        }
        if key.namespace:
            regarding["namespace"] = key.namespace
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": series.name, "namespace": series.namespace},
            "eventTime": _micro(),
            "reportingController": CONTROLLER,
            "reportingInstance": self._instance[:128],
            "type": "Warning" if note.warning else "Normal",
            "reason": note.reason[:128],
            "action": note.action[:128],
            "note": _cut(REDACTOR.clean(note.message)),
            "regarding": regarding,
        }


def _cut(text: str) -> str:
    raw = text.encode()
    return text if len(raw) <= _LONGEST else raw[: _LONGEST - 4].decode("utf-8", "ignore") + " ..."


def _micro() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
