"""Which Events are worth a call: equal ones are counted in a series, and a limit keeps the API server from being flooded. Pure."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from imagestore.controller.state.objects import Key
from imagestore.core.outcome import Event

FORGET = 360.0  # seconds after which an equal note is a new Event
REPEAT = 30.0  # at most one update of a series in this time
_MOST = 4096  # remembered series


class Occasion(NamedTuple):
    """What makes two notes equal."""

    key: Key
    uid: str
    note: Event


@dataclass
class Series:
    """One Event in the API and how often it has happened."""

    name: str
    namespace: str
    count: int = 1
    seen: float = 0.0
    told: float = 0.0
    posted: int = 0  # the count that the API knows

    @property
    def pending(self) -> bool:
        """Whether the API does not know the present count."""
        return self.posted > 0 and self.count > self.posted


class TokenBucket:
    """A token bucket: ``burst`` at once, then ``rate`` a second."""

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate, self._burst, self._tokens, self._then = rate, burst, float(burst), now

    def take(self, now: float) -> bool:
        """Whether one more is allowed now."""
        self._tokens = min(self._burst, self._tokens + (now - self._then) * self._rate)
        self._then = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class SeriesLedger:
    """All series of the last minutes."""

    def __init__(self, now: float, *, rate: float = 20.0, burst: int = 1000) -> None:
        self._series: OrderedDict[Occasion, Series] = OrderedDict()
        self._bucket = TokenBucket(rate, burst, now)

    def note(self, occasion: Occasion, name: str, namespace: str, now: float) -> Series | None:
        """A new series to post, or None: it is one more of a known one, or too many."""
        self._expire(now)
        known = self._series.get(occasion)
        if known is not None:
            known.count, known.seen = known.count + 1, now
            self._series.move_to_end(occasion)
            return None
        if not self._bucket.take(now):
            raise Flood
        made = self._series[occasion] = Series(name, namespace, seen=now, told=now)
        return made

    def due(self, now: float) -> list[tuple[Occasion, Series]]:
        """Series whose count should be told now: the second time soon, then not too often."""
        found = [(o, s) for o, s in self._series.items() if s.pending and self._is_due(s, now)]
        return [(o, s) for o, s in found if self._bucket.take(now)]

    def drop(self, occasion: Occasion) -> None:
        """Its Event could not be posted."""
        self._series.pop(occasion, None)

    def _is_due(self, series: Series, now: float) -> bool:
        return series.posted == 1 or now - series.told >= REPEAT

    def _expire(self, now: float) -> None:
        while self._series:
            occasion, oldest = next(iter(self._series.items()))
            if len(self._series) <= _MOST and now - oldest.seen < FORGET:
                return
            del self._series[occasion]


class Flood(Exception):
    """More Events than may be posted."""
