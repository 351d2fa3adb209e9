"""A rate that a run keeps to: bytes or requests a second, shared by all of its threads."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

MOVED_AT_ONCE = 18
_LARGE_AT_ONCE = 2
_MEBIBYTE = 1024**2
_ASKED_AGAIN = 1.0  # seconds after which a run that waits hears that it is to stop


@dataclass
class Pace:
    """``rate`` a second; None: as fast as it goes. A second's worth may be spent at once."""

    rate: float | None
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    _due: float = field(default=0.0, init=False)  # when what was spent so far is paid for
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def spend(self, amount: int) -> None:
        """Wait until this much may be used."""
        if self.rate is None:
            return
        with self._lock:
            now = self.clock()
            self._due = max(self._due, now - 1.0) + amount / self.rate
            pause = self._due - now
        if pause > 0:
            self.sleep(pause)


def until_stopped(
    stop: Callable[[], bool], sleep: Callable[[float], None] = time.sleep
) -> Callable[[float], None]:
    """A sleep that ends early: at a low rate a single object may have to wait for an hour."""

    def slept(seconds: float) -> None:
        while seconds > 0 and not stop():
            sleep(min(seconds, _ASKED_AGAIN))
            seconds -= _ASKED_AGAIN

    return slept


@dataclass(frozen=True)
class MovingLimits:
    """What a backup, restore or check keeps to. ``workers``: objects at once. None: as it goes by itself."""

    bytes_per_second: int | None = None
    requests_per_second: float | None = None
    workers: int | None = None

    @property
    def at_once(self) -> int:
        """How many objects. More than a few for each megabyte a second would wait for each other, with connections open."""
        enough = MOVED_AT_ONCE
        if self.bytes_per_second is not None:
            enough = max(2, self.bytes_per_second // _MEBIBYTE)
        return min(self.workers or MOVED_AT_ONCE, enough)


UNLIMITED = MovingLimits()


def moving_pools(at_once: int) -> tuple[ThreadPoolExecutor, ThreadPoolExecutor]:
    """Threads for small objects, and for large ones, of which each holds parts in memory; so many objects in both together."""
    large = min(_LARGE_AT_ONCE, at_once // 2)
    small = ThreadPoolExecutor(at_once - large)
    return small, ThreadPoolExecutor(large) if large else small
