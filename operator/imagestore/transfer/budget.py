"""How many bytes of bodies are in memory at once, and the buffers that they are in."""

import mmap
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

_PAGE = mmap.ALLOCATIONGRANULARITY


class ByteBudget:
    """A semaphore of ``total`` bytes, first come, first served: a large body is not passed for ever by small ones.

    Buffers come from the system rather than from malloc, and are used again: threads that each allocated theirs kept five
    times the budget.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._left, self._waiting = total, deque[object]()
        self._changed = threading.Condition()
        self._idle: list[mmap.mmap] = []  # their bytes count as left

    @contextmanager
    def hold(self, size: int) -> Iterator[None]:
        """Wait for this many bytes, and hold them. More than there are at all waits for all of them."""
        size = min(size, self.total)
        self._take(size)
        try:
            yield
        finally:
            self._give(size)

    @contextmanager
    def buffer(self, size: int) -> Iterator[memoryview]:
        """Hold a buffer of this many bytes, at most ``total``. It is another's afterwards."""
        room = -(-max(1, size) // _PAGE) * _PAGE
        with self.hold(room):
            made = self._buffer(room)
            view = memoryview(made)[:size]
            try:
                yield view
            finally:
                view.release()
                self._keep(made)

    def _buffer(self, room: int) -> mmap.mmap:
        with self._changed:
            fitting = next((b for b in self._idle if len(b) == room), None)
            if fitting is not None:
                self._idle.remove(fitting)
        return fitting or mmap.mmap(-1, room)

    def _keep(self, made: mmap.mmap) -> None:
        """Keep it, and of all of them as many as fit into the budget."""
        with self._changed:
            self._idle.append(made)
            while sum(map(len, self._idle)) > self.total // 2:
                self._idle.pop(0).close()

    def _take(self, size: int) -> None:
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            self._changed.wait_for(lambda: self._waiting[0] is ticket and self._left >= size)
            self._waiting.popleft()
            self._left -= size
            self._changed.notify_all()

    def _give(self, size: int) -> None:
        with self._changed:
            self._left += size
            self._changed.notify_all()
