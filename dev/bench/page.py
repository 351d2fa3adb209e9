"""docs/benchmarks.md from the raw data: every number with its spread over the runs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

_HEAD = """# What it costs

Written by `make bench`; the raw data is in [{raw}]({raw}). Each ImageBucket has versioning, tags, a policy and two
lifecycle rules. MinIO keeps its data in memory. API server, etcd, MinIO, operator and benchmark share the same cores.
MinIO counts the calls to the store, the API server's audit log its writes, the kernel CPU and memory. Each number is the
median of the runs, with minimum and maximum in brackets.

{commands}
- machine: {cores} cores, {cpu}, Linux {kernel}; {runs} of each size

| phase | buckets | seconds | CPU s | peak MB | store calls each | API writes each | details |
|---|---|---|---|---|---|---|---|
"""

_WORDS = """
`create`: from the first apply until all are Ready (`applied`: until the API server had accepted the last one).
`edit idle`, `edit during restart`: seconds from an edit until Ready has its generation; during a restart the edits begin
with the new process, so its start counts. `restart`: with unchanged objects, from the start of the process until it is
idle (`working`: until it is ready); calls and writes are those until MinIO's metrics settled. `look at all`: one check of
every bucket, as fast as possible. `delete`: with `DeleteIfEmpty`, until all are deleted. `policies`: LifecyclePolicies of
one rule each that select all buckets, until each reports that it is applied on all of them; then an edit of one of them;
then edits of the annotations of a policy and of all buckets. `apply`: one run of `imagestore apply` on a folder with a file
for each bucket, from its start to its end; instead of the API server a state folder on a disk is written to.
"""


_SOAKS = """
## Soaks

`make soak`: random edits, deletions and faults on three backends. At the end every bucket must equal its spec, and the
operator must have closed everything that it opened. The operator is killed now and then, so memory is that of its longest
life; in a run without kills (`make soak SOAK_ARGS=--no-kills`) that is the whole run.

| run | minutes | buckets | operations | faults | starts of the operator | MB in the second and the last quarter of a life | wrong |
|---|---|---|---|---|---|---|---|
"""


def page(
    raw: dict[str, Any],
    name: str,
    curves: str,
    soaks: Mapping[str, dict[str, Any]],
    chapters: Sequence[str] = (),
) -> str:
    """The whole page. ``name`` and ``curves`` are the raw data and its picture, seen from the page, as are ``soaks``.

    ``chapters``: what was measured by other commands and written by hand.
    """
    groups: defaultdict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for numbers in raw["numbers"]:
        groups[numbers["phase"], numbers["buckets"]].append(numbers)
    runs = max(map(len, groups.values()))
    commands = "\n".join(map(_command, [*raw.get("earlier", ()), raw]))
    facts = {"raw": name, "commands": commands, "runs": f"{runs} run{'s' * (runs > 1)}"}
    rows = "".join(f"| {' | '.join(_row(*key, found))} |\n" for key, found in groups.items())
    soaked = "".join(map(_soaked, soaks, soaks.values()))
    measured = f"{_HEAD.format(**facts, **raw['machine'])}{rows}{_WORDS}\n![the curves]({curves})\n"
    return "\n".join([f"{measured}{_SOAKS}{soaked}", *chapters])


def _command(run: Mapping[str, Any]) -> str:
    return f"- command: `{run['command']}`, until {run['at']}, load at the end {run['machine']['load']}"


def _soaked(name: str, told: dict[str, Any]) -> str:
    life = told["process"]
    memory = (
        f"{life['rss_mb']['second_quarter']} and {life['rss_mb']['last_quarter']} of {life['minutes']} min"
    )
    cells = [
        f"[{told['at'][:10]}]({name})",
        round(told["seconds"] / 60),
        told["buckets"],
        sum(told["deeds"].values()),
        f"{sum(told['faults'].values())}{'' if told.get('kills', True) else ', no kills'}",
        told["operator_starts"],
        memory,
        ", ".join(told["wrong"]) or "nothing",
    ]
    return f"| {' | '.join(map(str, cells))} |\n"


def _row(phase: str, buckets: int, found: list[dict[str, Any]]) -> list[str]:
    named = (_spread([n[name] for n in found]) for name in ("seconds", "cpu", "peak"))
    each = (_spread([sum(n[name].values()) / buckets for n in found]) for name in ("calls", "writes"))
    return [phase, str(buckets), *named, *each, _details(found)]


def _details(found: list[dict[str, Any]]) -> str:
    extra = [f"{name} {_spread([n['extra'][name] for n in found])} s" for name in found[0]["extra"]]
    others = [
        f"{name} {_spread([n['others'][name] for n in found])}"
        for name in found[0]["others"]
        if max(n["others"][name] for n in found) >= 1
    ]
    return "; ".join([*extra, *([f"CPU s of others: {', '.join(others)}"] if others else [])])


def _spread(values: Sequence[float]) -> str:
    ordered = sorted(values)
    low, middle, high = (_short(v) for v in (ordered[0], ordered[len(ordered) // 2], ordered[-1]))
    return middle if low == high else f"{middle} ({low} to {high})"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
