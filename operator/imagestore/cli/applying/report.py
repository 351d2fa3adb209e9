"""What has become of the objects, in words: for a terminal and for programs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from imagestore.cli.applying.standing import Code, ObjectStanding, overall_code
from imagestore.cli.manifests.problems import Problem
from imagestore.controller.state.objects import Key
from imagestore.core.outcome import Event
from imagestore.core.reasons import Reason
from imagestore.core.render import Paint, printable

_STYLES = {Code.READY: "add", Code.PERSON: "hold", Code.ERROR: "remove"}
_WORDS = {"True": "Ready", "False": "NotReady", "Unknown": "Unknown"}


@dataclass(frozen=True)
class ApplyReport:
    """All that one run has to say.

    ``events`` are by the object; ``left`` are objects without a manifest, ``gone`` those whose deletion is finished.
    """

    standings: Sequence[ObjectStanding]
    problems: Sequence[Problem] = ()
    notes: Sequence[str] = ()
    left: Sequence[Key] = ()
    waited_for: Sequence[Key] = ()
    events: Mapping[Key, Sequence[Event]] = field(default_factory=dict)
    gone: Sequence[Key] = ()
    stragglers: int = 0  # reconciles that were still running

    @property
    def exit(self) -> Code:
        """The exit code."""
        return overall_code(self.standings, wrong=bool(self.problems or self.waited_for))


def as_text(run: ApplyReport, paint: Paint) -> str:
    """A line an object, and below it what a person has to know."""
    lines = [line for s in run.standings for line in _text(s, run.events.get(s.key, ()), paint)]
    for gone in run.gone:
        lines += [
            paint("remove", f"{printable(str(gone))}  deleted"),
            *_news(run.events.get(gone, ()), paint),
        ]
    lines += [paint("hold", f"error: {p}") for p in run.problems]
    lines += [paint("hold", f"error: not finished in time: {printable(str(w))}") for w in run.waited_for]
    lines += [
        paint("faint", f"note: {printable(str(left))} is in no manifest; --prune deletes it")
        for left in run.left
    ]
    lines += [paint("faint", f"note: {printable(n)}") for n in run.notes]
    return "\n".join([*lines, paint("strong", summary(run))]) + "\n"


def _text(s: ObjectStanding, events: Sequence[Event], paint: Paint) -> Iterator[str]:
    word = "Deleting" if s.deleting else _WORDS.get(s.ready, s.ready)
    said = ": ".join(filter(None, (s.reason, _beyond_waits(s))))
    yield f"{printable(str(s.key))}  {paint(_STYLES[s.code], word)}  {printable(said)}"
    if s.facts:
        yield f"    {', '.join(f'{name}: {printable(value)}' for name, value in s.facts.items())}"
    yield from _news([e for e in events if e.message != s.message and not _asks(e, s)], paint)
    yield from (paint("change", f"    drift: {printable(d)}") for d in s.drift)
    yield from (
        paint("hold", f"    waits: {w.what}: {printable(w.why)} [approve: {w.token}]") for w in s.waits
    )


def _news(events: Sequence[Event], paint: Paint) -> list[str]:
    return [paint("faint", f"    {e.reason}: {printable(e.message)}") for e in events]


def _beyond_waits(s: ObjectStanding) -> str:
    """The message without what the lines of the waits say: a hold was on the screen three times."""
    left = s.message
    for wait in s.waits:
        left = left.replace(f"{wait.what}: {wait.why.rpartition(' (')[0]}", "")
    return left.strip("; ")


def _asks(event: Event, s: ObjectStanding) -> bool:
    return event.reason is Reason.APPROVAL_NEEDED and any(w.token in event.message for w in s.waits)


def summary(run: ApplyReport) -> str:
    """``3 objects: 2 ready, 1 waiting for a person``"""
    total = len(run.standings)
    names = {Code.READY: "ready", Code.PERSON: "waiting for a person", Code.ERROR: "not ready"}
    counts = {word: sum(s.code is code for s in run.standings) for code, word in names.items()}
    said = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"{total} object{'' if total == 1 else 's'}" + (f": {said}" if said else "")


def as_json(run: ApplyReport) -> str:
    """For programs."""
    told: dict[str, Any] = {
        "version": 1,
        "exit": int(run.exit),
        "summary": summary(run),
        "objects": [_json(s, run.events.get(s.key, ())) for s in run.standings],
        "deleted": [
            {"kind": k.kind, "name": k.label, "events": list(map(event_json, run.events.get(k, ())))}
            for k in run.gone
        ],
        "withoutManifest": list(map(str, run.left)),
        "notFinished": list(map(str, run.waited_for)),
        "problems": [
            {"file": p.place.file, "line": p.place.line, "path": p.path, "message": p.message}
            for p in run.problems
        ],
        "notes": list(run.notes),
    }
    return json.dumps(told, indent=2) + "\n"


def _json(s: ObjectStanding, events: Sequence[Event]) -> dict[str, Any]:
    return {
        "kind": s.key.kind,
        "name": s.key.label,
        "exit": int(s.code),
        "ready": s.ready,
        "reason": s.reason,
        "message": s.message,
        "deleting": s.deleting,
        "waits": [{"token": w.token, "what": w.what, "why": w.why} for w in s.waits],
        "drift": list(s.drift),
        "facts": dict(s.facts),
        "events": [event_json(e) for e in events],
    }


def event_json(event: Event) -> dict[str, str]:
    """One Event."""
    return {
        "type": "Warning" if event.warning else "Normal",
        "reason": str(event.reason),
        "message": event.message,
    }
