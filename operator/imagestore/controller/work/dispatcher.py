"""Gives what the queue hands out to workers, and waits for them at the end."""

import asyncio
import logging
from collections.abc import Callable

from imagestore.controller.work.queue import Taken, WorkQueue
from imagestore.controller.work.worker import Worker

log = logging.getLogger(__name__)
_BEAT = 5.0


class Dispatcher:
    """One loop; a task for each object that is worked on."""

    def __init__(
        self, queue: WorkQueue, worker: Worker, wake: asyncio.Event, clock: Callable[[], float]
    ) -> None:
        self._queue, self._worker, self._wake, self._clock = queue, worker, wake, clock
        self._tasks: set[asyncio.Task[None]] = set()
        self.beat = clock()

    async def run(self) -> None:
        """For ever."""
        while True:
            self._wake.clear()
            while (taken := self._queue.take()) is not None:
                self._start(taken)
            self.beat = self._clock()
            due = self._queue.next_due()
            try:
                async with asyncio.timeout(_BEAT if due is None else min(_BEAT, due)):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _start(self, taken: Taken) -> None:
        task = asyncio.create_task(self._one(taken), name=str(taken.key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _one(self, taken: Taken) -> None:
        try:
            await self._worker.work(taken)
        finally:
            self._queue.done(taken.key)
            self._wake.set()

    async def drain(self, timeout: float) -> int:
        """Give out nothing more and let what runs finish; how many did not in time."""
        self._queue.close()
        if self._tasks:
            log.info("waiting for %d reconciles to finish", len(self._tasks))
            await asyncio.wait(set(self._tasks), timeout=timeout)
        return len(self._tasks)
