"""How keys, differences and reports are printed: as text for people, as JSON lines for programs."""

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from imagestore.core.keys import raw
from imagestore.core.objects import ListedObject
from imagestore.core.units import grouped, size
from imagestore.transfer.decide import PairStep
from imagestore.transfer.differences import KeyDifference
from imagestore.transfer.overwriting import OVERWRITES
from imagestore.transfer.report import TransferReport

_SIGNS = {
    PairStep.COPY: "+",
    PairStep.COPY_BACK: "<",
    PairStep.REFRESH: "~",
    PairStep.REFRESH_BACK: "~",
    PairStep.CONFLICT: "!",
    PairStep.COMPARE: "=",
    PairStep.PROVE: "=",
    PairStep.PROVE_BACK: "=",
    PairStep.AWAIT_DELETION: "-",
}
LEGEND = (
    "+ copy to DST, < copy to SRC, ~ compare attributes, = compare bytes, ! conflict, - deleted at the other side,"
    " ? only at DST"
)


def key_as_json(key: str) -> dict[str, str]:
    """A key for programs: as text, or in base64 where its bytes are not UTF-8."""
    try:
        return {"key": raw(key).decode()}
    except UnicodeDecodeError:
        return {"keyBytes": base64.b64encode(raw(key)).decode()}


def shown_key(key: str) -> str:
    """A key for a terminal, which nothing in it steers: what does not print stands as its escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in key)


def json_line(fields: Mapping[str, Any]) -> str:
    """One line of JSON."""
    return json.dumps(fields, ensure_ascii=False, default=str) + "\n"


def object_line(item: ListedObject, *, as_json: bool) -> str:
    """One object of ``transfer list``."""
    modified = datetime.fromtimestamp(item.modified / 1000, UTC).isoformat(timespec="seconds")
    if as_json:
        more = {"version": item.version, "latest": item.latest, "marker": item.marker} if item.version else {}
        told = {
            "size": item.size,
            "etag": item.etag,
            "modified": modified,
            "storageClass": item.storage_class,
        }
        return json_line(key_as_json(item.key) | told | more)
    version = f" {item.version}{' (marker)' if item.marker else ''}" if item.version else ""
    return f"{item.size:>14} {modified} {shown_key(item.key)}{version}\n"


def sign_of(found: KeyDifference) -> str:
    """How ``transfer diff`` marks a pair; empty: it is equal."""
    if found.is_equal or found.chosen.why == "Older":
        return ""
    return _SIGNS.get(found.chosen.step, "?" if found.pair.source is None else "=")


def difference_line(found: KeyDifference, *, as_json: bool) -> str:
    """One difference of ``transfer diff``. ``=`` marks what is equal by size and time only."""
    if not as_json:
        return f"{sign_of(found)} {shown_key(found.pair.key)}\n"
    sides = {"source": found.pair.source, "destination": found.pair.destination}
    told = {side: None if i is None else {"size": i.size, "etag": i.etag} for side, i in sides.items()}
    return json_line(key_as_json(found.pair.key) | {"step": found.chosen.step} | told)


def report_text(report: TransferReport) -> str:
    """What a run did, in a few lines."""
    return "".join(f"{line}\n" for line in _report(report))


def _report(report: TransferReport) -> Iterator[str]:
    listed = report.listed
    yield f"listed {grouped(listed.source)} objects at SRC and {grouped(listed.destination)} at DST"
    yield f"copied {grouped(report.copied.objects)} objects, {size(report.copied.bytes)}"
    counts = {
        "equal already": report.equal,
        "equal by size and time only": report.unverified,
        "outside of the filter": report.excluded,
        "deleted": report.deleted,
        "conflicts, of which the newer object won": report.conflicts,
    }
    yield from (f"{grouped(count)} {what}" for what, count in counts.items() if count)
    if report.backlog.objects:
        yield f"{grouped(report.backlog.objects)} objects, {size(report.backlog.bytes)}, are not equal"
    yield from (f"{grouped(n)} failed: {reason}" for reason, n in sorted(report.failed.items()))
    yield from (f"{grouped(n)} not deleted: {reason}" for reason, n in sorted(report.kept.items()))
    yield from (
        f"{grouped(n)} lost their {name}: DST cannot keep it" for name, n in sorted(report.lost.items())
    )
    if report.held is not None:
        yield _held(report)
    if report.report_key:
        yield f"the keys are in the object {report.report_key} at DST"
    if report.trouble is not None:
        yield f"the run ended early at the {report.trouble.side}: {report.trouble.error}"
    elif not report.complete:
        yield "the run was stopped; the same command goes on from here"


def _held(report: TransferReport) -> str:
    held = report.held
    if held is None:
        return ""
    approval = f"; to let exactly these go: --approve {held.digest}" if held.digest else ""
    if held.why == OVERWRITES:
        return (
            f"{grouped(held.count)} copies are held: no run wrote the newer objects that are there{approval}"
        )
    return f"{grouped(held.count)} deletes ({held.percent:g} %) are held: {held.why}{approval}"
