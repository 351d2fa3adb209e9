"""All guards in their order.

From outside in: ``retried(breaker(limited(measured(raw))))``: each attempt is limited and counted, and an open breaker is
asked before anything waits.
"""

from collections.abc import Collection

from imagestore.api.limits import Limits
from imagestore.backends.guard.breaker import Breaker
from imagestore.backends.guard.call import Call, Observer, Timing
from imagestore.backends.guard.limiter import Limiter
from imagestore.backends.guard.measured import measured
from imagestore.backends.guard.retry import retried


def guarded(
    raw: Call, limits: Limits | None, timing: Timing, observer: Observer, once: Collection[str] = frozenset()
) -> Call:
    """One limiter and one breaker belong to what is returned. ``once``: see ``retried``."""
    rate, burst = (limits.requests_per_second, limits.burst) if limits else (100, 200)
    limited = Limiter(rate, burst, timing, observer).limited(measured(raw, observer, timing))
    # A Secret that is put right connects anew: the last connection's open circuit would be told for ever.
    observer.circuit(opened=False)
    return retried(Breaker(timing, observer=observer).guarded(limited), timing, once=once)
