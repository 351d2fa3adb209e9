"""What Flux, `helm --wait` (from version 4 on) and cli-utils take an object for.

The rules of fluxcd/cli-utils, pkg/kstatus/status at 967855fb3343: checkGenericProperties and checkGeneration in
generic.go, checkReadyCondition and Compute in status.go, without what is for built-in kinds only.
"""

from typing import Any

Json = dict[str, Any]


def compute(obj: Json) -> str:
    """InProgress, Failed, Terminating or Current; a GitOps tool waits for Current and gives up on Failed."""
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    status = obj.get("status") or {}
    generation = obj["metadata"].get("generation")
    if generation is not None and status.get("observedGeneration", generation) != generation:
        return "InProgress"
    conditions: list[Json] = status.get("conditions") or []
    for condition in conditions:  # in this order, and whichever comes first
        if condition["status"] == "True" and condition["type"] in _STANDARD:
            return _STANDARD[condition["type"]]
    ready = next((c["status"] for c in conditions if c["type"] == "Ready"), "True")
    return "Current" if ready == "True" else "InProgress"


_STANDARD = {"Reconciling": "InProgress", "Stalled": "Failed"}
