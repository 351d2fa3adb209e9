"""The status of an object whose reconcile failed before it could say anything itself. Pure.

Works on JSON: whatever the models do not understand must not keep this from being said.
"""

import json
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from imagestore.controller.state.objects import Stored
from imagestore.core.conditions import Condition, settle, stalled
from imagestore.core.diff import to_json
from imagestore.core.model import cut
from imagestore.core.reasons import Reason

Json = Any


def internal_error(obj: Stored, error: Exception, now: datetime) -> Json:
    """A bug of ours. The error's text stays in the log: it may hold anything."""
    message = (
        f"the operator met an error that it does not know ({type(error).__name__}); it tries again, and its log"
        " has the details under this object's name"
    )
    return _stalled(obj, Reason.INTERNAL_ERROR, message, now)


def not_understood(obj: Stored, error: ValidationError, now: datetime) -> Json:
    """A spec that this version's models refuse."""
    where = [
        f"{_path(e['loc'])}: {e['msg']}" for e in error.errors(include_input=False, include_url=False)[:5]
    ]
    message = f"this version of the operator does not understand the spec; correct it or upgrade: {'; '.join(where)}"
    return _stalled(obj, Reason.SPEC_NOT_UNDERSTOOD, cut(message, 1024), now)


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(step) for step in ("spec", *location))


def _stalled(obj: Stored, reason: Reason, message: str, now: datetime) -> Json:
    status = json.loads(obj.status)
    before = _conditions(status)
    kept = [c for c in before if c.type not in {"Ready", "Stalled", "Reconciling"}]
    settled = settle(now, obj.generation, [*kept, *stalled(reason, message)], before)
    # The bucket's reconcile trusts observedGeneration; a user's wait for it must end all the same.
    return {**status, "observedGeneration": obj.generation, "conditions": [to_json(c) for c in settled]}


def _conditions(status: Json) -> list[Condition]:
    try:
        return [Condition.model_validate(c) for c in status.get("conditions") or ()]
    except (ValidationError, TypeError):
        return []
