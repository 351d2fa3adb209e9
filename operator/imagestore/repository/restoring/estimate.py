"""How long a restore still takes, by priority. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from imagestore.repository.restoring.options import PassCount
from imagestore.repository.restoring.planning import PlannedPass


@dataclass(frozen=True)
class PassEstimate:
    """A priority on its way. ``seconds``: until it is restored, with those before it; None: nothing is measured yet."""

    first: str
    done: PassCount
    planned: PassCount
    seconds: float | None


def estimates(
    plan: Sequence[PlannedPass], done: Sequence[PassCount], begun: Sequence[PassCount], seconds: float
) -> tuple[PassEstimate, ...]:
    """Each pass with the time that is left, from the rate since ``begun`` (``seconds`` ago), by objects or bytes, whichever is slower."""
    settled = [_minus(now, before) for now, before in zip(done, begun, strict=True)]
    rate = PassCount(sum(one.objects for one in settled), sum(one.bytes for one in settled))
    found, ahead = [], PassCount()
    for one, now in zip(plan, done, strict=True):
        wanted = PassCount(one.objects, one.bytes)
        ahead += _minus(wanted, now)
        found.append(PassEstimate(one.first, now, wanted, _time_for(ahead, rate, seconds)))
    return tuple(found)


def _minus(one: PassCount, other: PassCount) -> PassCount:
    return PassCount(max(0, one.objects - other.objects), max(0, one.bytes - other.bytes))


def _time_for(ahead: PassCount, rate: PassCount, seconds: float) -> float | None:
    if not ahead.objects:
        return 0.0
    if not rate.objects or seconds <= 0:
        return None
    by_bytes = ahead.bytes / rate.bytes if rate.bytes else 0.0
    return seconds * max(ahead.objects / rate.objects, by_bytes)
