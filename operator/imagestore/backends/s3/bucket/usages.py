"""What the buckets of one MinIO hold. It tells of all of them at once, or of none: asked for each, a thousand buckets cost
a thousand answers about a thousand buckets, hourly.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from imagestore.backends.base import HeldUsage

LEAST, MOST = 5.0, 300.0  # seconds


@dataclass(frozen=True)
class UsageAnswer:
    """By bucket, as MinIO's scanner had it ``at`` that moment; None: it has not come by."""

    usages: Mapping[str, HeldUsage]
    at: datetime | None = None


def believed(told: UsageAnswer, now: datetime) -> float:
    """For how many seconds: what was minutes old when it came has not changed a second later."""
    return min(MOST, max(LEAST, (now - told.at).total_seconds() if told.at else LEAST))


class Usages:
    """The last answer, for all calls until the next one is due. Calls while it is on its way wait for the same one."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clock, self._now, self._lock = clock, now, Lock()
        self._answer: Future[UsageAnswer] | None = None
        self._until = 0.0

    def of(self, bucket: str, ask: Callable[[], UsageAnswer]) -> HeldUsage | None:
        """None if nothing is known of it. ``ask`` is called with no lock held; what it raises, all hear who waited."""
        with self._lock:
            known = self._answer if self._clock() < self._until else None
            answer = known or Future()
            if known is None:
                self._answer, self._until = answer, float("inf")
        if known is None:
            self._asked(answer, ask)
        return answer.result().usages.get(bucket)

    def _asked(self, answer: Future[UsageAnswer], ask: Callable[[], UsageAnswer]) -> None:
        try:
            told = ask()
            until = self._clock() + believed(told, self._now())
        except BaseException as error:  # noqa: BLE001  who waits must hear of it
            self._until = 0.0
            answer.set_exception(error)
        else:
            self._until = until
            answer.set_result(told)
