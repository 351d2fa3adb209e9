"""The table, the raw data and the page."""

from collections.abc import Iterable, Sequence
from typing import Any

from dev.bench.phases import Numbers

HEAD = (
    "phase",
    "buckets",
    "seconds",
    "CPU s",
    "peak MB",
    "store calls each",
    "API writes each",
    "CPU s of others",
    "more",
)


def table(all_numbers: Iterable[Numbers]) -> str:
    """As Markdown, which reads well in a terminal too."""
    rows = [HEAD, *map(_row, all_numbers)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)


def _row(n: Numbers) -> tuple[str, ...]:
    calls, writes = n.calls.total() / n.buckets, n.writes.total() / n.buckets
    extra = ", ".join(f"{name} {value:.3f}" for name, value in n.extra.items())
    others = " ".join(f"{name.removeprefix('kube-')} {spent:.1f}" for name, spent in n.others.items())
    seen = (f"{n.seconds:.2f}", f"{n.cpu:.2f}", f"{n.peak:.0f}", f"{calls:.2f}", f"{writes:.2f}")
    return (n.phase, str(n.buckets), *seen, others, extra)


def refused(all_numbers: Sequence[Numbers]) -> list[str]:
    """Writes that the API server did not take."""
    found = ((n, k, v) for n in all_numbers for k, v in n.writes.items() if not k.endswith((" 200", " 201")))
    return [f"{n.phase} of {n.buckets}: {v} x {k}" for n, k, v in found]


def merged(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """The raw data of one day: what was measured again replaces what was known of it, the rest stays."""
    again = {(n["phase"], n["buckets"]) for n in now["numbers"]}
    kept = [n for n in before["numbers"] if (n["phase"], n["buckets"]) not in again]
    run = {key: before[key] for key in ("command", "at", "machine")}
    numbers = sorted([*now["numbers"], *kept], key=lambda n: -int(n["buckets"]))
    return {**now, "earlier": [*before.get("earlier", ()), run] if kept else [], "numbers": numbers}
