"""Every attempt counted."""

from collections.abc import Mapping
from typing import Any

from imagestore.backends.guard.call import Call, Observer, Timing
from imagestore.core.errors import StoreError
from imagestore.core.fencing import Fenced


def measured(call: Call, observer: Observer, timing: Timing) -> Call:
    """Tell the observer of every attempt."""

    def counting(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        began, outcome = timing.clock(), "ok"
        try:
            return call(operation, parameters)
        except (StoreError, Fenced) as error:
            outcome = type(error).__name__
            raise
        finally:
            observer.called(operation, outcome, timing.clock() - began)

    return counting
