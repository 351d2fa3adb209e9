"""A rate that a run keeps to: bytes or requests a second, shared by all of its threads."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


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
