"""The plans of all buckets as text, Markdown and JSON."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from imagestore.cli.manifests.problems import Problem
from imagestore.cli.planning.bucket_plan import BucketPlan, Exit, overall
from imagestore.core import render
from imagestore.core.render import Paint, plain, printable

MOST_BUCKETS = 100  # in Markdown: a comment has a limit
LONGEST_COMMENT = 60_000  # characters; GitHub takes 65 536


@dataclass(frozen=True)
class PlanReport:
    """The plans of one run, and the problems and notes of no bucket in particular."""

    buckets: tuple[BucketPlan, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit(self) -> Exit:
        """The exit code."""
        return overall(self.buckets, self.problems)


def summary(run: PlanReport) -> str:
    """``5 buckets: 1 to create, 2 to change, 1 refused, 1 without changes``"""
    counts = {
        "to create": sum(v.create and not v.problems for v in run.buckets),
        "to change": sum(v.exit is Exit.CHANGES and not v.create for v in run.buckets),
        "with errors": sum(bool(v.problems) for v in run.buckets),
        "without changes": sum(v.exit is Exit.NOTHING for v in run.buckets),
    }
    said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    total, wrong = len(run.buckets), len(run.problems)
    manifests = f"; {wrong} error{'' if wrong == 1 else 's'} in the manifests" if wrong else ""
    return f"{total} bucket{'' if total == 1 else 's'}" + (f": {said}" if said else "") + manifests


def text(run: PlanReport, paint: Paint = plain) -> str:
    """For a terminal."""
    blocks = ["\n".join(_text(v, paint)) for v in run.buckets]
    blocks += ["\n".join(paint("hold", f"error: {p}") for p in run.problems)]
    blocks += ["\n".join(paint("faint", f"note: {printable(n)}") for n in run.notes)]
    return "\n\n".join(b for b in [*blocks, paint("strong", summary(run))] if b) + "\n"


def _text(v: BucketPlan, paint: Paint) -> Iterator[str]:
    yield f"{paint('strong', printable(_title(v)))}  {paint('faint', str(v.place))}"
    if v.create:
        yield paint("add", f"  + bucket {v.bucket} is created")
    if v.adopt:
        yield paint("change", f"  ~ bucket {v.bucket} is adopted")
    body = render.as_text(v.shown, paint)
    if body:
        yield body
    yield from (paint("hold", f"  error: {p}") for p in v.problems)
    yield from (paint("faint", f"  note: {printable(n)}") for n in v.notes)
    if v.exit is Exit.NOTHING and not body:
        yield paint("faint", "  no changes")


def _title(v: BucketPlan) -> str:
    return f"{v.label}  ({v.bucket} on {v.backend})"


def markdown(run: PlanReport) -> str:
    """For a pull request: shows the buckets that change, and counts the others."""
    shown = [v for v in run.buckets if v.exit is not Exit.NOTHING]
    first, left = render.ellipsized(shown, MOST_BUCKETS)
    blocks = [f"### imagestore plan: {summary(run)}"]
    blocks += ["\n".join(f"- :x: {code(str(p))}" for p in run.problems)]
    blocks += ["\n\n".join(_markdown(v)) for v in first]
    blocks += [f"… and {left} more buckets"] if left else []
    blocks += ["\n".join(f"- {code(n)}" for n in run.notes)]
    return fitting([b for b in blocks if b])


def fitting(blocks: list[str]) -> str:
    """As many blocks as a comment on GitHub takes."""
    size = 0
    for i, block in enumerate(blocks):
        size += len(block) + 2
        if size > LONGEST_COMMENT:
            return "\n\n".join([*blocks[:i], f"… cut: {len(blocks) - i} more sections do not fit\n"])
    return "\n\n".join(blocks) + "\n"


def _markdown(v: BucketPlan) -> Iterator[str]:
    yield f"#### {code(_title(v))}"
    if v.create or v.adopt:
        yield f"The bucket is {'created' if v.create else 'adopted'}."
    body = render.as_markdown(v.shown)
    if body:
        yield body
    said = [f"- :x: {code(str(p))}" for p in v.problems] + [f"- {code(n)}" for n in v.notes]
    if said:
        yield "\n".join(said)


def code(sentence: str) -> str:
    """A sentence as code, so that no mention, link or HTML in it takes effect."""
    return f"`` {printable(sentence).replace('``', '` `')} ``"


def as_json(run: PlanReport) -> str:
    """For programs: nothing is cut, and every change has the calls that it would make."""
    said = {
        "version": 1,
        "exit": int(run.exit),
        "summary": summary(run),
        "problems": [_problem(p) for p in run.problems],
        "notes": list(run.notes),
        "buckets": [_bucket(v) for v in run.buckets],
    }
    return json.dumps(said, indent=2, default=str) + "\n"


def _problem(problem: Problem) -> dict[str, object]:
    place = problem.place
    return {"file": place.file, "line": place.line, "path": problem.path, "message": problem.message}


def _bucket(v: BucketPlan) -> dict[str, object]:
    plan = render.as_json(v.plan)
    for change in plan["changes"]:
        change["calls"] = list(v.calls.get(change["facet"], ()))
    return {
        "name": v.label,
        "file": v.place.file,
        "line": v.place.line,
        "backend": v.backend,
        "bucket": v.bucket,
        "exit": int(v.exit),
        "create": {"calls": list(v.calls.get("create", ()))} if v.create else None,
        "adopt": v.adopt,
        "problems": [_problem(p) for p in v.problems],
        "notes": list(v.notes),
        **plan,
    }
