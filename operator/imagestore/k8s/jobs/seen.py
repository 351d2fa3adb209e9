"""A Job of the API server as a run sees it. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from imagestore.controller.jobs import JobSeen
from imagestore.controller.state.objects import Key
from imagestore.k8s.jobs.manifest import BACKENDS, DIGEST, OBJECT, RUN, UID

_ENDS = {"Complete": True, "Failed": False}


def job_seen(job: dict[str, Any], now: datetime) -> JobSeen | None:
    """None: it is not one of ours, or a person has cut its annotations."""
    meta, spec, status = job["metadata"], job.get("spec") or {}, job.get("status") or {}
    labels, annotations = meta.get("labels") or {}, meta.get("annotations") or {}
    parts = annotations.get(OBJECT, "").split("/")
    if len(parts) != 3 or not {UID, DIGEST} <= set(labels):
        return None
    ends = [c for c in status.get("conditions") or () if c["type"] in _ENDS and c["status"] == "True"]
    made = datetime.fromisoformat(meta["creationTimestamp"])
    return JobSeen(
        name=meta["name"],
        key=Key(*parts),
        uid=labels[UID],
        digest=labels[DIGEST],
        indexes=spec.get("completions") or 1,
        backends=frozenset(filter(None, annotations.get(BACKENDS, "").split(","))),
        completed=len(list(indexes(status.get("completedIndexes", "")))),
        failed=tuple(indexes(status.get("failedIndexes", ""))),
        ready=status.get("ready") or 0,
        age=max(0.0, (now - made).total_seconds()),
        complete=any(_ENDS[c["type"]] for c in ends),
        ended=bool(ends),
        going="deletionTimestamp" in meta,
        why=_why(ends),
        run=labels.get(RUN, ""),
    )


def _why(ends: list[dict[str, Any]]) -> str:
    failed = next((c for c in ends if not _ENDS[c["type"]]), None)
    if failed is None:
        return ""
    return ": ".join(filter(None, (failed.get("reason", ""), failed.get("message", ""))))


def indexes(text: str) -> Iterator[int]:
    """The numbers of ``0,2-4``."""
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)
