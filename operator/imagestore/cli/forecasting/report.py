"""Previews as text, Markdown and JSON."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any

from imagestore.cli.forecasting import phrases
from imagestore.cli.forecasting.preview import BucketPreview
from imagestore.cli.manifests.problems import Problem
from imagestore.cli.planning.bucket_plan import BucketPlan, Exit
from imagestore.cli.planning.report import code, fitting
from imagestore.core import units
from imagestore.core.render import Paint, plain, printable
from imagestore.forecast.ledger import Ledger
from imagestore.forecast.outlook import ForecastLine, lines, periods


@dataclass(frozen=True)
class PreviewReport:
    """The previews of one run. ``problems`` and ``notes`` are of no bucket in particular."""

    today: int
    months: int
    previews: tuple[BucketPreview, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit(self) -> Exit:
        """ERROR or NOTHING: a preview changes nothing."""
        wrong = self.problems or any(p.problems for p in self.previews)
        return Exit.ERROR if wrong else Exit.NOTHING

    def rules(self, p: BucketPreview) -> list[tuple[str, list[ForecastLine]]]:
        """All rules of a bucket, including those that affect nothing."""
        if p.ledger is None:
            return []
        found = lines(p.ledger, p.rules, periods(self.today, self.months))
        by_rule = {name: list(group) for name, group in groupby(found, key=lambda line: line.rule)}
        return [(name, by_rule.get(name, [])) for name in p.rules]

    def when(self, line: ForecastLine) -> str:
        """``now`` for today, including what is overdue."""
        return "now" if line.until == date.fromordinal(self.today) else f"by {line.until}"


def text(report: PreviewReport, paint: Paint = plain) -> str:
    """For a terminal."""
    blocks = ["\n".join(_text(report, p, paint)) for p in report.previews]
    blocks += ["\n".join(paint("hold", f"error: {printable(p)}") for p in report.problems)]
    blocks += ["\n".join(paint("faint", f"note: {printable(n)}") for n in report.notes)]
    return "\n\n".join(b for b in blocks if b) + "\n"


def _text(report: PreviewReport, p: BucketPreview, paint: Paint) -> Iterator[str]:
    yield paint("strong", printable(_title(p))) + "  " + paint("faint", str(p.plan.place))
    if p.ledger is not None:
        yield f"  {content(p.ledger)}"
    for rule, found in report.rules(p):
        yield f"  {printable(rule)}" + ("" if found else f": affects nothing within {report.months} months")
        yield from (f"    {row}" for row in aligned([_row(report, p, line) for line in found]))
    yield from (paint("hold", f"  error: {printable(e)}") for e in p.problems)
    yield from (paint("faint", f"  note: {printable(n)}") for n in p.notes)


def noted(report: PreviewReport, p: BucketPreview) -> BucketPlan:
    """The plan with a note for each rule. A bucket that cannot be listed is a problem of the plan."""
    place = p.plan.place
    known = {str(problem) for problem in p.plan.problems}
    new = [Problem(place, p.plan.label, said) for said in p.problems if said not in known]
    return replace(p.plan, notes=(*p.plan.notes, *_brief(report, p)), problems=(*p.plan.problems, *new))


def _brief(report: PreviewReport, p: BucketPreview) -> Iterator[str]:
    for rule, found in report.rules(p):
        now = [line for line in found if report.when(line) == "now"]
        later = [line for line in found if report.when(line) != "now"]
        said = [
            f"{when} {_sum(of)}"
            for when, of in (("now", now), (f"within {report.months} months", later))
            if of
        ]
        yield f"lifecycle.rules[name={rule}] affects {'; '.join(said) or f'nothing within {report.months} months'}"
    yield from p.notes


def _sum(found: Sequence[ForecastLine]) -> str:
    return f"{phrases.objects(sum(line.objects for line in found))}, {units.size(sum(line.bytes for line in found))}"


def _title(p: BucketPreview) -> str:
    return f"{p.plan.label}  ({p.plan.bucket} on {p.plan.backend})"


def content(ledger: Ledger) -> str:
    """``12000 objects, 3.4 GiB (STANDARD 3.4 GiB); 0.08 USD a month``"""
    held = sorted(ledger.start.items())
    objects, size = sum(h.objects for _, h in held), sum(h.bytes for _, h in held)
    classes = ", ".join(f"{printable(c)} {units.size(h.bytes)}" for c, h in held)
    said = f"{phrases.objects(objects)}, {units.size(size)}" + (f" ({classes})" if classes else "")
    month = ledger.prices.month({c: h.billed for c, h in held}) if ledger.prices.classes else None
    return said if month is None else f"{said}; {phrases.money(month, ledger.prices.currency)} a month"


def _row(report: PreviewReport, p: BucketPreview, line: ForecastLine) -> list[str]:
    currency = p.ledger.prices.currency if p.ledger else ""
    size = units.size(line.bytes) if line.bytes else ""
    return [
        report.when(line),
        phrases.action(line),
        phrases.objects(line.objects),
        size,
        phrases.cost(line, currency),
    ]


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def markdown(report: PreviewReport) -> str:
    """For a pull request."""
    blocks = ["### imagestore lifecycle preview"]
    blocks += ["\n".join(f"- :x: {code(p)}" for p in report.problems)]
    blocks += ["\n\n".join(_markdown(report, p)) for p in report.previews]
    blocks += ["\n".join(f"- {code(n)}" for n in report.notes)]
    return fitting([b for b in blocks if b])


def _markdown(report: PreviewReport, p: BucketPreview) -> Iterator[str]:
    yield f"#### {code(_title(p))}"
    if p.ledger is not None:
        yield code(content(p.ledger))
    found = [(rule, line) for rule, of in report.rules(p) for line in of]
    if found:
        rows = [[code(rule), *_row(report, p, line)] for rule, line in found]
        head = ["rule", "when", "what", "objects", "size", "money"]
        yield "\n".join(f"| {' | '.join(r)} |" for r in [head, ["---"] * len(head), *rows])
    quiet = [rule for rule, of in report.rules(p) if not of]
    said = [f"- {code(f'{r} affects nothing within {report.months} months')}" for r in quiet]
    said += [f"- :x: {code(e)}" for e in p.problems] + [f"- {code(n)}" for n in p.notes]
    if said:
        yield "\n".join(said)


def as_json(report: PreviewReport) -> str:
    """For programs: nothing is cut, and money is a string of all its digits."""
    said = {
        "version": 1,
        "exit": int(report.exit),
        "day": date.fromordinal(report.today),
        "months": report.months,
        "problems": list(report.problems),
        "notes": list(report.notes),
        "buckets": [_bucket(report, p) for p in report.previews],
    }
    return json.dumps(said, indent=2, default=str) + "\n"


def _bucket(report: PreviewReport, p: BucketPreview) -> dict[str, Any]:
    v, ledger = p.plan, p.ledger
    said: dict[str, Any] = {"name": v.label, "backend": v.backend, "bucket": v.bucket}
    said |= {"problems": list(p.problems), "notes": list(p.notes)}
    if ledger is None:
        return said
    classes = {c: {"objects": h.objects, "bytes": h.bytes} for c, h in sorted(ledger.start.items())}
    rules = [{"name": name, "touches": [_line(line) for line in found]} for name, found in report.rules(p)]
    asked = {"keys": p.sampled[0], "of": p.sampled[1]} if p.sampled[1] else None
    prices = {"currency": ledger.prices.currency, "asOf": ledger.prices.as_of or None}
    return {
        **said,
        "classes": classes,
        "deleteMarkers": ledger.markers,
        "uploads": ledger.uploads,
        "tagsSampled": asked,
        "prices": prices if ledger.prices.classes else None,
        "rules": rules,
    }


def _line(line: ForecastLine) -> dict[str, Any]:
    return {
        "until": line.until,
        "action": str(line.action),
        "target": line.target or None,
        "objects": line.objects,
        "bytes": line.bytes,
        "monthlySaving": line.saving,
        "transitionFees": line.transitions,
        "earlyDeletionFees": line.early,
    }
