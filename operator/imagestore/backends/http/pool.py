"""Keeps connections to one target for more requests."""

import threading
from collections.abc import Callable

from imagestore.backends.http.connection import Connection


class Pool:
    """Keeps at most ``size`` connections that nothing uses, whatever their hosts: a bucket may have a host of its own."""

    def __init__(self, size: int, connect: Callable[[str], Connection]) -> None:
        self._size, self._connect = size, connect
        self._lock = threading.Lock()
        self._kept: list[tuple[str, Connection]] = []  # the one used last is last

    def take(self, host: str) -> Connection:
        """A kept connection that is still open, or a new one."""
        while (kept := self._taken(host)) is not None:
            if kept.idle:
                return kept
            kept.close()
        return self._connect(host)

    def give(self, host: str, connection: Connection) -> None:
        """Keep the connection for another request, and close the oldest beyond ``size``."""
        with self._lock:
            self._kept.append((host, connection))
            surplus = self._kept[: -self._size]
            del self._kept[: len(surplus)]
        for _, oldest in surplus:
            oldest.close()

    def _taken(self, host: str) -> Connection | None:
        with self._lock:
            for place in range(len(self._kept) - 1, -1, -1):
                if self._kept[place][0] == host:
                    return self._kept.pop(place)[1]
        return None
