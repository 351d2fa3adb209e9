"""The report object: the keys that failed, were kept or lost a conflict, as JSON lines. For people, not for a status."""

import json
from collections.abc import Sequence

from backports import zstd

from imagestore.transfer.state import StateObjects
from imagestore.transfer.tally import ReportedKey

REPORT = "report.jsonl.zst"


def write_report(state: StateObjects, lines: Sequence[ReportedKey]) -> str:
    """Write it unless it is there already; return its key, empty where there is nothing to tell. Raises StoreError."""
    if not lines:
        return ""
    told = (json.dumps({"key": s.key, "reason": s.reason, "message": s.message}) for s in lines)
    data, there = zstd.compress("".join(f"{line}\n" for line in told).encode()), state.read(REPORT)
    if there is None or there.data != data:
        state.write(REPORT, data, there)
    return state.place + REPORT
