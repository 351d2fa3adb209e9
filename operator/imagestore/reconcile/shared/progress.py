"""How far a run is, as a status says it. Pure."""

from datetime import datetime, timedelta
from typing import Any

from imagestore.api.repositories import RunProgressStatus
from imagestore.reconcile.shared.runs import OneRunState

_LEAST = 5.0  # seconds; before, a rate says nothing


def progress_status(state: OneRunState[Any], clock: float, now: datetime) -> RunProgressStatus | None:
    """None: nothing runs. ``clock`` counts as the state's times do."""
    if not state.running or state.began is None:
        return None
    done, total, ran = state.progress.objects, state.progress.of_objects, clock - state.began
    rate = done / ran if done and ran >= _LEAST else None
    left = max(0, total - done) if total else None
    return RunProgressStatus(
        percent=min(99, 100 * done // total) if total else None,
        objects=done,
        objects_per_second=round(rate) if rate else None,
        eta=now + timedelta(seconds=round(left / rate)) if rate and left is not None else None,
    )
