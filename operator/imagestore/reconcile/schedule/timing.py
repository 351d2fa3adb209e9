"""When the runs of a schedule are due: a cron expression in a time zone, a jitter, a deadline, and no run twice. Pure.

Daylight saving as Debian's cron: a time of day that does not exist runs at the next one that does, and one that exists twice runs at its
first. An expression with ``*`` in minutes or hours runs in both hours (https://github.com/cuu508/cronsim).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

MOST_COUNTED = 1000  # missed runs that are counted at once
FIELDS = 5
_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)  # from here on an expression must fire once


class InvalidTiming(Exception):
    """A schedule that no clock can follow. Its text says which field is wrong, and what to write."""


@dataclass(frozen=True)
class CronTiming:
    """``offset``: how long after its scheduled time a run begins. ``deadline``: how much later it may still begin."""

    cron: str
    zone: ZoneInfo
    offset: timedelta = timedelta(0)
    deadline: timedelta = timedelta(hours=1)

    def after(self, moment: datetime) -> Iterator[datetime]:
        """The scheduled times after a moment, in UTC, each later than the one before. It ends with the calendar."""
        try:
            for time in CronSim(self.cron, moment.astimezone(self.zone)):
                found = time.astimezone(UTC)
                if found > moment:  # an hour that comes twice: the first one may be over
                    yield found
        except OverflowError:
            return


@dataclass(frozen=True)
class DueRun:
    """What is due at a moment.

    ``start``: the scheduled time of the run that begins now; None: none does. ``missed``: scheduled times that passed without a run, at
    most MOST_COUNTED. ``until``: scheduled times up to here are dealt with. ``next``: the scheduled time that comes next, and
    ``begins``: when its run begins; None: there is none.
    """

    start: datetime | None
    missed: int
    until: datetime
    next: datetime | None
    begins: datetime | None


def cron_timing(cron: str, zone: str, *, jitter: int = 0, deadline: int = 3600, uid: str = "") -> CronTiming:
    """The timing of an object. ``jitter``, ``deadline``: seconds. Raises InvalidTiming.

    The offset follows from ``uid``, so that a restart does not move it.
    """
    offset = timedelta(seconds=jitter_of(uid, jitter))
    found = CronTiming(cron, _zone(zone), offset, timedelta(seconds=deadline))
    if len(cron.split()) != FIELDS:  # with a sixth one cronsim reads seconds
        raise InvalidTiming(f"the cron expression {cron!r} needs five fields: minute hour day month weekday")
    try:
        fires = next(found.after(_SOME_DAY), None) is not None
    except (CronSimError, AssertionError) as error:
        what = str(error).lower() or "it is not understood"
        raise InvalidTiming(f"the cron expression {cron!r}: {what}; correct it") from None
    if not fires:
        raise InvalidTiming(f"the cron expression {cron!r} never fires; write a date that exists")
    return found


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidTiming(
            f"there is no time zone {name!r}; write one of the IANA time zone database, such as Europe/Berlin"
        ) from None


def jitter_of(uid: str, jitter: int) -> int:
    """Seconds from 0 to less than ``jitter``: the same for the same uid, and spread evenly over others."""
    number = int.from_bytes(hashlib.sha256(uid.encode()).digest()[:8])
    return number % jitter if jitter else 0


def due_run(timing: CronTiming, until: datetime, now: datetime) -> DueRun:
    """What is due now, if scheduled times up to ``until`` are dealt with. Of several that passed only the newest may run.

    While ``now`` lies before ``until``, as after a clock was set back, nothing is due.
    """
    horizon = now - timing.offset
    passed = list(islice(_between(timing, until, horizon), MOST_COUNTED + 1))
    start = _newest(timing, passed, horizon)
    dealt = horizon if passed else until
    coming = next(timing.after(dealt), None)
    begins = None if coming is None else coming + timing.offset
    return DueRun(start, min(MOST_COUNTED, len(passed) - (start is not None)), dealt, coming, begins)


def _between(timing: CronTiming, low: datetime, high: datetime) -> Iterator[datetime]:
    """Scheduled times after ``low`` and not after ``high``."""
    for time in timing.after(low):
        if time > high:
            return
        yield time


def _newest(timing: CronTiming, passed: list[datetime], horizon: datetime) -> datetime | None:
    """The last of the scheduled times that passed, unless its deadline has passed, too."""
    oldest = horizon - timing.deadline
    if len(passed) > MOST_COUNTED:  # not all of them; the deadline bounds how many count
        passed = list(_between(timing, oldest - timedelta(microseconds=1), horizon))
    return passed[-1] if passed and passed[-1] >= oldest else None
