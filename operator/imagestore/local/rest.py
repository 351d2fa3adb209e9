"""When nothing is left to do at once: what a single run waits for, and what it does not.

A settled object comes again at its interval, which is not waited for. Drift that has to be confirmed, a retry, a count and an
object that another one waits for are.
"""

from collections.abc import Callable
from dataclasses import dataclass

from imagestore.controller.assembly import Controller
from imagestore.controller.state.objects import Key, Stored
from imagestore.core.outcome import Continue, OnChange, Requeue, Then

_PERIODIC = 120.0  # seconds; the worker, too, takes what comes so late for a periodic check
_EARLY = 0.88  # the worker shortens a pause by a tenth at most
_ENOUGH = 2  # reconciles of a stalled object that changed nothing


@dataclass(frozen=True)
class _Last:
    """How the last reconcile of an object ended. ``due``: when the next one may come by itself; ``unchanged``: in a row."""

    then: Then
    due: float
    unchanged: int


class Rest:
    """Hears how reconciles end, and knows what is still waited for."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last: dict[Key, _Last] = {}

    def ended(self, key: Key, then: Then, writes: int) -> None:
        """Hear of one. For ``Surface.ended``."""
        before = self._last.get(key)
        unchanged = 0 if writes else (before.unchanged if before else 0) + 1
        seconds = then.seconds if isinstance(then, Requeue) else 0.0
        self._last[key] = _Last(then, self._clock() + seconds * _EARLY, unchanged)

    def waited_for(self, what: Controller) -> dict[Key, float]:
        """The objects that are not at rest, with the seconds until each is worked on again; 0: now."""
        found = {}
        for key, seconds in what.queue.pending().items():
            obj = what.cache.get(key)
            if obj is not None and not self._at_rest(what, obj, seconds):
                found[key] = seconds
        return found

    def _at_rest(self, what: Controller, obj: Stored, seconds: float) -> bool:
        last = self._last.get(obj.key)
        if last is None or isinstance(last.then, Continue):
            return False
        if self._clock() + seconds < last.due or isinstance(last.then, OnChange):
            return False  # something else asked for it
        # A deletion that a person must make possible is tried again for ever. A spec may also have drift to confirm.
        stalled = ("Stalled", "True") in obj.conditions and (obj.deleting or last.unchanged >= _ENOUGH)
        return stalled or last.then.seconds >= _PERIODIC or last.then.seconds in _intervals(what, obj)


def _intervals(what: Controller, obj: Stored) -> tuple[float | None, ...]:
    """Seconds between two periodic checks of a settled object, or two probes of a backend."""
    record, settings = what.kinds.of(obj), what.services.settings
    return (record.rests(what.services, obj), settings.pulse if record.silent else settings.default_interval)
